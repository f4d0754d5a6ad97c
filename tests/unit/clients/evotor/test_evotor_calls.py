import pytest
import requests_mock

from app.clients.evotor import client as evotor_client
from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError, EvotorFault
from tests.support.evotor_answers import EMPTY, PRODUCTS, STORES, TOKEN, URL, failure, made, page


def test_it_asks_for_version_two_with_a_bearer_token(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, **EMPTY)
    client.stores()
    headers = vendor.request_history[0].headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/vnd.evotor.v2+json"


def test_making_a_client_sends_nothing(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    assert vendor.call_count == 0


def test_it_reads_every_page(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(PRODUCTS, [page("a", cursor="c1="), page(cursor="c2"), page("b")])
    assert [product.id for product in client.products("S").products] == ["a", "b"]


def test_a_next_page_is_asked_for_by_its_cursor_alone(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(PRODUCTS, [page("a", cursor="c1/+="), page("b")])
    client.products("S")
    assert [request.query for request in vendor.request_history] == ["", "cursor=c1%2f%2b%3d"]


def test_each_page_calls_the_hook(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(PRODUCTS, [page("a", cursor="c1"), page("b")])
    renewed: list[int] = []
    client.products("S", on_page=lambda: renewed.append(1))
    assert len(renewed) == 2


def test_a_repeated_cursor_is_malformed(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, **page("a", cursor="c1"))
    assert failure(client).kind is EvotorFault.MALFORMED


def test_a_list_without_end_is_malformed(
    vendor: requests_mock.Mocker, client: EvotorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evotor_client, "MOST_PAGES", 3)
    vendor.get(STORES, [page("a", cursor=f"c{number}") for number in range(9)])
    assert failure(client).kind is EvotorFault.MALFORMED
    assert vendor.call_count == 3


@pytest.mark.parametrize("status", [400, 404])
def test_a_forgotten_cursor_begins_the_list_anew(
    vendor: requests_mock.Mocker, client: EvotorClient, status: int
) -> None:
    vendor.get(STORES, [page("old", cursor="c1"), {"status_code": status}, page("a", cursor="c2"), page("b")])
    assert [store.id for store in client.stores()] == ["a", "b"]


def test_a_cursor_forgotten_twice_is_malformed_and_not_a_missing_store(
    vendor: requests_mock.Mocker, client: EvotorClient
) -> None:
    vendor.get(STORES, [page("a", cursor="c1"), {"status_code": 404}] * 2)
    assert failure(client).kind is EvotorFault.MALFORMED


def test_an_id_is_one_segment_of_the_path(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(requests_mock.ANY, **EMPTY)
    client.groups("a/b?c d")
    assert vendor.request_history[0].url == f"{URL}/stores/a%2Fb%3Fc%20d/product-groups"


@pytest.mark.parametrize("store_id", ["", ".", ".."])
def test_an_id_that_would_name_another_path_is_not_sent(
    vendor: requests_mock.Mocker, client: EvotorClient, store_id: str
) -> None:
    with pytest.raises(EvotorError):
        client.products(store_id)
    assert vendor.call_count == 0


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False)])
def test_a_product_exists_or_not(
    vendor: requests_mock.Mocker, client: EvotorClient, status: int, expected: bool
) -> None:
    vendor.get(f"{PRODUCTS}/p1", status_code=status, json={"id": "p1"})
    assert client.product_exists("S", "p1") is expected


def test_any_other_answer_leaves_a_product_undecided(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(f"{PRODUCTS}/p1", status_code=403)
    with pytest.raises(EvotorError, match="forbidden"):
        client.product_exists("S", "p1")


def test_a_refused_token_is_tried_in_the_older_header(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, status_code=401)
    vendor.get(STORES, request_headers={"X-Authorization": TOKEN}, **page("a"))
    assert [store.id for store in client.stores()] == ["a"]


def test_the_header_that_worked_is_remembered(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, status_code=401)
    vendor.get(STORES, request_headers={"X-Authorization": TOKEN}, **EMPTY)
    client.stores()
    client.stores()
    assert ["Authorization" in request.headers for request in vendor.request_history] == [True, False, False]


def test_a_token_refused_in_both_headers_is_rejected(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, status_code=401)
    assert failure(client).token_rejected
    assert vendor.call_count == 2


def test_only_a_refused_token_counts_as_rejected(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, status_code=403)
    assert not failure(client).token_rejected


@pytest.mark.parametrize("token", ["", "токен", "a\nb"])
def test_a_token_that_no_header_can_carry_is_rejected(
    vendor: requests_mock.Mocker, slept: list[float], token: str
) -> None:
    assert failure(made(per_second=1e9, token=token)).token_rejected
    assert vendor.call_count == 0


def test_an_error_does_not_show_the_token(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(STORES, status_code=403, text=TOKEN)
    error = failure(client)
    assert TOKEN not in f"{error!r} {error} {error.args} {vars(error)}"


NAMED = '{"items": [{"id": "S1", "name": "Лавка «Ёж»"}]}'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", NAMED.encode()),
        ("application/json", NAMED.encode("utf-8-sig")),
        ("application/json; charset=utf-8", NAMED.encode("utf-8-sig")),
        ("application/json", NAMED.encode("utf-16")),
        ("application/json; charset=windows-1251", NAMED.encode("cp1251")),
        ('application/json; charset="CP1251"', NAMED.encode("cp1251")),
        ("application/json; charset=windows-1251", NAMED.encode()),
        ("application/vnd.evotor.v2+json;charset=KOI8-R", NAMED.replace("«Ёж»", "").encode("koi8-r")),
    ],
)
def test_an_answer_is_read_by_the_charset_that_it_names(
    vendor: requests_mock.Mocker, client: EvotorClient, content_type: str, body: bytes
) -> None:
    vendor.get(STORES, content=body, headers={"Content-Type": content_type})
    assert client.stores()[0].name.startswith("Лавка")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/json; charset=klingon", "x; charset=zip"],
)
def test_an_answer_in_no_charset_that_can_be_told_is_an_error_of_its_own(
    vendor: requests_mock.Mocker, client: EvotorClient, content_type: str
) -> None:
    vendor.get(STORES, content=NAMED.encode("cp1251"), headers={"Content-Type": content_type})
    assert failure(client).kind is EvotorFault.CHARSET
