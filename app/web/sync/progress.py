"""How far a run is, in words; and when that is worth saying aloud."""

from dataclasses import dataclass

from app.clock import utcnow
from app.models import RunStatus, SyncRun
from app.services.pages.sync.run_progress import RunPhase, RunProgress, awaited, is_called_off, run_progress
from app.services.runs.stage_words import STAGE
from app.web.access import owner
from app.web.formatting import counted, number, quoted, span, time_left
from app.web.sync import blueprint
from app.web.sync.silence import waiting

TEXT = {
    RunPhase.QUEUED: "Обновление в очереди и начнётся в течение минуты.",
    RunPhase.BEGUN: "Начинаем…",
    RunPhase.STOPPING: "Останавливаем… Начатое изменение закончится, новых не будет.",
    RunPhase.LOST: "Похоже, обновление прервалось. Следующее продолжит с того же места.",
}
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
    found = run_progress(
        run,
        utcnow(),
        goes_on=goes_on,
        is_called_off=is_called_off(owner(), run),
        silence=awaited(run, goes_on=goes_on),
    )
    if found.phase is RunPhase.CHANGING:
        return _changing(run, found)
    text = _text(run, found)
    is_at_work = found.phase in (RunPhase.STOPPING, RunPhase.LOST, RunPhase.BEGUN, RunPhase.PREPARING)
    return Progress(
        text,
        is_going=found.is_going,
        is_troubled=found.is_troubled,
        has_bar=is_at_work and not found.is_troubled,
        done=min(run.done, run.total) if is_at_work else 0,
        total=run.total if is_at_work else 0,
        spoken=f"Обновление закончилось. {text}" if found.phase is RunPhase.ENDED else text,
        told=_told(run, found),
    )


def _text(run: SyncRun, found: RunProgress) -> str:
    if found.phase is RunPhase.ENDED:
        return _ended(run)
    if found.phase is RunPhase.BETWEEN:
        return f"{_ended(run)} Остальное продолжим в течение минуты."
    if found.silence is not None:
        begun = _ended(run) if run.finished_at is not None else "Обновление в очереди."
        return f"{begun} {waiting(found.silence)}"
    if found.phase in (RunPhase.BEHIND, RunPhase.UNATTENDED):
        return _waiting_long(found)
    return f"{STAGE[found.stage]}{_note(run)}…" if found.stage else TEXT[found.phase]


def _ended(run: SyncRun) -> str:
    if run.total:
        return f"Сделано {number(run.done)} из {counted(run.total, 'изменения', 'изменений', 'изменений')}."
    if run.status == RunStatus.SUCCEEDED:
        return "По прежним товарам изменений не потребовалось." if run.unread_stores else "Изменений не потребовалось."
    return "В ВК ничего не изменилось."


def _waiting_long(found: RunProgress) -> str:
    long = f"Обновление ждёт в очереди уже {span(found.waited)}."
    if found.phase is RunPhase.BEHIND:
        return f"{long} Сейчас обновляются другие магазины, ваш будет после них."
    return (
        f"{long} Похоже, планировщик не работает. Сообщите тому, кто обслуживает EvoSync: "
        "обновления начинает команда bin/sync, которую раз в минуту вызывает cron, или bin/worker."
    )


def _told(run: SyncRun, found: RunProgress) -> str:
    return f"{found.stage}{_note(run)}"[:64] if found.phase is RunPhase.PREPARING else found.phase


def _note(run: SyncRun) -> str:
    return f", магазин {quoted(run.stage_note)}" if run.stage_note else ""


def _changing(run: SyncRun, found: RunProgress) -> Progress:
    doing = STAGE[found.stage] if found.stage else "Меняем товары"
    left = f", осталось {time_left(found.seconds_left)}" if found.seconds_left is not None else ""
    percent = 100 * run.done // run.total if run.total else 0
    of = counted(run.total, "изменения", "изменений", "изменений")
    return Progress(
        f"{doing}: сделано {number(run.done)} из {of}{left}",
        is_going=True,
        has_bar=True,
        done=min(run.done, run.total),
        total=run.total,
        spoken=f"{doing}: сделано {percent}%{left}",
        told=f"{run.stage}-{percent // SPOKEN_STEP}",
    )
