"""What the pages of synchronisation say about plans, orders and answers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flask import url_for

from app.domain.listing.fitness import SkipReason
from app.domain.planning.brakes import Brake, BrakeKind
from app.domain.planning.changes import Action
from app.domain.planning.plan import Plan
from app.models import User
from app.services.owner import config, shop_window, switch
from app.services.planning.effect import Effect
from app.web.formatting import GOODS, counted, number, plural_ru
from app.web.messages import message
from app.web.window_words import stayed

OF_GOODS = ("товара", "товаров", "товаров")


def brake(found: Brake, plan: Plan) -> str:
    """Why the plan waits, in one sentence."""
    count = len(found.changes)
    if found.kind is BrakeKind.ADDITIONS:
        new = plural_ru(count, "новый", "новых", "новых")
        why = "Вы подтверждали меньше: теперь в ВК" if found.is_beyond_confirmed else "После изменения фильтров в ВК"
        return f"{why} добавится {number(count)} {new} {plural_ru(count, *GOODS)}."
    if found.kind is BrakeKind.PRICES:
        step = "в 10 раз или ещё сильнее" if found.is_tenfold else "больше чем наполовину"
        whose = f"У {counted(count, *OF_GOODS)} из {number(found.live)}, которые сейчас видны в ВК"
        return f"{whose}, цена изменится {step}."
    deletes = any(change.action is Action.DELETE for change in found.changes)
    removed = f"В ВК {'скроется или удалится' if deletes else 'скроется'} {counted(count, *GOODS)}"
    if any(change.key not in plan.live_keys for change in found.changes):
        return f"{removed}. Сейчас в ВК видно {number(found.live)}."
    return f"{removed} из {number(found.live)}, которые сейчас видны в ВК."


EMPTY_SECTION = {
    "add": "Новых товаров нет. Здесь появятся те, которые вы выберете в каталоге и которых ещё нет в ВК.",
    "edit": "Менять нечего. Здесь появятся товары, у которых в Эвоторе изменились цена, остаток или название.",
    "hide": "Скрывать нечего. Здесь появятся товары, которые закончились или больше не показываются по фильтрам.",
    "delete": "Удалять нечего. Товар попадает сюда, если долго не показывается и уже скрыт в ВК.",
    "albums": "Подборки менять не нужно. Они собираются из групп Эвотора: здесь появятся новые и изменённые.",
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
    return WayOut(found[0], "Настройки витрины", url_for("sync.settings", _anchor=found[1])) if found else None


_SETTINGS_OF: dict[str, tuple[str, str]] = {
    SkipReason.SOLD_OUT: (
        "Если товары есть, а остатки в Эвоторе не ведутся или ещё не внесены, выберите «Показывать всегда».",
        "stock",
    ),
    SkipReason.REVIEW: ("Если такие товары вам показывать можно, разрешите их тип в настройках.", "review"),
    SkipReason.NO_PHOTO: ("Добавьте фото или разрешите в настройках показывать товары без фото.", "photos"),
}


def ways_out(brakes: Iterable[Brake]) -> list[WayOut]:
    """What would keep in the window that which the plan takes away for the sake of a setting."""
    reasons = Counter(change.reason for brake in brakes for change in brake.changes if change.reason is not None)
    return [way for reason, _ in reasons.most_common() if (way := way_out(reason)) is not None]


def toggled(user: User, is_on: bool) -> tuple[str, str]:
    if not is_on:
        return f"Синхронизация выключена. {stayed(shop_window.shop_window(user))}", "info"
    if config.config_of(user).confirmed_at is None:
        obstacle = switch.confirmation_obstacle(user)
        then = message(obstacle) if obstacle else "Посмотрите, что изменится, и нажмите «Подтвердить и запустить»."
        return f"Синхронизация включена. {then}", "success"
    obstacle = switch.run_obstacle(user)
    if obstacle:
        return f"Синхронизация включена, но обновления пока не начинаются. {message(obstacle)}", "warning"
    return "Синхронизация включена.", "success"


def confirmed(obstacle: str | None) -> tuple[str, str]:
    """`obstacle`: why no run starts all the same."""
    if obstacle:
        return f"Подтверждено, но обновление пока не начнётся. {message(obstacle)}", "warning"
    return "Подтверждено. Обновление поставлено в очередь и скоро начнётся.", "success"


def hiding_all(count: int) -> tuple[str, str]:
    soon = f"Скоро скроем в ВК {counted(count, *GOODS)}."
    return f"{soon} Синхронизация выключена: чтобы вернуть товары, включите её, когда будете готовы.", "success"


def undoing(count: int) -> tuple[str, str]:
    soon = f"Скоро снова покажем {counted(count, *GOODS)}."
    then = "Синхронизация выключена, чтобы не скрыть их опять: проверьте фильтры в каталоге и потом включите её."
    return f"{soon} {then}", "success"


_FIELDS = {
    "price": "цену",
    "description": "описание",
    "category_id": "категорию",
    "name": "название",
    "photo": "фото",
    "stock_amount": "остаток",
}
_DONE_TO = {Action.HIDE: "скроет", Action.SHOW: "снова покажет", Action.ADD: "добавит", Action.DELETE: "удалит"}


def effect(found: Effect) -> str:
    """What the next run changes in VK, in one sentence."""
    fields = [(word, count) for name, word in _FIELDS.items() if (count := found.fields.get(name, 0))]
    changed = [f"{word} у {counted(count, *OF_GOODS)}" for word, count in fields]
    actions = [(word, count) for action, word in _DONE_TO.items() if (count := found.actions.get(action, 0))]
    done = [f"{word} {counted(count, *GOODS)}" for word, count in actions]
    parts = ([f"изменит {', '.join(changed)}"] if changed else []) + done
    if parts:
        return f"{_next(found)} {'; '.join(parts)}."
    if found.arranges:
        return f"{_next(found)} изменит подборки."
    if not found.live:
        return "Наших товаров в ВК пока не видно: настройки подействуют, когда они появятся."
    return "В ВК сейчас всё уже так: менять нечего."


def _next(found: Effect) -> str:
    return "Следующее обновление" if found.is_coming else "Когда обновления начнутся, первое"


def category_chosen(*, is_given: bool) -> str:
    done = "Категория выбрана." if is_given else "Своя категория убрана."
    return f"{done} Следующее обновление переставит товары в ВК."


def categories_read(count: int) -> str:
    return f"Список прочитан: {counted(count, 'категория', 'категории', 'категорий')}."


STOPPING = {
    "queued": ("Обновление убрано из очереди.", "success"),
    "running": ("Останавливаем обновление: оно закончит начатое изменение и прекратится.", "success"),
}
ENDED_ALREADY = ("Это обновление уже закончилось: останавливать нечего.", "info")

_DECIDED: Mapping[str, tuple[str, str]] = {
    "take": ("Взято", "Следующее обновление передаст им данные из кассы."),
    "leave": ("Оставлено", "Эти карточки мы не тронем, а товары из кассы добавим рядом."),
    "again": ("Вернём", "Следующее обновление добавит их в ВК заново."),
    "keep": ("Больше не добавляем", "В ВК их не будет, пока вы не решите иначе."),
}


def decided(decision: str, marked: int, count: int) -> tuple[str, str]:
    """What was done about the marked items of the market, with the tone of the notice."""
    if not marked:
        return message("nothing_marked"), "warning"
    if not count:
        return "На эти вопросы вы уже ответили: список обновлён.", "info"
    done, then = _DECIDED[decision]
    return f"{done}: {counted(count, *GOODS)}. {then}", "success"
