"""What the rules as a whole mean, in a few sentences, put together level by level."""

from collections.abc import Iterator
from typing import NamedTuple

from app.domain.rules import EntityType, FilterMode, Mode, Rule, RuleSet
from app.web.formatting import counted, plural_ru, quoted

STORE, GROUP, PRODUCT = EntityType.STORE, EntityType.GROUP, EntityType.PRODUCT

CHOOSE_A_STORE = "Магазин ещё не выбран, и до тех пор синхронизация не начнётся. Включите хотя бы один магазин."
NOTHING_LEFT = "Сейчас эти фильтры не пропускают ни одного товара."


class RulesSummary(NamedTuple):
    sentences: list[str]
    warnings: list[str]

    @property
    def tone(self) -> str:
        return "warning" if self.warnings else "info"


def rules_summary(rules: RuleSet, selected: int | None = None) -> RulesSummary:
    """`selected`: how many products the rules let through, where that is known."""
    sentences = [*_stores(rules), *_groups(rules), *_products(rules)]
    warnings = list(_warnings(rules))
    if selected == 0:
        warnings.append(NOTHING_LEFT)
    return RulesSummary(sentences, warnings)


def level_sentence(rules: RuleSet, level: EntityType) -> str:
    """What holds now on one level; said after a change there."""
    if level is STORE and rules.mode(STORE) is Mode.ALL:
        return CHOOSE_A_STORE
    alone = RuleSet(tuple(rule for rule in rules.rules if rule.entity_type is level))
    found = {STORE: _stores, GROUP: _groups, PRODUCT: _products}[level](alone)
    free = {GROUP: "Группы больше не ограничены.", PRODUCT: "Товары больше не ограничены."}
    return " ".join(found) or free.get(level, "")


def _stores(rules: RuleSet) -> Iterator[str]:
    chosen, left_out = rules.of(STORE, FilterMode.INCLUDE), rules.of(STORE, FilterMode.EXCLUDE)
    if chosen:
        yield f"{_is_shown(chosen)} только {_named(chosen, 'магазин', _STORES_CHOSEN)}."
    elif left_out:
        yield f"Показываются все магазины, кроме {_named(left_out, 'магазина', _STORES_BUT)}."


def _groups(rules: RuleSet) -> Iterator[str]:
    chosen, left_out = rules.of(GROUP, FilterMode.INCLUDE), rules.of(GROUP, FilterMode.EXCLUDE)
    if chosen:
        start = _from_stores(rules, _is_shown(chosen))
        yield f"{start} только {_named(chosen, 'группа', _GROUPS_CHOSEN)} со всеми подгруппами."
        yield "Товары без группы не показываются."
        if left_out:
            verb = plural_ru(len(left_out), "исключена", "исключены", "исключены")
            yield f"Кроме того, {verb} {_named(left_out, 'группа', _GROUPS_LEFT_OUT)}."
    elif left_out:
        yield f"{_from_stores(rules, 'Показывается')} всё, кроме {_named(left_out, 'группы', _GROUPS_BUT)}."


def _products(rules: RuleSet) -> Iterator[str]:
    chosen, left_out = rules.of(PRODUCT, FilterMode.INCLUDE), rules.of(PRODUCT, FilterMode.EXCLUDE)
    is_narrowed = any(rules.mode(level) is not Mode.ALL for level in (STORE, GROUP))
    if chosen:
        start = "И из этого" if is_narrowed else _is_shown(chosen)
        yield f"{start} только {_named(chosen, 'товар', _PRODUCTS_CHOSEN)}."
    elif left_out:
        start = "Кроме того, не" if is_narrowed else "Не"
        verb = plural_ru(len(left_out), "показывается", "показываются", "показываются")
        yield f"{start} {verb} {_named(left_out, 'исключённый товар', _PRODUCTS_BUT)}."


def _warnings(rules: RuleSet) -> Iterator[str]:
    if rules.mode(STORE) is Mode.ALL:
        yield CHOOSE_A_STORE
    if rules.mode(PRODUCT) is Mode.INCLUDE:
        yield "Остальные товары не показываются, даже если их группа или магазин выбраны."


_STORES_CHOSEN = ("выбранный магазин", "выбранных магазина", "выбранных магазинов")
_STORES_BUT = ("исключённого", "исключённых", "исключённых")
_GROUPS_CHOSEN = ("выбранная группа", "выбранные группы", "выбранных групп")
_GROUPS_LEFT_OUT = ("группа", "группы", "групп")
_GROUPS_BUT = ("группы", "групп", "групп")
_PRODUCTS_CHOSEN = ("выбранный товар", "выбранных товара", "выбранных товаров")
_PRODUCTS_BUT = ("исключённый товар", "исключённых товара", "исключённых товаров")


def _is_shown(rules: tuple[Rule, ...]) -> str:
    return plural_ru(len(rules), "Показывается", "Показываются", "Показываются")


def _from_stores(rules: RuleSet, verb: str) -> str:
    """The beginning of what is said of groups: it refers to the stores where they are narrowed."""
    if rules.mode(STORE) is Mode.ALL:
        return verb
    is_one = len(rules.of(STORE, FilterMode.INCLUDE)) == 1
    return f"Из {'него' if is_one else 'них'} {verb[0].lower()}{verb[1:]}"


def _named(rules: tuple[Rule, ...], one: str, many: tuple[str, str, str]) -> str:
    return f"{one} {quoted(_name(rules[0]))}" if len(rules) == 1 else counted(len(rules), *many)


def _name(rule: Rule) -> str:
    return rule.name or rule.entity_id
