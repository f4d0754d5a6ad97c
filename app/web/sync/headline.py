"""What the main page says first: the situation in one sentence, and the one thing to do about it."""

from collections.abc import Callable
from typing import NamedTuple

from flask import url_for

from app.domain.situation import Situation
from app.models import RunStatus
from app.services.pages.sync.overview import SyncOverview
from app.services.runs.codes import HALTED
from app.web.formatting import GOODS, ago, counted, moment, number
from app.web.messages import message
from app.web.sync.silence import waiting


class Headline(NamedTuple):
    tone: str
    title: str
    text: str
    link: str = ""
    href: str = ""


def headline(sync: SyncOverview) -> Headline | None:
    """None where a problem, a step or the progress of a run says it already."""
    told = _HEADLINES.get(sync.situation)
    return told(sync) if told else None


def when(sync: SyncOverview) -> str:
    """Of the next run, within a sentence."""
    if sync.next_run_at is None:
        return "не запланировано"
    return "начнётся в ближайшие минуты" if sync.next_run_is_due else f"начнётся {moment(sync.next_run_at)}"


def _ok(sync: SyncOverview) -> Headline:
    at = f", обновлено {ago(sync.synced_at)}" if sync.synced_at else ""
    tone, title = ("info", "Пока всё обновляется:") if sync.withdrawn else ("success", "Всё в порядке:")
    return Headline(tone, title, f"{counted(sync.window.live, *GOODS)} в ВК{at}.")


def _pending(sync: SyncOverview) -> Headline:
    text = f"Обновление {when(sync)}."
    if not sync.pending:
        return Headline("info", "Изменения больше не ждут вашего решения.", text)
    return Headline("info", f"Ждёт обновления: {number(sync.pending)}.", text, *_changes())


def _approved(sync: SyncOverview) -> Headline:
    text = f"Обновление {when(sync)} и сделает их: {number(sync.pending)}."
    return Headline("success", "Вы одобрили изменения.", text, *_changes())


def _never(sync: SyncOverview) -> Headline:
    return Headline("info", "Ждём обновления.", f"Оно {when(sync)}. Пока в ВК всё как раньше.", *_changes())


def _continuing(sync: SyncOverview) -> Headline | None:
    """Where it goes on at once, the progress says so."""
    if sync.goes_on:
        return None
    code = sync.last_run.error_code if sync.last_run else None
    why = f"{message(code)} " if code else ""
    return Headline("info", "Обновление ещё не закончено.", f"{why}Продолжение {when(sync)}.")


def _failed(sync: SyncOverview) -> Headline | None:
    run = sync.last_run
    if run is None:
        return None
    if run.error_code == HALTED and not sync.is_halted:
        return Headline("info", "Оператор EvoSync снова разрешил обновления.", f"Обновление {when(sync)}.")
    if sync.is_reconnected:
        return Headline("info", "Эвотор подключён снова.", f"Обновление {when(sync)}.")
    if sync.is_mended:
        return Headline("info", "Подключение снова работает.", f"Обновление {when(sync)}.")
    title = "Обновление остановлено." if run.status == RunStatus.STOPPED else "Обновление не получилось."
    why = f"{message(run.error_code)} " if run.error_code else ""
    return Headline("warning", title, f"{why}Следующее {when(sync)}.", *_run(sync))


def _undone(sync: SyncOverview) -> Headline | None:
    if len(sync.told) > len(sync.withdrawn) or not sync.undone:
        return None
    title = f"Получилось не всё: не сделано {number(sync.undone)}."
    return Headline("warning", title, f"Следующее обновление {when(sync)}.", *_run(sync))


def _hidden(sync: SyncOverview) -> Headline:
    hidden = counted(sync.window.hidden, *GOODS)
    where = "в этом сообществе" if sync.window.left else "в ВК"
    text = f"Покупатели не видят {where} ни одного товара из EvoSync, скрыто {hidden}. Синхронизация выключена."
    return Headline("info", "Товары скрыты.", text)


def _changes() -> tuple[str, str]:
    return "Посмотреть, что изменится", url_for("sync.plan")


def _run(sync: SyncOverview) -> tuple[str, str]:
    return ("Подробности", url_for("sync.run", run_id=sync.last_run.id)) if sync.last_run else ("", "")


_HEADLINES: dict[Situation, Callable[[SyncOverview], Headline | None]] = {
    Situation.OK: _ok,
    Situation.PENDING: _pending,
    Situation.APPROVED: _approved,
    Situation.NEVER_RAN: _never,
    Situation.CONTINUING: _continuing,
    Situation.FAILED: _failed,
    Situation.UNDONE: _undone,
    Situation.HIDDEN: _hidden,
}

_BRIEFLY = {
    Situation.AT_WORK: "Сейчас идёт обновление.",
    Situation.QUEUED: "Обновление в очереди и скоро начнётся.",
    Situation.OFF: "Выключена: товары в ВК не обновляются.",
    Situation.SETUP: "Ещё не запущена: пройдите первые шаги, и товары появятся в ВК.",
    Situation.TROUBLED: "Обновления сейчас не получаются: почему и что делать, написано на странице синхронизации.",
    Situation.WAITING: "Изменения ждут вашего решения.",
    Situation.CONTINUING: "Обновление ещё не закончено: продолжим сами.",
    Situation.UNDONE: "Обновление прошло, но получилось не всё.",
    Situation.EMPTY: "Обновление прошло, но показывать почти нечего.",
}

_ANEW = {
    "other_vk": "Нужно подтвердить заново: подключено другое сообщество ВК.",
    "other_evotor": "Нужно подтвердить заново: подключена другая учётная запись Эвотора.",
}
"""Set up before, but for something else."""


def briefly(sync: SyncOverview) -> str:
    """The same for the page of the connections."""
    if sync.situation is Situation.ORDERED:
        return "Скрываем товары в ВК." if sync.order == "hide_all" else "Возвращаем товары в ВК."
    if sync.situation is Situation.BLOCKED and sync.run_obstacle:
        return message(sync.run_obstacle)
    if sync.situation is Situation.SETUP and sync.pause_reason in _ANEW:
        return _ANEW[sync.pause_reason]
    if sync.silence is not None and sync.situation in (Situation.QUEUED, Situation.TROUBLED):
        return waiting(sync.silence)
    if sync.situation in _BRIEFLY:
        return _BRIEFLY[sync.situation]
    found = headline(sync)
    return f"{found.title} {found.text}" if found else ""
