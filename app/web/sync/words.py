"""What the pages of synchronisation say about plans, orders and answers."""

from collections.abc import Mapping

from app.domain.brakes import Brake, BrakeKind
from app.domain.changes import Action
from app.domain.plan import Plan
from app.services.plan_effect import Effect
from app.web.formatting import counted, number, plural_ru
from app.web.messages import message

GOODS = ("товар", "товара", "товаров")
OF_GOODS = ("товара", "товаров", "товаров")


def brake(found: Brake, plan: Plan) -> str:
    """Why the plan waits, in one sentence."""
    count = len(found.changes)
    if found.kind is BrakeKind.ADDITIONS:
        new = plural_ru(count, "новый", "новых", "новых")
        why = "Вы подтверждали меньше: теперь" if found.is_beyond_confirmed else "После изменения фильтров"
        return f"{why} план добавит {number(count)} {new} {plural_ru(count, *GOODS)}."
    if found.kind is BrakeKind.PRICES:
        step = "в 10 раз или ещё сильнее" if found.is_tenfold else "больше чем наполовину"
        whose = f"У {counted(count, *OF_GOODS)} из {number(found.live)}, которые сейчас видны в ВК"
        return f"{whose}, цена изменится {step}."
    removed = f"План скроет или удалит {counted(count, *GOODS)}"
    if any(change.key not in plan.live_keys for change in found.changes):
        return f"{removed}. Сейчас в ВК видно {number(found.live)}."
    return f"{removed} из {number(found.live)}, которые сейчас видны в ВК."


EMPTY_SECTION = {
    "add": "Новых товаров нет. Здесь появятся те, которые вы выберете в каталоге и которых ещё нет в ВК.",
    "edit": "Менять нечего. Здесь появятся товары, у которых в Эвоторе изменились цена, остаток или название.",
    "hide": "Скрывать нечего. Здесь появятся товары, которые закончились или больше не входят в выбор.",
    "delete": "Удалять нечего. Товар попадает сюда, если долго не входит в выбор и уже скрыт в ВК.",
    "albums": "Подборки менять не нужно. Они собираются из групп Эвотора: здесь появятся новые и изменённые.",
    "skipped": "Пропускать нечего: всё выбранное может попасть в ВК.",
}
"""What belongs into a section of the plan that has nothing."""


def toggled(is_on: bool, *, is_confirmed: bool) -> tuple[str, str]:
    if not is_on:
        return "Синхронизация выключена. Товары в ВК остались как были.", "info"
    if is_confirmed:
        return "Синхронизация включена.", "success"
    return "Синхронизация включена. Посмотрите план и нажмите «Подтвердить и запустить».", "success"


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
        return f"Следующий запуск {'; '.join(parts)}."
    if not found.live:
        return "Наших товаров в ВК пока нет: настройки подействуют, когда они появятся."
    return "В ВК сейчас всё уже так: следующий запуск ничего не изменит."


def category_chosen(*, is_given: bool) -> str:
    done = "Категория выбрана." if is_given else "Своя категория убрана."
    return f"{done} Следующий запуск переставит товары в ВК."


def categories_read(count: int) -> str:
    return f"Список прочитан: {counted(count, 'категория', 'категории', 'категорий')}."


STOPPING = {
    "queued": ("Запуск убран из очереди.", "success"),
    "running": ("Останавливаем запуск: он закончит начатое изменение и прекратится.", "success"),
}
ENDED_ALREADY = ("Этот запуск уже закончился: останавливать нечего.", "info")

_DECIDED: Mapping[str, tuple[str, str]] = {
    "take": ("Взято", "Следующий запуск передаст им данные из кассы."),
    "leave": ("Оставлено", "Эти карточки мы не тронем, а товары из кассы добавим рядом."),
    "again": ("Вернём", "Следующий запуск добавит их в ВК заново."),
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
