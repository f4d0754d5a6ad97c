"""What a buyer reads about an item: the register's words, or the owner's template (docs/contracts/vk.md §5)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing import description
from app.domain.listing.description import PLACEHOLDERS, item_description, unknown_placeholders
from app.domain.texts.cleaning import clean_text
from app.domain.vk_limits import DESCRIPTION_MAX
from tests.factories import a_product


def test_a_description_is_taken_as_it_is() -> None:
    assert item_description(a_product(description="Собран в горах.\nЗаваривать 5 минут.")) == (
        "Собран в горах.\nЗаваривать 5 минут."
    )


@pytest.mark.parametrize("link", ["http://shop.ru/tea", "HTTPS://SHOP.RU", "www.shop.ru", "Www.Shop.ru/a?b=c"])
def test_links_leave_the_description(link: str) -> None:
    text = item_description(a_product(description=f"Чай с гор, заказ {link} круглый год"))

    assert text == "Чай с гор, заказ круглый год"


def test_without_a_description_the_facts_stand_in() -> None:
    product = a_product(article="A-17", barcodes=("4600000000017", "4600000000024"), measure="шт")

    assert item_description(product) == "Чай травяной. Артикул: A-17. Штрихкод: 4600000000017. Единица: шт."


def test_a_description_of_less_than_ten_characters_gives_way_to_the_facts() -> None:
    assert item_description(a_product(description="вкусный", measure="шт")) == "Чай травяной. Единица: шт."


def test_too_few_facts_are_filled_up() -> None:
    assert item_description(a_product(name="Чай")) == "Чай. Есть в нашем магазине."


@pytest.mark.parametrize(("measure", "unit"), [("кг", "1 кг"), ("л", "1 л"), ("м", "1 м")])
def test_the_price_of_what_is_weighed_or_measured_is_explained(measure: str, unit: str) -> None:
    text = item_description(a_product(description="Собран в горах", measure=measure))

    assert text == f"Собран в горах\nЦена за {unit}."


def test_the_price_of_what_is_weighed_is_explained_under_the_longest_description_too() -> None:
    text = item_description(a_product(description="я" * 5000, measure="кг"))

    assert len(text) == 4000
    assert text.endswith("\nЦена за 1 кг.")


# Templates

FULL = a_product(
    description="Собран в горах",
    article="A-17",
    barcodes=("4600000000017", "4600000000024"),
    code="217",
    measure="шт",
)


def filled_in(template: str, **fields: Any) -> str:
    """Of a product with a description, a group «Чай» and a store «Лавка»."""
    product = a_product(**({"description": "Собран в горах"} | fields))
    return item_description(product, template, group="Чай", store="Лавка")


def test_every_placeholder_stands_for_a_fact() -> None:
    template = "{название}|{описание}|{артикул}|{штрихкод}|{код}|{единица}|{группа}|{магазин}"
    text = item_description(FULL, template, group="Чай", store="Лавка")

    assert text == "Чай травяной|Собран в горах|A-17|4600000000017|217|шт|Чай|Лавка"


def test_a_template_may_be_words_alone() -> None:
    assert filled_in("Самовывоз каждый день.") == "Самовывоз каждый день."


def test_neither_case_nor_spaces_matter_in_braces() -> None:
    assert filled_in("{ Описание } и {НАЗВАНИЕ}") == "Собран в горах и Чай травяной"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{описание}\nАртикул: {артикул}\nЖдём вас!", "Собран в горах\nЖдём вас!"),
        ("{описание}\nКоды: {артикул} {код}", "Собран в горах"),
        ("{описание}\nИз группы {группа} {артикул}", "Собран в горах\nИз группы Чай"),
        ("{описание}\n\n{артикул}\n\n{код}\n\nЖдём вас!", "Собран в горах\n\nЖдём вас!"),
    ],
)
def test_a_line_whose_placeholders_stand_for_nothing_is_left_out(template: str, text: str) -> None:
    assert filled_in(template) == text


def test_what_a_product_says_is_no_template() -> None:
    assert filled_in("{описание}", description="Скидка {артикул}!", article="A") == "Скидка {артикул}!"


@pytest.mark.parametrize("template", ["", "{артикул}", "{магазин}", "  ", "🍵🍵🍵🍵🍵🍵🍵🍵🍵🍵"])
def test_a_template_that_yields_too_little_gives_way_to_the_own_description(template: str) -> None:
    assert filled_in(template) == "Собран в горах"


def test_links_leave_what_the_template_makes() -> None:
    assert filled_in("{описание}, ищите на www.{код}shop.ru и у нас", code="7") == "Собран в горах, ищите на и у нас"


def test_the_price_of_what_is_weighed_is_explained_under_a_template() -> None:
    assert filled_in("{описание} высоко", measure="кг") == "Собран в горах высоко\nЦена за 1 кг."


def test_what_is_explained_already_is_not_explained_twice() -> None:
    assert filled_in("{описание}. Цена за 1 {единица}.", measure="кг") == "Собран в горах. Цена за 1 кг."


@pytest.mark.parametrize(
    ("template", "unknown"),
    [
        ("", []),
        ("Без скобок", []),
        (" ".join(PLACEHOLDERS), []),
        ("{Описание} { код }", []),
        ("{цена} {описание} {цена} {вес}", ["{цена}", "{вес}"]),
        ("{}", ["{}"]),
        ("{описание", ["{"]),
        ("описание}", ["}"]),
        ("{опи\nсание}", ["{", "}"]),
        ("{{описание}}", ["{", "}"]),
    ],
)
def test_what_stands_for_nothing_is_named(template: str, unknown: list[str]) -> None:
    assert unknown_placeholders(template) == unknown


# What always holds

letters = st.text(st.sampled_from("АБя1 .\"'&;:/wWhtps-\n№🍵\u00a0\u0301"), max_size=130)
texts = st.one_of(st.text(max_size=130), letters, st.sampled_from(["www", "http:", "www.", "https://", "ww"]))
templates = st.lists(st.one_of(texts, st.sampled_from([*PLACEHOLDERS, "{", "}", "{цена}", "\n"])), max_size=12)


@given(texts, texts, texts, texts, texts, templates)
def test_every_description_fits_vk(
    name: str, description: str, measure: str, article: str, barcode: str, template: list[str]
) -> None:
    product = a_product(name=name, description=description, measure=measure, article=article, barcodes=(barcode,))
    text = item_description(product, "".join(template), group=name, store=article)

    assert 10 <= len(text.encode("cp1251")) <= 4000
    assert not any(link in text.lower() for link in ("http://", "https://", "www."))


@given(st.text(min_size=3000, max_size=3000), st.integers(1, 6))
def test_a_long_description_in_a_template_is_cut(description: str, times: int) -> None:
    product = a_product(description=description, measure="кг")

    assert 10 <= len(item_description(product, "{описание} " * times)) <= 4000


def test_a_template_that_names_a_long_description_again_and_again_costs_no_more_than_one() -> None:
    cleaned: list[int] = []

    def counting(text: str) -> str:
        cleaned.append(len(text))
        return clean_text(text)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(description, "clean_text", counting)
        text = item_description(a_product(description="ж" * 20_000), "{описание}" * 198)
    assert len(text) == DESCRIPTION_MAX
    assert sum(cleaned) <= 20_000 + 2 * DESCRIPTION_MAX
