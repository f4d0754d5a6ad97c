"""What is said after a change of the rules or a refresh: what was done, what holds now, and how to take it back."""

from collections.abc import Sequence

from flask import render_template, request
from markupsafe import Markup

from app.domain.rules import EntityType, FilterMode, Mode, RuleSet, Status
from app.models import User
from app.services.catalog.store_refresh import RefreshReport
from app.services.owner import switch
from app.services.owner.rule_changes import Changed
from app.services.owner.rules import rules_of
from app.web.access import is_htmx, local_path
from app.web.address import path_of_page
from app.web.catalog import rules_summary
from app.web.formatting import counted, quoted

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


def notice(user: User, changed: Changed, done: str, level: EntityType, back: str, *, is_exclusion: bool) -> Markup:
    if changed.token is None:
        return Markup("Ничего не изменилось: так уже было.")
    rules = rules_of(user)
    is_active = switch.status_of(user, rules) is Status.ACTIVE
    return Markup(  # noqa: S704 - a template escaped it
        render_template(
            "catalog/_changed.html",
            done=done,
            now=_what_holds(rules, level, is_exclusion=is_exclusion),
            is_active=is_active,
            obstacle=switch.run_obstacle(user) if is_active else None,
            token=changed.token,
            back=back,
        ).strip()
    )


def _what_holds(rules: RuleSet, level: EntityType, *, is_exclusion: bool) -> str:
    """Nothing where what was done says it all: only some were left out."""
    if is_exclusion and rules.mode(level) is Mode.EXCLUDE:
        return ""
    return rules_summary.level_sentence(rules, level)


def shown_whole(changed: Changed) -> str:
    count = len(changed.names)
    return f"Магазин показан целиком, фильтров изменено: {count}."


def shown_page() -> str:
    """The path of the page that the visitor looks at: behind htmx it is another one than the request's."""
    return (local_path(request.headers.get("HX-Current-URL")) if is_htmx() else None) or path_of_page()
