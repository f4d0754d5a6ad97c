"""From when on changes are asked for, and how."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests_mock

from app.clients.evotor import client as evotor_client
from app.clients.evotor.client import EvotorClient
from app.clients.evotor.errors import EvotorError, EvotorFault
from app.clients.evotor.since import OVERLAP, answered_at, since_after
from tests.support.clock import stop_at
from tests.support.evotor_answers import PRODUCTS, page, raw

HOUR = 3600
READ = datetime(2026, 6, 17, 9, tzinfo=UTC).timestamp()
DATE = "Wed, 17 Jun 2026 09:00:00 GMT"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at(monkeypatch, datetime(2026, 6, 17, 12))


def stamped(*moments: float | str) -> list[Any]:
    return raw(*({"id": "p", "updated_at": one if isinstance(one, str) else _text(one)} for one in moments))


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


TABLE: dict[str, tuple[list[Any], float | None, float | None]] = {
    "changes of now: an hour before the answer": (stamped(READ, READ - 5), READ, READ - OVERLAP),
    "old changes: the newest one": (stamped(READ - 90 * HOUR, READ - 99 * HOUR), READ, READ - 90 * HOUR),
    "a change of tomorrow: the clock of the answer": (stamped(READ + 24 * HOUR, READ - 9 * HOUR), READ, READ - OVERLAP),
    "no clock: an hour before the newest": (stamped(READ - 9 * HOUR), None, READ - 10 * HOUR),
    "no clock, a change of 2099: ours": (stamped("2099-01-01T00:00:00.000+0000"), None, READ + 2 * HOUR),
    "nothing": ([], READ, None),
    "a product without the moment": ([*stamped(READ), *raw({"id": "p"})], READ, None),
    "an odd moment": (stamped(READ, "вчера"), READ, None),
    "null": ([*stamped(READ), *raw({"id": "p", "updated_at": None})], READ, None),
    "other spellings": (stamped("2026-01-01T03:00:00+03:00", "2026-01-01T00:00:00Z"), READ, 1767225600),
    "before the epoch": (stamped("1960-01-01T00:00:00.000+0000"), READ, 0),
    "all made at once": (stamped(*[READ - 90 * HOUR] * 1001), READ, None),
    "a thousand made at once": (stamped(*[READ - 90 * HOUR] * 1000), READ, READ - 90 * HOUR),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_clock_that_is_behind_counts(case: str) -> None:
    items, answered, since = TABLE[case]

    assert since_after(items, answered) == (None if since is None else int(since * 1000))


@pytest.mark.parametrize(("date", "moment"), [(DATE, READ), ("", None), ("вчера", None), ("99 Foo", None)])
def test_the_moment_of_an_answer(date: str, moment: float | None) -> None:
    assert answered_at(date) == moment


def test_a_whole_list_says_from_when_on_to_ask(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    items = [{"id": name, "name": "", "updated_at": _text(READ)} for name in ("a", "b")]
    first = {"json": {"items": items[:1], "paging": {"next_cursor": "c"}}, "headers": {"Date": DATE}}
    second = {"json": {"items": items[1:]}, "headers": {"Date": "Wed, 17 Jun 2026 09:30:00 GMT"}}
    vendor.get(PRODUCTS, [first, second])

    assert client.products("S").since == (READ - OVERLAP) * 1000


def test_only_the_first_page_is_asked_for_by_since(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(PRODUCTS, [page("a", cursor="c1"), page("b")])

    found = client.changed_products("S", 1767225600000)

    assert [product.id for product in found.products] == ["a", "b"]
    assert [request.query for request in vendor.request_history] == ["since=1767225600000", "cursor=c1"]
    assert found.since is None


def test_a_forgotten_cursor_begins_the_changes_anew(vendor: requests_mock.Mocker, client: EvotorClient) -> None:
    vendor.get(PRODUCTS, [page("a", cursor="c1"), {"status_code": 404}, page("b")])

    assert [product.id for product in client.changed_products("S", 5).products] == ["b"]
    assert [request.query for request in vendor.request_history] == ["since=5", "cursor=c1", "since=5"]


def test_too_many_changes_are_refused(
    vendor: requests_mock.Mocker, client: EvotorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evotor_client, "MOST_CHANGES", 2)
    vendor.get(PRODUCTS, [page("a", "b", cursor="c1"), page("c", cursor="c2"), page("d")])

    with pytest.raises(EvotorError) as refusal:
        client.changed_products("S", 5)

    assert refusal.value.kind is EvotorFault.MALFORMED
    assert vendor.call_count == 2
