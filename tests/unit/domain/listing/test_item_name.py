"""The names of items: what a register calls a product, as VK takes it (docs/contracts/vk.md §5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing.fitness import SkipReason, unfit_reason
from app.domain.listing.name import item_name
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.texts.cleaning import clean_line
from tests.factories import a_product

USUAL = OwnerSettings()


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Чай травяной", "Чай травяной"),
        ("  Чай \t травяной \n", "Чай травяной"),
        ("Чай 🍵 травяной", "Чай травяной"),
        ('Сыр "Гауда" 45%', "Сыр «Гауда» 45%"),
        ('Труба 1/2"', "Труба 1/2''"),
        ("Соль &amp; перец", "Соль & перец"),
        ("Сыр &quot;Гауда&quot;", "Сыр «Гауда»"),
        ("Кофе\u00a0зерновой", "Кофе зерновой"),
        ("Crème brûlée", "Creme brulee"),
        ("Мед\u0301овый торт", "Медовый торт"),
        ("Чай\u00adник", "Чайник"),
        ("Ещё № 5 — «люкс»…", "Ещё № 5 — «люкс»…"),
        ("Молоко ½ л", "Молоко 1/2 л"),
        ("Молоко 1½ л", "Молоко 1 1/2 л"),
        ("Фото 10×15", "Фото 10x15"),
        ("Рыба −18°C", "Рыба -18°C"),
        ("Кока\u2011кола", "Кока-кола"),
        ("Скидка 100 ₽", "Скидка 100 руб."),
        ("Вода H₂O, 5 м²", "Вода H2O, 5 м2"),
    ],
)
def test_a_name_keeps_its_meaning_in_cp1251(raw: str, name: str) -> None:
    assert item_name(a_product(name=raw)) == name


def test_a_name_of_100_characters_stays_whole() -> None:
    assert item_name(a_product(name="я" * 100)) == "я" * 100


def test_a_longer_name_is_cut_to_100_with_an_ellipsis() -> None:
    assert item_name(a_product(name="я" * 101)) == "я" * 99 + "…"


def test_a_name_is_not_cut_behind_a_space() -> None:
    assert item_name(a_product(name="я" * 98 + " " + "ю" * 50)) == "я" * 98 + "…"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"measure": "шт"}, "Чай, шт"),
        ({"measure": "", "article": "A-17"}, "Чай, A-17"),
        ({"measure": "", "code": "000217"}, "Чай, 000217"),
        ({"measure": ""}, "Чай, товар"),
        ({"measure": "🍵"}, "Чай, товар"),
    ],
)
def test_a_short_name_is_padded_with_what_the_product_has(fields: dict[str, str], name: str) -> None:
    assert item_name(a_product(name="Чай", **fields)) == name


def test_a_name_of_four_characters_needs_nothing() -> None:
    assert item_name(a_product(name="Кофе", measure="шт")) == "Кофе"


cp1251_letters = st.text(st.sampled_from("АБя1 .\"'&;:/wWhtps-\n№🍵\u00a0\u0301"), max_size=130)
texts = st.one_of(st.text(max_size=130), cp1251_letters, st.sampled_from(["www", "http:", "www.", "https://", "ww"]))


@given(texts, texts, texts, texts)
def test_every_name_fits_vk(name: str, measure: str, article: str, code: str) -> None:
    product = a_product(name=name, measure=measure, article=article, code=code)
    if unfit_reason(product, USUAL) is SkipReason.NO_NAME:
        return

    assert 4 <= len(item_name(product).encode("cp1251")) <= 100


@given(texts)
def test_a_cleaned_line_is_one_line_of_single_spaces(text: str) -> None:
    line = clean_line(text)

    assert line == " ".join(line.split())
    assert '"' not in line


@given(texts)
def test_a_product_has_a_name_exactly_if_something_of_it_is_left(name: str) -> None:
    assert (unfit_reason(a_product(name=name), USUAL) is SkipReason.NO_NAME) is not bool(clean_line(name))
