"""Numbers, dates and sentences; no application needed but for the time zone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from app.clients.evotor.errors import EvotorFault
from app.clients.vk.error_table import CODES
from app.clock import utcnow
from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey
from app.domain.market.adoption import MatchedBy
from app.domain.paging import Page, fetch_page, page_of
from app.domain.planning.brakes import Brake, BrakeKind
from app.domain.planning.changes import Action, Change, Reason
from app.domain.planning.plan import Plan
from app.domain.planning.summary import summarized
from app.domain.rules import EntityType, FilterMode, Status
from app.models import ConnectionState, EntryOutcome, RunStatus, RunTrigger, StoreState
from app.web import formatting, labels
from app.web.access import safe_next
from app.web.connections.forms import VkForm
from app.web.messages import is_known, message
from app.web.sync import plan_explained

FORMS = ("товар", "товара", "товаров")


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "товаров"), (1, "товар"), (2, "товара"), (5, "товаров"), (11, "товаров"), (12, "товаров"), (14, "товаров"),
     (21, "товар"), (22, "товара"), (101, "товар"), (111, "товаров"), (1004, "товара")],
)  # fmt: skip
def test_plurals(count: int, expected: str) -> None:
    assert formatting.plural_ru(count, *FORMS) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Decimal("1250.5"), "1 250,50 ₽"), ("99.90", "99,90 ₽"), (0, "0,00 ₽"), (None, "—"), ("free", "free")],
)
def test_money(value: Decimal | str | None, expected: str) -> None:
    assert formatting.money(value).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12.000"), "12"),
        (Decimal("0.350"), "0,35"),
        (Decimal("1000"), "1 000"),
        (Decimal(-3), "−3"),
        (None, "—"),
    ],
)
def test_quantities(value: Decimal | None, expected: str) -> None:
    assert formatting.quantity(value).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("value", "measure", "expected"),
    [
        (6, "штука", "6 шт"),
        (6, "Килограмм", "6 кг"),
        (-2, "шт", "−2 шт"),
        (6, "ведро", "6 (ведро)"),
        (6, " ", "6"),
        (None, "шт", "—"),
    ],
)
def test_an_amount_needs_no_plural(value: int | None, measure: str, expected: str) -> None:
    found = formatting.amount(None if value is None else Decimal(value), measure)
    assert found.replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(seconds=20), "только что"),
        (timedelta(minutes=21), "21 минуту назад"),
        (timedelta(hours=3), "3 часа назад"),
        (timedelta(days=11), "11 дней назад"),
        (timedelta(minutes=-5), "только что"),
    ],
)
def test_ages(age: timedelta, expected: str) -> None:
    assert formatting.ago(utcnow() - age).replace("\u00a0", " ") == expected


def test_quotes_within_quotes() -> None:
    assert formatting.quoted("Чай") == "«Чай»"
    assert formatting.quoted("Футболка «Тула»") == "«Футболка „Тула“»"


def test_days_near_today_have_names(app: Flask) -> None:
    with app.test_request_context():
        today = utcnow()
        assert formatting.moment(today).startswith("сегодня в")
        assert formatting.moment(today - timedelta(days=1)).startswith("вчера в")
        assert formatting.moment(today + timedelta(days=1)).startswith("завтра в")


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_vk_that_stops_an_owner_has_a_sentence(code: int) -> None:
    assert "ask" not in str(CODES[code].treatment).lower() or is_known(f"vk_{code}")


@pytest.mark.parametrize("kind", EvotorFault)
def test_every_fault_of_evotor_has_a_sentence(kind: EvotorFault) -> None:
    assert is_known(f"evotor_{kind}")


@pytest.mark.parametrize("code", ["vk_99999", "evotor_odd", "odd"])
def test_codes_that_nobody_foresaw_have_a_sentence_too(code: str) -> None:
    assert not is_known(code) and message(code).endswith(".")


def test_every_state_has_a_label() -> None:
    known = (
        (labels.STATUS, Status),
        (labels.CONNECTION, ConnectionState),
        (labels.STORE, StoreState),
        (labels.RUN, RunStatus),
        (labels.TRIGGER, RunTrigger),
        (labels.ACTION, Action),
        (labels.OUTCOME, EntryOutcome),
        (labels.MODE, FilterMode),
        (labels.ENTITY, EntityType),
        (labels.MATCHED_BY, MatchedBy),
    )
    for table, values in known:
        assert set(table) == set(values)
    assert {*SkipReason, *Reason} <= set(labels.REASON)


@pytest.mark.parametrize(
    ("kind", "removed", "live", "said"),
    [
        (BrakeKind.REMOVALS, 1, 5, "В ВК скроется 1 товар из 5, которые сейчас видны в ВК."),
        (BrakeKind.REMOVALS, 3, 2, "В ВК скроется 3 товара. Сейчас в ВК видно 2."),
        (BrakeKind.ADDITIONS, 21, 0, "После изменения фильтров в ВК добавится 21 новый товар."),
        (BrakeKind.ADDITIONS, 25, 0, "После изменения фильтров в ВК добавится 25 новых товаров."),
        (BrakeKind.PRICES, 3, 5, "У 3 товаров из 5, которые сейчас видны в ВК, цена изменится больше чем наполовину."),
    ],
)
def test_every_brake_has_its_sentence(kind: BrakeKind, removed: int, live: int, said: str) -> None:
    changes = tuple(Change(Action.HIDE, "Чай", ListingKey("S1", f"P{number}")) for number in range(removed))
    plan = Plan(changes, {}, frozenset(ListingKey("S1", f"P{number}") for number in range(live)))
    assert plan_explained.brake(summarized(Brake(kind, changes, live), plan)).replace("\u00a0", " ") == said


def test_statuses_are_shown_in_the_agreed_words() -> None:
    words = [label.text for label in labels.STATUS.values()]
    assert words == ["Не настроено", "Настроено, ожидает подтверждения", "Активна", "Приостановлена"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/sync?page=2", "/sync?page=2"),
        ("/", "/"),
        (None, None),
        ("", None),
        ("sync", None),
        ("//evil.test", None),
        ("/\\evil.test", None),
        ("/\tevil", None),
        ("http://evil.test/", None),
        ("/sync?q=" + "x" * 1_400, "/sync?q=" + "x" * 1_400),
        ("/sync" * 5_000, None),
        ("/" + "ё" * 1_400, None),
    ],
)
def test_where_a_visitor_may_be_led(target: str | None, expected: str | None) -> None:
    assert safe_next(target) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("public777", 777), ("-5", 5), ("0", None), ("vk.com/lavka?w=wall-1", "lavka"), ("vk.com/id5", None)],
)
def test_what_names_a_community(app: Flask, written: str, expected: int | str | None) -> None:
    with app.test_request_context():
        assert VkForm(data={"group_id": written}).community == expected


def test_pages_of_a_list() -> None:
    page = page_of(range(95), 10**9, 10)
    assert (page.number, page.pages, page.first, page.last, list(page.items)) == (10, 10, 91, 95, list(range(90, 95)))
    assert Page([], 5, 10, 200).around == [1, None, 4, 5, 6, None, 20]
    assert page_of([], 3, 10).number == 1


def test_pages_that_are_read_one_by_one() -> None:
    rows = list(range(25))
    page = fetch_page(lambda offset, limit: (25, rows[offset : offset + limit]), 99, 10)
    assert (page.number, list(page.items)) == (3, rows[20:])
