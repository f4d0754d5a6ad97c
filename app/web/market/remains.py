"""What becomes of the items in VK where nothing is done to them: only what stands in the window can stay there."""

from flask import Flask

from app.services.owner.shop_window import ShopWindow
from app.web.formatting import GOODS, counted, plural_ru


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(left_behind=left_behind, stayed=stayed, stays=stays)


def stayed(window: ShopWindow) -> str:
    """After something was switched off or taken away."""
    told = _told(window, "Товары в ВК остались как были.")
    return told if window.live else _with_left(told, window)


def stays(window: ShopWindow) -> str:
    """Before it is."""
    return _with_left(_told(window, "Товары в ВК останутся как есть."), window)


def left_behind(window: ShopWindow) -> str:
    """What stands in communities that were connected before; empty where nothing does."""
    if not window.left:
        return ""
    stay = plural_ru(window.left, "остался", "осталось", "осталось")
    goods = counted(window.left, "наш товар", "наших товара", "наших товаров")
    them = plural_ru(window.left, "его", "их", "их")
    return (
        f"В прежнем сообществе ВК {stay} {goods}: чтобы скрыть {them}, подключите это сообщество снова "
        "и нажмите «Скрыть всё в ВК»."
    )


def _with_left(told: str, window: ShopWindow) -> str:
    return f"{told} {left_behind(window)}".strip()


def _told(window: ShopWindow, unchanged: str) -> str:
    if window.order == "hide_all":
        return "Товары в ВК ещё скрываются."
    if window.order is not None:
        return "Товары в ВК ещё возвращаются."
    if window.live:
        return unchanged
    if window.is_hidden:
        where = "в этом сообществе" if window.left else "в ВК"
        return f"Товары скрыты: покупатели не видят {where} {counted(window.hidden, *GOODS)}."
    return _not_seen(window)


def _not_seen(window: ShopWindow) -> str:
    if not window.is_uncertain:
        where = "В подключённом сообществе" if window.in_reach else "В последнем подключённом сообществе"
        return f"{where} наших товаров нет." if window.left else "Наших товаров в ВК нет."
    if window.is_at_work:
        return "Сейчас идёт обновление: какие из наших товаров уже есть в ВК, узнаем, когда оно закончится."
    return "Что из наших товаров уже есть в ВК, пока не знаем: на часть запросов он не ответил."
