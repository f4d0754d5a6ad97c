"""Values in many spellings."""

import pytest

from config import load_settings
from tests.support.settings import SECRETS, refusal


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://",
            "https://:443",
            "https://shop.ru:port",
            "https://shop.ru:99999",
            "https://..",
            "https://.shop.ru",
        ),
        *("https://-shop.ru", "https://shop ru", "https://" + "a" * 64 + ".ru", "https://[::1", "https://sh%6fp.ru"),
        *("https://user@shop.ru", "https://user:pass@shop.ru", "https://@shop.ru", "https://shop.ru/market"),
        *("https://shop.ru?x=1", "https://shop.ru#x", "https://shop.ru//", "//shop.ru", "shop.ru", "ftp://shop.ru"),
        *("https://" + "shop." * 60 + "ru", "https://<shop>.ru", "https://shop\\.ru"),
    ],
)
def test_an_address_that_no_browser_can_open_stops_the_start(url: str) -> None:
    said = refusal(SECRETS | {"PUBLIC_URL": url})
    assert said.startswith("PUBLIC_URL: ") and url not in said


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://Shop.RU/", "https://shop.ru"),
        ("https://shop.ru:443", "https://shop.ru"),
        ("http://localhost:80", "http://localhost"),
        ("https://магазин.рф:8443", "https://xn--80aairftm.xn--p1ai:8443"),
        ("http://[0:0::1]:8000", "http://[::1]:8000"),
    ],
)
def test_our_address_is_brought_into_the_form_of_browsers(given: str, read: str) -> None:
    assert load_settings(SECRETS | {"PUBLIC_URL": given}).public_url == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgres://owner@db/evosync", "postgresql+psycopg2://owner@db/evosync"),
        ("postgresql://owner@db/evosync", "postgresql+psycopg2://owner@db/evosync"),
        ("postgresql+psycopg2://owner@db/evosync", "postgresql+psycopg2://owner@db/evosync"),
        ("postgresql:///evosync?host=/run/postgresql", "postgresql+psycopg2:///evosync?host=/run/postgresql"),
        ("sqlite:////var/lib/evosync.db", "sqlite:////var/lib/evosync.db"),
    ],
)
def test_a_database_address_is_brought_into_the_usual_form(given: str, read: str) -> None:
    assert load_settings({**SECRETS, "DATABASE_URL": given}).database_url == read


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_switch_is_read_from_words_and_figures(text: str, value: bool) -> None:
    assert load_settings({**SECRETS, "REGISTRATION_OPEN": text}).registration_open is value


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_value_counts_as_absent(empty: str) -> None:
    assert load_settings({**SECRETS, "SYNC_INTERVAL_MINUTES": empty}).sync_interval_minutes == 15


def test_other_names_of_the_environment_are_left_alone() -> None:
    assert load_settings({**SECRETS, "PATH": "/usr/bin", "SECRET": "1"}).evosync_env == "development"


def test_settings_cannot_change() -> None:
    with pytest.raises(AttributeError):
        load_settings(SECRETS).evosync_env = "production"  # type: ignore[misc]  # that is the point
