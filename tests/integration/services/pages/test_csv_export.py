"""The table for a spreadsheet."""

import csv
import io
from decimal import Decimal

import pytest
from flask import Flask

from app.domain.rules import EntityType, FilterMode
from app.models import User
from app.services.pages.goods import csv_export
from tests.factories import add_group, add_product, add_store, make_user, set_rule


@pytest.fixture
def user(app: Flask) -> User:
    user = make_user()
    add_store(user, "S1", "Лавка")
    add_group(user, "food", "Продукты")
    add_group(user, "tea", "Чай", parent_id="food")
    return user


def exported(user: User) -> list[dict[str, str]]:
    text = "".join(csv_export.csv_chunks(user))
    assert text.startswith("\ufeffstore_id;store;group;product_id;product;code;article;price;quantity;")
    assert text.splitlines()[0].endswith(";measure;verdict;level;decided_by;problem")
    assert "\r\n" in text
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))


def test_a_row_tells_the_product_and_its_verdict(user: User) -> None:
    add_product(user, "P1", name="Чай", group_id="tea", price=Decimal("64.90"), quantity=Decimal("1.5"), code="7")
    set_rule(user, EntityType.GROUP, FilterMode.EXCLUDE, "food")
    assert exported(user) == [
        {
            "store_id": "S1",
            "store": "Лавка",
            "group": "Продукты / Чай",
            "product_id": "P1",
            "product": "Чай",
            "code": "7",
            "article": "",
            "price": "64,90",
            "quantity": "1,5",
            "measure": "шт",
            "verdict": "out",
            "level": "group",
            "decided_by": "Продукты",
            "problem": "",
        }
    ]


PLAIN = ["=1+1", "+7", "-5", "@SUM(A1)", "|cmd", "%0", "\tтаб", "\rвозврат", "\nстрока", "\t=1", "\r=1"]
WIDE = [f"{sign}1" for sign in "＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−｜％"]
INVISIBLE = "\u200b\u200d\ufeff\u00a0\u00ad\u202e\u2066\u2028\u3000\u0007\u0085\u034f\ufe0f \U000e0020"
HIDDEN = [*(f"{sign}=1" for sign in INVISIBLE), f"{INVISIBLE}＝1", " \t -5"]


@pytest.mark.parametrize("name", [*PLAIN, *WIDE, *HIDDEN], ids=ascii)
def test_what_a_spreadsheet_would_run_becomes_text(user: User, name: str) -> None:
    add_product(user, "P1", name=name, article=name, quantity=Decimal("-2"), price=None)
    row = exported(user)[0]
    assert row["product"] == row["article"] == f"'{name}"
    assert row["quantity"] == "-2"
    assert row["price"] == ""
    assert row["problem"] == "no_price"


@pytest.mark.parametrize(
    ("quantity", "cell"), [(None, ""), (Decimal(0), "0"), (Decimal(100), "100"), (Decimal("0.125"), "0,125")]
)
def test_a_quantity_is_a_number_for_a_russian_spreadsheet(user: User, quantity: Decimal | None, cell: str) -> None:
    add_product(user, "P1", quantity=quantity)
    assert exported(user)[0]["quantity"] == cell


@pytest.mark.parametrize("name", ["Чай=чай", " Чай", "\u200bЧай", "", " ", "«=»", "1-2", "'=1"], ids=ascii)
def test_other_texts_stay_as_they_are(user: User, name: str) -> None:
    add_product(user, "P1", name=name)
    assert exported(user)[0]["product"] == name


def test_separators_and_line_breaks_stay_inside_their_cell(user: User) -> None:
    add_product(user, "P1", name='Чай; "Ёж"\nв коробке')
    assert exported(user)[0]["product"] == 'Чай; "Ёж"\nв коробке'


def test_every_store_of_the_owner_and_none_of_a_stranger(user: User) -> None:
    add_store(user, "S2", "Ярмарка")
    add_product(user, "P1")
    add_product(user, "P2", store_id="S2")
    assert {(row["store"], row["product_id"]) for row in exported(user)} == {("Лавка", "P1"), ("Ярмарка", "P2")}
    assert exported(make_user("stranger@example.ru")) == []
