"""What is said after the owner decided about items in VK."""

from collections.abc import Mapping

from app.web.formatting import GOODS, counted
from app.web.messages import message

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
