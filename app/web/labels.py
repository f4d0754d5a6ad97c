"""Codes in Russian words: states, modes, actions, reasons."""

import sys
from typing import NamedTuple

from flask import Flask

from app.domain.listing.fitness import SkipReason
from app.domain.market.adoption import MatchedBy
from app.domain.planning.changes import Action, Reason
from app.domain.rules import EntityType, FilterMode, Status
from app.models import (
    ConnectionState,
    EntryOutcome,
    EvotorConnection,
    RunStatus,
    RunTrigger,
    StoreState,
    Vendor,
    VkConnection,
)
from app.web import messages
from app.web.formatting import counted


def init_app(app: Flask) -> None:
    app.jinja_env.globals["labels"] = sys.modules[__name__]
    app.jinja_env.globals["message"] = messages.message


class Label(NamedTuple):
    text: str
    tone: str
    """One of Bootstrap's: success, info, warning, danger, secondary."""


class Advice(NamedTuple):
    text: str
    what_to_do: str
    endpoint: str | None = None
    """The page on which it is done, and its name."""
    page: str = ""


STATUS = {
    Status.NOT_CONFIGURED: Label("Не настроено", "secondary"),
    Status.AWAITING_CONFIRMATION: Label("Настроено, ожидает подтверждения", "warning"),
    Status.ACTIVE: Label("Активна", "success"),
    Status.PAUSED: Label("Приостановлена", "secondary"),
}
HALTED = Label("Приостановлена оператором", "danger")

CONNECTION = {
    ConnectionState.OK: Label("Подключено", "success"),
    ConnectionState.DISCONNECTED: Label("Не подключено", "secondary"),
    ConnectionState.TOKEN_REJECTED: Label("Ключ не принят", "danger"),
    ConnectionState.FORBIDDEN: Label("Не хватает прав", "danger"),
    ConnectionState.UNAVAILABLE: Label("Не отвечает", "warning"),
    ConnectionState.SHOP_CLOSED: Label("Товары выключены", "danger"),
    ConnectionState.NEEDS_OWNER: Label("Нужно ваше участие", "warning"),
}
NO_RIGHT = "vk_id_no_market_right"
CONNECTION_BY_CODE = {
    NO_RIGHT: Label("Нет права на товары", "danger"),
    "vk_id_expired": Label("Нужно войти заново", "danger"),
    "evotor_uninstalled": Label("Приложение удалено", "danger"),
    "evotor_terminated": Label("Подписка закончилась", "danger"),
}
"""Where the code tells more than the state."""
VENDOR = {Vendor.EVOTOR: "Эвотор", Vendor.VK: "ВК"}
SILENT = frozenset({"evotor_unreachable", "vk_unreachable", "vk_id_unreachable"})
"""What is no answer at all."""

STORE = {
    StoreState.OK: Label("Загружен", "success"),
    StoreState.PAYMENT_REQUIRED: Label("Не оплачено приложение", "warning"),
    StoreState.FORBIDDEN: Label("Нет доступа", "danger"),
    StoreState.UNAVAILABLE: Label("Не загружен", "warning"),
    StoreState.SUSPICIOUS: Label("Похоже на сбой", "warning"),
    StoreState.MISSING: Label("Нет в Эвоторе", "danger"),
    StoreState.CLOSED: Label("Закрыт", "secondary"),
}

RUN = {
    RunStatus.QUEUED: Label("В очереди", "info"),
    RunStatus.RUNNING: Label("Идёт", "info"),
    RunStatus.SUCCEEDED: Label("Завершено", "success"),
    RunStatus.CONTINUED: Label("Продолжится позже", "info"),
    RunStatus.STOPPED: Label("Остановлено", "warning"),
    RunStatus.FAILED: Label("Не удалось", "danger"),
    RunStatus.NEEDS_APPROVAL: Label("Ждёт вашего решения", "warning"),
}

TRIGGER = {
    RunTrigger.CONFIRMED: "после подтверждения",
    RunTrigger.MANUAL: "по вашей команде",
    RunTrigger.SCHEDULE: "по расписанию",
    RunTrigger.COMMAND: "по команде оператора",
    RunTrigger.HIDE_ALL: "скрыть всё в ВК",
    RunTrigger.UNDO: "вернуть скрытое",
}

ACTION = {
    Action.ADD: "Добавить",
    Action.EDIT: "Изменить",
    Action.SHOW: "Снова показать",
    Action.HIDE: "Скрыть",
    Action.DELETE: "Удалить",
    Action.ALBUM_RENAME: "Переименовать подборку",
    Action.ALBUM_ADD: "Создать подборку",
    Action.ALBUM_PUT: "Положить в подборку",
    Action.ALBUM_REMOVE: "Убрать из подборки",
}

OUTCOME = {
    EntryOutcome.DONE: Label("Сделано", "success"),
    EntryOutcome.FAILED: Label("Не получилось", "danger"),
    EntryOutcome.UNKNOWN: Label("ВК не ответил", "warning"),
    EntryOutcome.KEPT: Label("Оставлено", "secondary"),
}

MODE = {
    FilterMode.INCLUDE: Label("Включено", "success"),
    FilterMode.EXCLUDE: Label("Исключено", "danger"),
}

ENTITY = {EntityType.STORE: "магазин", EntityType.GROUP: "группа", EntityType.PRODUCT: "товар"}

FIELD = {
    "name": "название",
    "description": "описание",
    "price": "цена",
    "category_id": "категория ВК",
    "stock_amount": "остаток",
    "photo": "фото",
    "deleted": "показ",
    "album": "подборка",
}

REASON: dict[str, Advice] = {
    SkipReason.NOT_FOR_SALE: Advice(
        "Снят с продажи в Эвоторе", "Если товар продаётся, разрешите его продажу в Эвоторе."
    ),
    SkipReason.RESTRICTED: Advice(
        "Алкоголь, табак, лекарства и подобное", "ВК не разрешает показывать такие товары: делать ничего не нужно."
    ),
    SkipReason.REVIEW: Advice(
        "Тип товара нужно проверить",
        "Такие товары в ВК показывают не всегда. Если вам можно, разрешите этот тип.",
        "window.settings",
        "Настройки витрины",
    ),
    SkipReason.NO_PRICE: Advice("Нет цены", "Укажите в Эвоторе цену больше нуля."),
    SkipReason.NO_NAME: Advice("Нет названия", "Дайте товару в Эвоторе название из букв или цифр."),
    SkipReason.NO_PHOTO: Advice("Нет фото", "Добавьте фото товара."),
    SkipReason.SOLD_OUT: Advice(
        "Нет в наличии",
        "Появится в ВК сам, когда в Эвоторе будет остаток. Чтобы показывать и такие, выберите «Показывать всегда».",
        "window.settings",
        "Настройки витрины",
    ),
    Reason.OUT: Advice("Не показывается по фильтрам", "Если товар нужен в ВК, измените фильтры в каталоге."),
    Reason.MISSING: Advice("Больше нет в Эвоторе", "Если товар удалён по ошибке, верните его в Эвоторе."),
    Reason.CLOSED: Advice("Магазин закрыт", "Вы отметили, что магазин закрыт: его товары уходят из ВК."),
    Reason.GONE: Advice(
        "Удалён в ВК", "Товар удалили в самом ВК. Решите, добавлять ли его снова.", "market.market", "Товары в ВК"
    ),
    Reason.SIMILAR: Advice(
        "Похожий товар уже есть в ВК", "Решите, тот ли это товар: тогда мы продолжим.", "market.market", "Товары в ВК"
    ),
    Reason.DRIFT: Advice(
        "Изменили в самом ВК",
        "Возвращаем, как в Эвоторе. Что оставлять, выбирается в настройках.",
        "window.settings",
        "Настройки витрины",
    ),
    Reason.OWNER: Advice("По вашей команде", "Ничего делать не нужно."),
    Reason.REFUSED: Advice(
        "ВК отказал", "Почему и что делать, написано у каждого товара. Через несколько часов попробуем ещё раз."
    ),
    Reason.OUTDATED: Advice(
        "В ВК, но с прежними данными",
        "ВК не принял изменение, и покупатели видят товар прежним. Почему и что делать, написано у каждого товара. "
        "Через несколько часов попробуем ещё раз.",
    ),
    Reason.UNCERTAIN: Advice("Ждём ответа ВК", "Делать ничего не нужно: проверим при следующем обновлении."),
    Reason.UNREADABLE_ITEM: Advice(
        "Возможно, уже есть в ВК",
        "Один товар сообщества ВК присылает так, что его не прочитать: вдруг это он. Чтобы не добавить дважды, ждём и "
        "проверяем раз в день.",
    ),
    Reason.TWIN: Advice("Второй такой же товар", "В ВК остался один из двух одинаковых товаров."),
}


MATCHED_BY = {
    MatchedBy.ARTICLE: "по артикулу",
    MatchedBy.BARCODE: "по штрихкоду",
    MatchedBy.NAME: "по названию",
}

_TYPES = {
    "MEDICAL_DEVICES_": "Медицинские изделия",
    "DIETARY_SUPPLEMENTS_": "Биологически активные добавки",
    "ANTISEPTIC_MARKED": "Антисептики",
}


def product_type(kind: str, count: int) -> str:
    """A type of Evotor's that is held for review, with the number of its products."""
    name = next((name for prefix, name in _TYPES.items() if kind.startswith(prefix)), f"Маркированные: {kind}")
    return f"{name}, {counted(count, 'товар', 'товара', 'товаров')}"


def reason(code: str) -> Advice:
    return REASON.get(code, Advice("Другая причина", "Загляните сюда после следующего обновления."))


def run_status(status: str, *, is_latest: bool = True) -> Label:
    """A plan that waited and was followed by other runs waits no more."""
    if status == RunStatus.NEEDS_APPROVAL and not is_latest:
        return Label("Ждало решения", "secondary")
    return RUN[RunStatus(status)]


def connection(row: EvotorConnection | VkConnection | None) -> Label:
    """By what the vendor answered, where the state holds several kinds of trouble."""
    if isinstance(row, EvotorConnection) and row.is_awaiting_key:
        return Label("Ждём ключ от Эвотора", "info")
    if row is None or not (row.is_connected or row.error_code == NO_RIGHT):
        return CONNECTION[ConnectionState.DISCONNECTED]
    if isinstance(row, EvotorConnection) and row.is_unchecked:
        return Label("Проверяем", "info")
    withdrawn = row.withdrawn if isinstance(row, EvotorConnection) else None
    if (code := withdrawn or row.error_code) in CONNECTION_BY_CODE:
        return CONNECTION_BY_CODE[code]
    if row.state == ConnectionState.UNAVAILABLE and row.error_code not in SILENT:
        return Label("Есть трудности", "warning")
    return CONNECTION[ConnectionState(row.state)]


def standing(row: EvotorConnection | VkConnection) -> str:
    """Whether it works, told beside since when."""
    if isinstance(row, EvotorConnection) and row.is_unchecked:
        return "Проверяем"
    state = ConnectionState(row.state)
    if state in (ConnectionState.TOKEN_REJECTED, ConnectionState.FORBIDDEN):
        return "Нужно подключить заново"
    return "Работает" if state is ConnectionState.OK else "Не работает"


def within(text: str) -> str:
    """Within a sentence."""
    return text[:1].lower() + text[1:]
