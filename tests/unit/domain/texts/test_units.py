"""Names of measures, as tills and owners write them (docs/contracts/evotor.md §6.3)."""

import pytest

from app.domain.listing.description import item_description
from app.domain.listing.name import item_name
from app.domain.texts.units import priced_by, unit_name
from tests.factories import a_product

MEASURED = {
    "1 кг": "кг Кг КГ кг. килограмм Килограммы kg кило",
    "1 г": "г гр гр. грамм Грамм граммы g",
    "1 л": "л Л л. литр литр. Литры l лтр",
    "1 мл": "мл Мл. ml миллилитр",
    "1 м": "м М м. метр Метр метры m",
    "1 пог. м": "м.п. мп п.м. п/м пог.м погонный|метр метр|погонный пог.|м. Пог.|метр",
    "1 м2": "м2 М2 м² m2 кв.м кв.|м. кв.м. кв|метр м|кв. м^2",
    "1 м3": "м3 м³ куб.м куб.|м. m3 куб.|метр",
    "1 км": "км Км. km",
    "1 см": "см cm",
    "1 т": "т тн тонна",
    "100 г": "100|г 100г 100|гр. 100|грамм за|100|г 100|Г",
    "0,5 л": "0,5|л 0,5л 0,5|литра",
    "10 м": "10|м 10м 10|метров",
}


@pytest.mark.parametrize(
    ("measure", "amount"),
    [(measure.replace("|", " "), amount) for amount, measures in MEASURED.items() for measure in measures.split()],
)
def test_the_price_of_what_is_measured_is_explained_however_its_unit_is_written(measure: str, amount: str) -> None:
    assert priced_by(measure) == amount
    assert item_description(a_product(description="Собран в горах", measure=measure)) == (
        f"Собран в горах\nЦена за {amount}."
    )


@pytest.mark.parametrize(
    "measure",
    ["", "шт", "шт.", "Шт", "штука", "упак", "упак.", "уп", "компл", "ед", "дроб", "пара", "рулон", "🍵", "100", "."],
)
def test_the_price_of_a_piece_needs_no_words(measure: str) -> None:
    assert priced_by(measure) == ""


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        ("Шт.", "шт"),
        ("упаковка", "упак"),
        ("пара.", "пара"),
        ("Рулон", "Рулон"),
        ("дроб", "дроб"),
        ("100гр", "100 г"),
        ("0 кг", "кг"),
        ("литр", "л"),
        ("м²", "м2"),
        ("", ""),
    ],
)
def test_a_unit_has_one_name(measure: str, name: str) -> None:
    assert unit_name(measure) == name


def test_the_facts_end_in_one_dot() -> None:
    assert item_description(a_product(measure="шт.")) == "Чай травяной. Единица: шт."


def test_a_short_name_is_padded_with_the_unit_as_it_is_known() -> None:
    assert item_name(a_product(name="Чай", measure="Шт.")) == "Чай, шт"


def test_what_a_template_explains_is_not_explained_twice() -> None:
    product = a_product(description="Собран в горах", measure="Литр.")

    assert item_description(product, "{описание}. Цена за 1 {единица}.") == "Собран в горах. Цена за 1 л."
