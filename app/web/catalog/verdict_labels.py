"""What the catalog's pages say about rules and verdicts."""

from collections.abc import Mapping

from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import Listing
from app.services.pages.goods.named_verdict import Verdict
from app.web.formatting import quoted
from app.web.labels import Label

IN, OUT = Label("Показывается", "success"), Label("Не показывается", "secondary")
NOT_CHOSEN = Label("Пока не выбран", "secondary")
WITHOUT_STORE = Label("Магазин не выбран", "secondary")
"""Of a product that nothing keeps out, before any store is chosen: nothing goes to VK yet."""
NOTHING_PASSES = Label("Выбран, но не показывается ни один товар", "warning")
HELD = Label("Выбран, но не показан", "warning")
IN_VK: Mapping[str, Label] = {
    LinkState.ADDING: Label("Ещё не добавлен", "secondary"),
    LinkState.LIVE: Label("Показан", "success"),
    LinkState.HIDDEN: Label("Скрыт", "secondary"),
    LinkState.GONE: Label("Удалён в ВК", "warning"),
}


def in_vk(listing: Listing | None) -> Label:
    """Where the product's item stands."""
    return IN_VK[listing.state if listing else LinkState.ADDING]


_BY_RULE = {
    (True, EntityType.STORE): "выбран магазин {}",
    (True, EntityType.GROUP): "выбрана группа {}",
    (True, EntityType.PRODUCT): "товар выбран вами",
    (False, EntityType.STORE): "исключён магазин {}",
    (False, EntityType.GROUP): "исключена группа {}",
    (False, EntityType.PRODUCT): "товар исключён вами",
}
_BY_WHITELIST = {
    EntityType.STORE: "показываются только выбранные магазины",
    EntityType.GROUP: "показываются только выбранные группы",
    EntityType.PRODUCT: "показываются только выбранные товары",
}


def verdict(found: Verdict, is_held: bool = False, has_store: bool = True) -> Label:
    """`is_held`: the rules let the product through, but something keeps it from the window.

    `has_store`: there are rules for stores at all.
    """
    if not found.included:
        return OUT
    if is_held:
        return HELD
    return IN if has_store else WITHOUT_STORE


def store(found: Verdict, *, passing: int, total: int, is_chosen: bool) -> Label:
    """`passing` of its `total` products get through all the rules; `is_chosen`: there are rules for stores at all."""
    if found.included and not is_chosen:
        return NOT_CHOSEN
    return NOTHING_PASSES if found.included and total and not passing else verdict(found)


def why(found: Verdict) -> str:
    """Empty where no rule had a say."""
    if found.level is None:
        return ""
    if found.decided_by is None:
        return _BY_WHITELIST[found.level]
    return _BY_RULE[found.included, found.level].format(quoted(found.decided_by))


def rule_name(level: EntityType, mode: FilterMode, name: str) -> str:
    """A rule as it is called on buttons: «Исключить группу Напитки»."""
    verb = "Включить" if mode is FilterMode.INCLUDE else "Исключить"
    return f"{verb} {ACCUSATIVE[level]} {name}"


ACCUSATIVE = {EntityType.STORE: "магазин", EntityType.GROUP: "группу", EntityType.PRODUCT: "товар"}
