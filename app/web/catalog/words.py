"""What the catalog's pages say about rules, verdicts and refreshes."""

from collections.abc import Mapping

from app.domain.changes import LinkState
from app.domain.rules import EntityType, FilterMode, Mode
from app.models import Listing
from app.services.catalog_refresh import RefreshReport
from app.services.judging import Verdict
from app.web.formatting import counted, plural_ru
from app.web.labels import Label
from app.web.messages import message

IN, OUT = Label("В выгрузке", "success"), Label("Не выгружается", "secondary")
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


MODES: Mapping[EntityType, Mapping[Mode, str]] = {
    EntityType.STORE: {
        Mode.ALL: "Магазины ещё не выбраны: включите хотя бы один, без этого синхронизация не начнётся",
        Mode.INCLUDE: "Выгружаются только выбранные магазины",
        Mode.EXCLUDE: "Выгружаются все магазины, кроме исключённых",
    },
    EntityType.GROUP: {
        Mode.ALL: "Группы не ограничены",
        Mode.INCLUDE: "Выгружаются только выбранные группы, во всех магазинах",
        Mode.EXCLUDE: "Выгружаются все группы, кроме исключённых",
    },
    EntityType.PRODUCT: {
        Mode.ALL: "Товары не ограничены",
        Mode.INCLUDE: "Выгружаются только выбранные товары, во всех магазинах",
        Mode.EXCLUDE: "Выгружаются все товары, кроме исключённых",
    },
}

_BY_RULE = {
    (True, EntityType.STORE): "выбран магазин «{}»",
    (True, EntityType.GROUP): "выбрана группа «{}»",
    (True, EntityType.PRODUCT): "товар выбран вами",
    (False, EntityType.STORE): "исключён магазин «{}»",
    (False, EntityType.GROUP): "исключена группа «{}»",
    (False, EntityType.PRODUCT): "товар исключён вами",
}
_BY_WHITELIST = {
    EntityType.STORE: "выгружаются только выбранные магазины",
    EntityType.GROUP: "выгружаются только выбранные группы",
    EntityType.PRODUCT: "выгружаются только выбранные товары",
}


def verdict(found: Verdict, is_held: bool = False) -> Label:
    """`is_held`: the rules let the product through, but something keeps it from the window."""
    if not found.included:
        return OUT
    return HELD if is_held else IN


def why(found: Verdict) -> str:
    """Empty where no rule had a say."""
    if found.level is None:
        return ""
    if found.decided_by is None:
        return _BY_WHITELIST[found.level]
    return _BY_RULE[found.included, found.level].format(found.decided_by)


_FORMS = {
    EntityType.STORE: ("магазин", "магазина", "магазинов"),
    EntityType.GROUP: ("группа", "группы", "групп"),
    EntityType.PRODUCT: ("товар", "товара", "товаров"),
}


def rules_changed(level: EntityType, count: int, rule: FilterMode | None, mode: Mode) -> tuple[str, str]:
    """What was done and what holds now, with the tone of the notice."""
    if not count:
        return message("nothing_marked"), "warning"
    done = {
        FilterMode.INCLUDE: "Включено",
        FilterMode.EXCLUDE: "Исключено",
        None: plural_ru(count, "Правило снято", "Правила сняты", "Правила сняты"),
    }[rule]
    return f"{done}: {counted(count, *_FORMS[level])}. {MODES[level][mode]}.", "success"


def refreshed(report: RefreshReport) -> tuple[str, str]:
    read = (
        f"Загружено: {counted(report.stores_read, *_FORMS[EntityType.STORE])}, "
        f"{counted(report.products, *_FORMS[EntityType.PRODUCT])}."
    )
    if not report.failed:
        return read, "success"
    names = ", ".join(f"«{name}»" for name in report.failed)
    return f"{read} Не загрузилось: {names}. Что делать, написано у магазина; прежние товары сохранены.", "warning"
