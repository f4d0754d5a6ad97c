"""How far a run is, in words; and when that is worth saying aloud."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import utcnow
from app.domain.pace import seconds_left
from app.models import RunStage, RunStatus, SyncRun
from app.models.run import ACTIVE
from app.services.runs import records
from app.web.formatting import counted, number, quoted, span, time_left
from app.web.sync import blueprint

STAGE = {
    RunStage.CATALOG: "Читаем каталог Эвотора",
    RunStage.MARKET: "Сверяемся с товарами в ВК",
    RunStage.PLAN: "Готовим список изменений",
    RunStage.WAIT: "Ждём, чтобы проверить: на часть запросов ВК не ответил",
    RunStage.HIDE: "Скрываем товары",
    RunStage.EDIT: "Обновляем товары и цены",
    RunStage.SHOW: "Снова показываем товары",
    RunStage.ADD: "Добавляем товары",
    RunStage.ALBUMS: "Раскладываем по подборкам",
    RunStage.DELETE: "Удаляем скрытые раньше товары",
}
CHANGING = frozenset({RunStage.HIDE, RunStage.EDIT, RunStage.SHOW, RunStage.ADD, RunStage.ALBUMS, RunStage.DELETE})
USUAL_WAIT = timedelta(minutes=5)
"""Cron looks every minute; a little patience for a machine that is busy."""
SPOKEN_STEP = 20
"""Percent: a screen reader is not to talk all the time."""


@dataclass(frozen=True, slots=True)
class Progress:
    text: str
    is_going: bool = False
    is_troubled: bool = False
    """Something is not as it should be, and the text says what to do."""
    has_bar: bool = False
    done: int = 0
    total: int = 0
    """0 while nobody knows how much it will be."""
    spoken: str = ""
    told: str = ""
    """Changes when there is something new to say aloud."""


@blueprint.app_template_filter("progress_of")
def progress_of(run: SyncRun, goes_on: bool = False) -> Progress:
    """`goes_on`: it has ended and left the rest to another one that comes at once."""
    now = utcnow()
    if goes_on:
        return _between(run, now)
    if run.status not in ACTIVE:
        ended = _ended(run)
        return Progress(ended, spoken=f"Обновление закончилось. {ended}", told="ended")
    if run.status == RunStatus.QUEUED:
        return _in_queue(now - run.created_at, now)
    if run.cancel_requested:
        return _running(run, "Останавливаем… Начатое изменение закончится, новых не будет.", "stopping")
    if run.lease_until is not None and run.lease_until < now:
        return _running(
            run, "Похоже, обновление прервалось. Следующее продолжит с того же места.", "lost", troubled=True
        )
    return _at_work(run, now)


def _ended(run: SyncRun) -> str:
    if run.total:
        return f"Сделано {number(run.done)} из {counted(run.total, 'изменения', 'изменений', 'изменений')}."
    if run.status == RunStatus.SUCCEEDED:
        return "Изменений не потребовалось."
    return "В ВК ничего не изменилось."


def _between(run: SyncRun, now: datetime) -> Progress:
    waited = now - (run.finished_at or now)
    if waited >= USUAL_WAIT:
        return _in_queue(waited, now)
    text = f"{_ended(run)} Остальное продолжим в течение минуты."
    return Progress(text, is_going=True, spoken=text, told="between")


def _in_queue(waited: timedelta, now: datetime) -> Progress:
    if waited < USUAL_WAIT:
        text = "Обновление в очереди и начнётся в течение минуты."
        return Progress(text, is_going=True, spoken=text, told="queued")
    long = f"Обновление ждёт в очереди уже {span(waited)}."
    if records.somebody_is_at_work(now):
        text = f"{long} Сейчас обновляются другие магазины, ваш будет после них."
        return Progress(text, is_going=True, spoken=text, told="behind")
    text = (
        f"{long} Похоже, планировщик не работает. Сообщите тому, кто обслуживает EvoSync: "
        "обновления начинает команда bin/sync, которую раз в минуту вызывает cron, или bin/worker."
    )
    return Progress(text, is_going=True, is_troubled=True, spoken=text, told="unattended")


def _running(run: SyncRun, text: str, told: str, *, spoken: str | None = None, troubled: bool = False) -> Progress:
    return Progress(
        text,
        is_going=True,
        is_troubled=troubled,
        has_bar=not troubled,
        done=min(run.done, run.total),
        total=run.total,
        spoken=spoken or text,
        told=told,
    )


def _at_work(run: SyncRun, now: datetime) -> Progress:
    if run.stage is None:
        return _changing(run, "Меняем товары", now) if run.total else _running(run, "Начинаем…", "begun")
    stage = RunStage(run.stage)
    if stage in CHANGING:
        return _changing(run, STAGE[stage], now)
    note = f", магазин {quoted(run.stage_note)}" if run.stage_note else ""
    return _running(run, f"{STAGE[stage]}{note}…", f"{stage}{note}"[:64])


def _changing(run: SyncRun, doing: str, now: datetime) -> Progress:
    left = _time_left(run, now)
    percent = 100 * run.done // run.total if run.total else 0
    of = counted(run.total, "изменения", "изменений", "изменений")
    text = f"{doing}: сделано {number(run.done)} из {of}{left}"
    spoken = f"{doing}: сделано {percent}%{left}"
    return _running(run, text, f"{run.stage}-{percent // SPOKEN_STEP}", spoken=spoken)


def _time_left(run: SyncRun, now: datetime) -> str:
    if run.stage_since is None:
        return ""
    elapsed = (now - run.stage_since).total_seconds()
    seconds = seconds_left(run.done - run.stage_done, run.total - run.done, elapsed)
    return f", осталось {time_left(seconds)}" if seconds is not None else ""
