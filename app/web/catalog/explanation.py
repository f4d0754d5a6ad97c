"""«Почему?» in words: every step, the press that changes the verdict, and what would come of it."""

from app.domain.rules import EntityType, FilterMode, Mode
from app.services.pages.goods.explanation import ExplainedLevel, Explanation, LevelOutcome, Remedy
from app.web.catalog.verdict_labels import ACCUSATIVE, rule_name
from app.web.formatting import counted, number, quoted
from app.web.labels import ENTITY, Label

OUTCOMES = {
    LevelOutcome.PASSES: Label("Проходит", "success"),
    LevelOutcome.SILENT: Label("Не решает", "secondary"),
    LevelOutcome.STOPS: Label("Не проходит", "danger"),
    LevelOutcome.UNREACHED: Label("Уже неважно", "secondary"),
}

_HIMSELF = {EntityType.STORE: "Магазин", EntityType.GROUP: "Группа", EntityType.PRODUCT: "Товар"}
_INCLUDED = {EntityType.STORE: "включён", EntityType.GROUP: "включена", EntityType.PRODUCT: "включён"}
_EXCLUDED = {EntityType.STORE: "исключён", EntityType.GROUP: "исключена", EntityType.PRODUCT: "исключён"}
_WHITELIST = {
    EntityType.STORE: "показываются только включённые магазины, а этот не включён",
    EntityType.GROUP: "показываются только включённые группы, а эта не включена",
    EntityType.PRODUCT: "показываются только включённые товары, а этот не включён",
}


def verdict(why: Explanation) -> str:
    what = _HIMSELF[why.level]
    if not why.decision.included:
        return f"{what} не показывается"
    if why.problem is not None:
        return f"{what} выбран, но в ВК не показан"
    return f"{what} показывается"


def place(step: ExplainedLevel) -> str:
    if step.id is None:
        return "Без группы"
    return f"{ENTITY[step.level].capitalize()} {quoted(step.name)}"


def reason(step: ExplainedLevel) -> str:
    if step.rule is FilterMode.INCLUDE:
        return f"{_INCLUDED[step.level]} вами"
    if step.rule is FilterMode.EXCLUDE:
        return f"{_EXCLUDED[step.level]} вами"
    if step.outcome is LevelOutcome.UNREACHED:
        return "дальше не проверяется"
    if step.mode is not Mode.INCLUDE:
        return "фильтра нет, значит можно"
    if step.id is None:
        return "показываются только включённые группы, а этот товар ни в какой группе"
    return _WHITELIST[step.level] if step.outcome is LevelOutcome.STOPS else "своего фильтра нет"


def press(remedy: Remedy) -> str:
    if remedy.mode is not None:
        return f"{_verb(remedy.mode)} {ACCUSATIVE[remedy.level]} {quoted(remedy.name)}"
    assert remedy.rule is not None
    return f"Убрать фильтр {quoted(rule_name(remedy.level, remedy.rule, remedy.name))}"


def _verb(mode: FilterMode) -> str:
    return "Включить" if mode is FilterMode.INCLUDE else "Исключить"


def consequence(why: Explanation, remedy: Remedy) -> str:
    """What would come of the press, for this product and for its store."""
    what = _HIMSELF[why.level]
    if remedy.after.included:
        then = f"Тогда {what.lower()} будет показываться"
    elif why.decision.included:
        then = f"Тогда {what.lower()} не будет показываться"
    else:
        then = f"{what} всё равно не будет показываться: остановит и другой фильтр"
    return f"{then}. {_numbers(remedy)}"


def _numbers(remedy: Remedy) -> str:
    if remedy.selected_then == remedy.selected_now:
        return "Из этого магазина будет показываться столько же товаров."
    now, then = number(remedy.selected_now), counted(remedy.selected_then, "товар", "товара", "товаров")
    return f"Из этого магазина будет показываться {then} (сейчас {now})."
