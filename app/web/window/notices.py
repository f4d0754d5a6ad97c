"""What is said after the settings of the window were changed."""

from app.domain.planning.changes import Action
from app.services.planning.effect import Effect
from app.web.formatting import GOODS, OF_GOODS, counted

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
        return "В сообществе наших товаров пока не видно: настройки подействуют, когда они появятся."
    return "В ВК сейчас всё уже так: менять нечего."


def _next(found: Effect) -> str:
    return "Следующее обновление" if found.is_coming else "Когда обновления начнутся, первое"


def category_chosen(*, is_given: bool) -> str:
    done = "Категория выбрана." if is_given else "Своя категория убрана."
    return f"{done} Следующее обновление переставит товары в ВК."


def categories_read(count: int) -> str:
    return f"Список прочитан: {counted(count, 'категория', 'категории', 'категорий')}."
