import pytest

from app.domain.account.devices import UNKNOWN, device_of
from app.domain.account.network import source_of


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("a name", "unknown"),
    ],
)
def test_a_source_is_an_address_or_one_customers_network(address: str | None, source: str) -> None:
    assert source_of(address) == source


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 YaBrowser/25.8 Safari/537.36", "Яндекс Браузер, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/142.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Firefox/145.0", "Firefox, Mac"),
        ("curl/8.0", UNKNOWN),
        ("<script>" * 1000, UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_device_is_named_in_two_words(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
