"""What the catalog's pages say about rules, verdicts and refreshes."""

from collections.abc import Mapping, Sequence

from app.domain.planning.changes import LinkState
from app.domain.rules import EntityType, FilterMode
from app.models import Listing
from app.services.catalog.refresh import RefreshReport
from app.services.catalog.verdicts import Verdict
from app.web.formatting import counted, quoted
from app.web.labels import Label

IN, OUT = Label("Показывается", "success"), Label("Не показывается", "secondary")
NOT_CHOSEN = Label("Пока не выбран", "secondary")
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


def verdict(found: Verdict, is_held: bool = False) -> Label:
    """`is_held`: the rules let the product through, but something keeps it from the window."""
    if not found.included:
        return OUT
    return HELD if is_held else IN


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


_FORMS = {
    EntityType.STORE: ("магазин", "магазина", "магазинов"),
    EntityType.GROUP: ("группа", "группы", "групп"),
    EntityType.PRODUCT: ("товар", "товара", "товаров"),
}


_DONE = {
    (FilterMode.INCLUDE, EntityType.STORE): "Включён",
    (FilterMode.INCLUDE, EntityType.GROUP): "Включена",
    (FilterMode.INCLUDE, EntityType.PRODUCT): "Включён",
    (FilterMode.EXCLUDE, EntityType.STORE): "Исключён",
    (FilterMode.EXCLUDE, EntityType.GROUP): "Исключена",
    (FilterMode.EXCLUDE, EntityType.PRODUCT): "Исключён",
}
_DROPPED = {EntityType.STORE: "магазина", EntityType.GROUP: "группы", EntityType.PRODUCT: "товара"}


def rules_changed(level: EntityType, names: Sequence[str], mode: FilterMode | None) -> str:
    """What was done: to one entity by name, to many by number."""
    if mode is None and len(names) == 1:
        return f"Убран фильтр {_DROPPED[level]} {quoted(names[0])}."
    if mode is None:
        return f"Убраны фильтры: {counted(len(names), *_FORMS[level])}."
    if len(names) == 1:
        return f"{_DONE[mode, level]} {_FORMS[level][0]} {quoted(names[0])}."
    return f"{'Включено' if mode is FilterMode.INCLUDE else 'Исключено'}: {counted(len(names), *_FORMS[level])}."


def rule_name(level: EntityType, mode: FilterMode, name: str) -> str:
    """A rule as it is called on buttons: «Исключить группу Напитки»."""
    verb = "Включить" if mode is FilterMode.INCLUDE else "Исключить"
    return f"{verb} {ACCUSATIVE[level]} {name}"


ACCUSATIVE = {EntityType.STORE: "магазин", EntityType.GROUP: "группу", EntityType.PRODUCT: "товар"}


def refreshed(report: RefreshReport) -> tuple[str, str]:
    read = (
        f"Загружено: {counted(report.stores_read, *_FORMS[EntityType.STORE])}, "
        f"{counted(report.products, *_FORMS[EntityType.PRODUCT])}."
    )
    if report.unreadable:
        goods = counted(report.unreadable, *_FORMS[EntityType.PRODUCT])
        read = f"{read} Прочитать не удалось: {goods}. Эвотор прислал их с ошибкой, поэтому они остались прежними."
    if report.waiting:
        names = ", ".join(map(quoted, report.waiting))
        read = f"{read} Не успели прочитать: {names}. Нажмите «Обновить каталог» ещё раз или подождите: прочитаем сами."
    if not report.failed:
        return read, "warning" if report.waiting or report.unreadable else "success"
    names = ", ".join(map(quoted, report.failed))
    return f"{read} Не загрузилось: {names}. Что делать, написано у магазина; прежние товары сохранены.", "warning"
