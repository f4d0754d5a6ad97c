"""What the rules as a whole mean, in words, for every combination of modes."""

import pytest

from app.domain.rules import EntityType, FilterMode, Mode, Rule, RuleSet
from app.web.catalog.rules_summary import CHOOSE_A_STORE, NOTHING_LEFT, level_sentence, rules_summary

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT
ALL, INCLUDE, EXCLUDE = Mode.ALL, Mode.INCLUDE, Mode.EXCLUDE


def rules(level: EntityType, mode: Mode, count: int) -> list[Rule]:
    if mode is ALL:
        return []
    return [Rule(level, f"{level}{number}", FilterMode(mode), f"№{number}") for number in range(count)]


def said(store: tuple[Mode, int], group: tuple[Mode, int], product: tuple[Mode, int]) -> list[str]:
    found = rules_summary(RuleSet((*rules(STORE, *store), *rules(GROUP, *group), *rules(PRODUCT, *product))))
    return [sentence.replace("\u00a0", " ") for sentence in found.sentences]


STORES = {
    (ALL, 0): [],
    (INCLUDE, 1): ["Показывается только магазин «№0»."],
    (EXCLUDE, 2): ["Показываются все магазины, кроме 2 исключённых."],
}
GROUPS = {
    (ALL, 0): [],
    (INCLUDE, 3): ["{} только 3 выбранные группы со всеми подгруппами.", "Товары без группы не показываются."],
    (EXCLUDE, 2): ["{} всё, кроме 2 групп."],
}
STARTS = {
    (ALL, INCLUDE): "Показываются",
    (ALL, EXCLUDE): "Показывается",
    (INCLUDE, INCLUDE): "Из него показываются",
    (INCLUDE, EXCLUDE): "Из него показывается",
    (EXCLUDE, INCLUDE): "Из них показываются",
    (EXCLUDE, EXCLUDE): "Из них показывается",
}
PRODUCTS = {
    ((ALL, 0), True): [],
    ((ALL, 0), False): [],
    ((INCLUDE, 2), True): ["И из этого только 2 выбранных товара."],
    ((INCLUDE, 2), False): ["Показываются только 2 выбранных товара."],
    ((EXCLUDE, 5), True): ["Кроме того, не показываются 5 исключённых товаров."],
    ((EXCLUDE, 5), False): ["Не показываются 5 исключённых товаров."],
}


@pytest.mark.parametrize("product", [(ALL, 0), (INCLUDE, 2), (EXCLUDE, 5)])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("store", STORES)
def test_every_combination_of_modes_reads_well(
    store: tuple[Mode, int], group: tuple[Mode, int], product: tuple[Mode, int]
) -> None:
    start = STARTS.get((store[0], group[0]), "")
    is_narrowed = store[0] is not ALL or group[0] is not ALL
    expected = [*STORES[store], *(text.format(start) for text in GROUPS[group]), *PRODUCTS[product, is_narrowed]]
    assert said(store, group, product) == expected


@pytest.mark.parametrize(
    ("level", "mode", "count", "sentence"),
    [
        (STORE, INCLUDE, 2, "Показываются только 2 выбранных магазина."),
        (STORE, INCLUDE, 21, "Показывается только 21 выбранный магазин."),
        (STORE, EXCLUDE, 1, "Показываются все магазины, кроме магазина «№0»."),
        (STORE, EXCLUDE, 21, "Показываются все магазины, кроме 21 исключённого."),
        (GROUP, INCLUDE, 1, "Показывается только группа «№0» со всеми подгруппами. Товары без группы не показываются."),
        (GROUP, EXCLUDE, 1, "Показывается всё, кроме группы «№0»."),
        (GROUP, EXCLUDE, 21, "Показывается всё, кроме 21 группы."),
        (PRODUCT, INCLUDE, 1, "Показывается только товар «№0»."),
        (PRODUCT, EXCLUDE, 1, "Не показывается исключённый товар «№0»."),
        (PRODUCT, EXCLUDE, 21, "Не показывается 21 исключённый товар."),
        (GROUP, ALL, 0, "Группы больше не ограничены."),
        (PRODUCT, ALL, 0, "Товары больше не ограничены."),
        (STORE, ALL, 0, CHOOSE_A_STORE),
    ],
)
def test_one_level_agrees_with_its_number(level: EntityType, mode: Mode, count: int, sentence: str) -> None:
    found = RuleSet(tuple(rules(level, mode, count)))
    assert level_sentence(found, level).replace("\u00a0", " ") == sentence


def test_a_level_is_told_without_the_others() -> None:
    found = RuleSet((*rules(STORE, INCLUDE, 1), *rules(GROUP, EXCLUDE, 2)))
    assert level_sentence(found, GROUP).startswith("Показывается всё")


def test_groups_that_are_left_out_of_chosen_ones_are_told_too() -> None:
    left_out = Rule(GROUP, "wine", FilterMode.EXCLUDE, "Вино")
    found = rules_summary(RuleSet((*rules(STORE, INCLUDE, 1), *rules(GROUP, INCLUDE, 1), left_out)))
    assert found.sentences[-1] == "Кроме того, исключена группа «Вино»."


def test_what_surprises_is_a_warning() -> None:
    assert rules_summary(RuleSet()).warnings == [CHOOSE_A_STORE]
    chosen = RuleSet((*rules(STORE, INCLUDE, 1), *rules(PRODUCT, INCLUDE, 2)))
    (warning,) = rules_summary(chosen, selected=2).warnings
    assert "даже если их группа" in warning
    assert NOTHING_LEFT in rules_summary(chosen, selected=0).warnings
    assert rules_summary(RuleSet(tuple(rules(STORE, INCLUDE, 1))), selected=5).tone == "info"
