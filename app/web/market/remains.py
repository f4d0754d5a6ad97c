"""What becomes of the items in VK where nothing is done to them: only what stands in the window can stay there."""

from flask import Flask

from app.services.owner.shop_window import ShopWindow
from app.web.formatting import GOODS, counted, plural_ru, quoted


def init_app(app: Flask) -> None:
    words = {"left_behind": left_behind, "stayed": stayed, "stayed_everywhere": stayed_everywhere, "stays": stays}
    app.jinja_env.globals.update(words)


def stayed(window: ShopWindow) -> str:
    """After something was switched off or taken away."""
    return _told(window, "Товары в ВК остались как были.")


def stayed_everywhere(window: ShopWindow) -> str:
    """The same where nothing else tells of communities that were connected before."""
    return stayed(window) if window.live else f"{stayed(window)} {left_behind(window)}".strip()


def stays(window: ShopWindow) -> str:
    """Before it is."""
    return _told(window, "Товары в ВК останутся как есть.")


def left_behind(window: ShopWindow, name: str = "") -> str:
    """What stands in communities that were connected before; empty where nothing does.

    `name`: of the one where all of it stands, if that is known.
    """
    if not window.left:
        return ""
    stay = plural_ru(window.left, "остался", "осталось", "осталось")
    goods = counted(window.left, "наш товар", "наших товара", "наших товаров")
    called = f" {quoted(name)}" if name else ""
    them = plural_ru(window.left, "его", "их", "их")
    return (
        f"В прежнем сообществе ВК{called} {stay} {goods}: чтобы скрыть {them}, подключите это сообщество снова "
        "и нажмите «Скрыть всё в ВК»."
    )


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
