"""What becomes of the items in VK where nothing is done to them: only what stands in the window can stay there."""

from flask import Flask

from app.services.owner.shop_window import ShopWindow
from app.web.formatting import GOODS, counted


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(stayed=stayed, stays=stays)


def stayed(window: ShopWindow) -> str:
    """After something was switched off or taken away."""
    return _told(window, "Товары в ВК остались как были.")


def stays(window: ShopWindow) -> str:
    """Before it is."""
    return _told(window, "Товары в ВК останутся как есть.")


def _told(window: ShopWindow, unchanged: str) -> str:
    if window.order == "hide_all":
        return "Товары в ВК ещё скрываются."
    if window.order is not None:
        return "Товары в ВК ещё возвращаются."
    if window.live:
        return unchanged
    if window.is_hidden:
        return f"Товары скрыты: покупатели не видят в ВК {counted(window.hidden, *GOODS)}."
    return _not_seen(window)


def _not_seen(window: ShopWindow) -> str:
    if not window.is_uncertain:
        return "Наших товаров в ВК нет."
    if window.is_at_work:
        return "Сейчас идёт обновление: какие из наших товаров уже есть в ВК, узнаем, когда оно закончится."
    return "Что из наших товаров уже есть в ВК, пока не знаем: на часть запросов он не ответил."
