"""What happened to an account, in words."""

from datetime import datetime
from typing import NamedTuple

from app.models import AccountEvent, EventKind
from app.services.accounts.events import CABINET
from app.services.connections.evotor_webhooks.linking import SOURCE

A_PAGE = 20

EVENTS = {
    EventKind.REGISTERED: "Вы зарегистрировались",
    EventKind.SIGNED_IN: "Вход в EvoSync",
    EventKind.SIGN_IN_FAILED: "Неверный пароль при входе",
    EventKind.SIGN_IN_LOCKED: "Вход оттуда приостановлен: много неверных паролей",
    EventKind.PASSWORD_REFUSED: "Неверный пароль на странице учётной записи",
    EventKind.SIGNED_OUT: "Выход на одном устройстве",
    EventKind.SIGNED_OUT_EVERYWHERE: "Выход на всех устройствах",
    EventKind.PASSWORD_CHANGED: "Пароль изменён",
    EventKind.EMAIL_CONFIRMED: "Адрес подтверждён",
    EventKind.EVOTOR_CONNECTED: "Эвотор подключён",
    EventKind.EVOTOR_CHANGED: "Подключена другая учётная запись Эвотора",
    EventKind.EVOTOR_DISCONNECTED: "Эвотор отключён",
    EventKind.EVOTOR_INSTALLED: "Приложение снова установлено в Эвоторе",
    EventKind.VK_CONNECTED: "Сообщество ВК подключено",
    EventKind.VK_CHANGED: "Подключено другое сообщество ВК",
    EventKind.VK_DISCONNECTED: "ВК отключён",
    EventKind.ENABLED: "Синхронизация включена",
    EventKind.DISABLED: "Синхронизация выключена",
    EventKind.CONFIRMED: "Настройки подтверждены, обновление запущено",
    EventKind.APPROVED: "Изменения одобрены",
    EventKind.HIDE_ALL_ORDERED: "Команда «Скрыть всё в ВК»",
    EventKind.UNDO_ORDERED: "Команда вернуть скрытое",
    EventKind.RUN_STOPPED: "Обновление остановлено",
    EventKind.OPERATOR_GRANTED: "Вы стали оператором EvoSync",
    EventKind.OPERATOR_REVOKED: "Вы больше не оператор EvoSync",
    EventKind.HALTED: "Обновления приостановлены",
    EventKind.RESUMED: "Обновления снова разрешены",
}
IN_CABINET = {
    EventKind.EVOTOR_CONNECTED: "Учётная запись Эвотора связана с EvoSync",
    EventKind.EVOTOR_CHANGED: "Эвотор передал ключ другой учётной записи",
    EventKind.EVOTOR_DISCONNECTED: "Приложение удалено в Эвоторе",
}
"""What was done at Evotor's."""

BY_OPERATORS = {EventKind.HALTED, EventKind.RESUMED}

BY_ADMINISTRATORS = {EventKind.OPERATOR_GRANTED, EventKind.OPERATOR_REVOKED}


class Told(NamedTuple):
    what: str
    at: datetime
    where: str
    """Browser and address, as far as they are known."""


def told(event: AccountEvent) -> Told:
    kind = EventKind(event.kind)
    is_from_cabinet = f"way={CABINET}" in event.detail.split()
    what = IN_CABINET.get(kind, EVENTS[kind]) if is_from_cabinet else EVENTS[kind]
    return Told(what, event.at, "личный кабинет Эвотора" if is_from_cabinet else _where(event))


def _where(event: AccountEvent) -> str:
    if event.kind in BY_OPERATORS:  # whose address is nobody's business
        return "оператор EvoSync"
    if event.source is None:
        is_command = event.kind in BY_ADMINISTRATORS
        return "по команде администратора сервера" if is_command else "сам EvoSync или администратор сервера"
    if event.source.startswith(SOURCE):
        return "личный кабинет Эвотора"
    source = "адрес неизвестен" if event.source == "unknown" else event.source
    return f"{event.device}, {source}" if event.device else source
