"""What the history says of runs, days and series of them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from app.clock import utcnow
from app.domain.planning.changes import Action
from app.models import EntryOutcome, SyncRun
from app.services.runs.history import Calm, Counts, Show
from app.services.runs.quiet import local_day
from app.web import formatting
from app.web.formatting import MONTHS, NBSP, counted, number, user_zone

SHOW = {
    Show.EVENTS: "Главное",
    Show.CHANGES: "С изменениями",
    Show.PROBLEMS: "С трудностями",
    Show.ALL: "Все обновления",
}

_DONE: Mapping[str, tuple[Action, ...]] = {
    "добавлено": (Action.ADD,),
    "изменено": (Action.EDIT,),
    "снова показано": (Action.SHOW,),
    "скрыто": (Action.HIDE,),
    "удалено": (Action.DELETE,),
    "изменений в подборках": (Action.ALBUM_ADD, Action.ALBUM_RENAME, Action.ALBUM_PUT, Action.ALBUM_REMOVE),
}
CHANGES = ("изменение", "изменения", "изменений")
_NOT_DONE = {
    EntryOutcome.FAILED: "не получилось",
    EntryOutcome.UNKNOWN: "ВК не ответил",
    EntryOutcome.KEPT: "оставлено, потому что товар есть в Эвоторе",
}


def did(counts: Counts) -> str:
    """«Добавлено 12, изменено 3, скрыто 1. Не получилось 2.», or nothing."""
    done = {
        words: sum(counts.get(action, {}).get(EntryOutcome.DONE, 0) for action in actions)
        for words, actions in _DONE.items()
    }
    rest = {words: by_outcome(counts)[outcome] for outcome, words in _NOT_DONE.items()}
    return " ".join(filter(None, (_sentence(done), _sentence(rest))))


def total(run: SyncRun, counts: Counts) -> str:
    """Why there are more changes than goods, where somebody might ask; else nothing."""
    if Action.ADD not in counts or not counts.keys() & {Action.ALBUM_ADD, Action.ALBUM_PUT}:
        return ""
    of_all = max(run.total, sum(by_outcome(counts).values()))
    return f"Всего {counted(of_all, *CHANGES)}: новый товар, его подборка и место в ней считаются отдельно."


def _sentence(numbers: Mapping[str, int]) -> str:
    text = ", ".join(f"{words}{NBSP}{number(count)}" for words, count in numbers.items() if count)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def by_outcome(counts: Counts) -> dict[EntryOutcome, int]:
    return {outcome: sum(outcomes.get(outcome, 0) for outcomes in counts.values()) for outcome in EntryOutcome}


def took(run: SyncRun) -> str | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return formatting.span(run.finished_at - run.started_at)


def day(value: date) -> str:
    """«сегодня», «вчера», «23 ноября»."""
    today = day_of(utcnow())
    near = {today: "сегодня", today - timedelta(days=1): "вчера"}
    text = near.get(value) or f"{value.day}{NBSP}{MONTHS[value.month - 1]}"
    return text if value.year == today.year or value in near else f"{text} {value.year}{NBSP}г."


def days_to_choose() -> list[tuple[date, str]]:
    today = day_of(utcnow())
    return [(today, "Сегодня"), (today - timedelta(days=1), "Вчера")]


def calm(series: Calm) -> str:
    return f"{counted(series.runs, 'обновление', 'обновления', 'обновлений')} без изменений"


def hours(series: Calm) -> str:
    """«сегодня, 10:00–13:00»."""
    first, last = _hour(series.first), _hour(series.last)
    when = first if first == last else f"{first}–{last}"
    return f"{day(day_of(series.first))}, {when}"


def day_of(at: datetime) -> date:
    return local_day(at, user_zone())


def _hour(at: datetime) -> str:
    return formatting.clock(at)[:5]
