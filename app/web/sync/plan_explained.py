"""What the plan's page says: why a plan waits, what an empty section would hold, and the ways out."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from flask import url_for

from app.domain.listing.fitness import SkipReason
from app.domain.planning.brakes import BrakeKind
from app.domain.planning.summary import BrakeSummary
from app.web.formatting import GOODS, OF_GOODS, counted, number, plural_ru


def brake(found: BrakeSummary) -> str:
    """Why the plan waits, in one sentence."""
    count = found.count
    if found.kind is BrakeKind.ADDITIONS:
        new = plural_ru(count, "новый", "новых", "новых")
        why = "Вы подтверждали меньше: теперь в ВК" if found.is_beyond_confirmed else "После изменения фильтров в ВК"
        return f"{why} добавится {number(count)} {new} {plural_ru(count, *GOODS)}."
    if found.kind is BrakeKind.PRICES:
        step = "в 10 раз или ещё сильнее" if found.is_tenfold else "больше чем наполовину"
        whose = f"У {counted(count, *OF_GOODS)} из {number(found.live)}, которые сейчас видны в ВК"
        return f"{whose}, цена изменится {step}."
    removed = f"В ВК {'скроется или удалится' if found.deletes else 'скроется'} {counted(count, *GOODS)}"
    if not found.is_of_live:
        return f"{removed}. Сейчас в ВК видно {number(found.live)}."
    return f"{removed} из {number(found.live)}, которые сейчас видны в ВК."


EMPTY_SECTION = {
    "add": "Новых товаров нет. Здесь появятся те, которые вы выберете в каталоге и которых ещё нет в ВК.",
    "edit": "Менять нечего. Здесь появятся товары, у которых в Эвоторе изменились цена, остаток или название.",
    "hide": "Скрывать нечего. Здесь появятся товары, которые закончились или больше не показываются по фильтрам.",
    "delete": "Удалять нечего. Товар попадает сюда, если долго не показывается и уже скрыт в ВК.",
    "albums": "Подборки менять не нужно. Они собираются из групп Эвотора: здесь появятся новые и изменённые.",
    "outdated": "Здесь пусто: ВК принял все изменения.",
    "skipped": "Здесь пусто: всё, что пропускают фильтры, может попасть в ВК.",
}
"""What belongs into a section of the plan that has nothing."""


class WayOut(NamedTuple):
    """Of products that are held back: what brings them into the window."""

    text: str
    link: str
    href: str


def way_out(reason: str) -> WayOut | None:
    """For what a setting of the window holds back."""
    found = _SETTINGS_OF.get(reason)
    return WayOut(found[0], "Настройки витрины", url_for("window.settings", _anchor=found[1])) if found else None


_SETTINGS_OF: dict[str, tuple[str, str]] = {
    SkipReason.SOLD_OUT: (
        "Если товары есть, а остатки в Эвоторе не ведутся или ещё не внесены, выберите «Показывать всегда».",
        "stock",
    ),
    SkipReason.REVIEW: ("Если такие товары вам показывать можно, разрешите их тип в настройках.", "review"),
    SkipReason.NO_PHOTO: ("Добавьте фото или разрешите в настройках показывать товары без фото.", "photos"),
}


def ways_out(brakes: Iterable[BrakeSummary]) -> list[WayOut]:
    """What would keep in the window that which the plan takes away for the sake of a setting."""
    reasons: Counter[str] = Counter()
    for brake in brakes:
        reasons.update(brake.reasons)
    return [way for reason, _ in reasons.most_common() if (way := way_out(reason)) is not None]
