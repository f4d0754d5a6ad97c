"""Numbers, money and dates as Russian readers expect them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from flask import Flask
from flask_login import current_user

from app.clock import utcnow
from app.domain.account.time_zones import zone_of
from app.domain.texts.units import short_unit

NBSP = "\u00a0"
MINUS = "\u2212"
GOODS = ("товар", "товара", "товаров")
OF_GOODS = ("товара", "товаров", "товаров")
"""For `counted` and `plural_ru`."""
MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)


def init_app(app: Flask) -> None:
    for name, function in (
        ("email", email),
        ("plural_ru", plural_ru),
        ("counted", counted),
        ("number", number),
        ("quoted", quoted),
        ("money", money),
        ("amount", amount),
        ("quantity", quantity),
        ("moment", moment),
        ("since", since),
        ("clock", clock),
        ("ago", ago),
        ("iso", iso),
        ("span", span),
    ):
        app.add_template_filter(function, name)


def email(stored: str) -> str:
    """As its owner writes it: the domain in letters, not in the ASCII form in which addresses are compared."""
    import idna

    local, at, domain = stored.rpartition("@")
    try:
        return local + at + idna.decode(domain)
    except idna.IDNAError:
        return stored


def plural_ru(count: int, one: str, few: str, many: str) -> str:
    """The form of the word that goes with the number: 1 товар, 2 товара, 5 товаров."""
    tail, tens = abs(count) % 10, abs(count) % 100
    if tail == 1 and tens != 11:
        return one
    return few if tail in (2, 3, 4) and tens not in (12, 13, 14) else many


def counted(count: int, one: str, few: str, many: str) -> str:
    return f"{number(count)}{NBSP}{plural_ru(count, one, few, many)}"


def number(value: int) -> str:
    return f"{value:,}".replace(",", NBSP).replace("-", MINUS)


def quoted(name: str) -> str:
    """«Ёлочки» round a name, „лапки“ for those that it has itself."""
    return "«" + name.replace("«", "„").replace("»", "“") + "»"


def money(value: Decimal | str | int | None) -> str:
    """1 250,50 ₽; kopecks always, so that prices stand under each other."""
    if value is None:
        return "—"
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return str(value)
    return f"{amount:,.2f}".replace(",", NBSP).replace(".", ",").replace("-", MINUS) + f"{NBSP}₽"


def quantity(value: Decimal | None) -> str:
    """Without needless zeros: 12, 0,35."""
    if value is None:
        return "—"
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return text.replace(",", NBSP).replace(".", ",").replace("-", MINUS)


def amount(value: Decimal | None, measure: str) -> str:
    """«6 шт», «−2 кг»; without a number nothing is measured."""
    unit = measure.strip()
    if value is None or not unit:
        return quantity(value)
    return f"{quantity(value)}{NBSP}{short_unit(unit)}"


def moment(value: datetime | None) -> str:
    """A naive UTC time in the user's own time zone: «сегодня в 14:05», «3 ноября в 09:00»."""
    if value is None:
        return "—"
    local, now = (at.replace(tzinfo=UTC).astimezone(user_zone()) for at in (value, utcnow()))
    today = now.date()
    days = {today: "сегодня", today - timedelta(days=1): "вчера", today + timedelta(days=1): "завтра"}
    day = days.get(local.date()) or f"{local.day}{NBSP}{MONTHS[local.month - 1]}"
    if local.year != today.year and local.date() not in days:
        day += f" {local.year}{NBSP}г."
    return f"{day} в{NBSP}{local:%H:%M}"


def since(value: datetime | None) -> str:
    """«сегодня с 14:05», «со вчерашнего дня», «с 3 ноября»."""
    if value is None:
        return "пока не знаем"
    local, now = (at.replace(tzinfo=UTC).astimezone(user_zone()) for at in (value, utcnow()))
    if local.date() == now.date():
        return f"сегодня с{NBSP}{local:%H:%M}"
    if local.date() == now.date() - timedelta(days=1):
        return "со вчерашнего дня"
    year = "" if local.year == now.year else f" {local.year}{NBSP}г."
    return f"с{NBSP}{local.day}{NBSP}{MONTHS[local.month - 1]}{year}"


def clock(value: datetime) -> str:
    """A naive UTC time as the hour in the user's own time zone: «14:05:09»."""
    return f"{value.replace(tzinfo=UTC).astimezone(user_zone()):%H:%M:%S}"


def ago(value: datetime | None) -> str:
    """The age of something: «5 минут назад»."""
    if value is None:
        return "никогда"
    minutes = max(0, int((utcnow() - value).total_seconds() // 60))
    if minutes < 1:
        return "только что"
    if minutes < 60:
        return f"{counted(minutes, 'минуту', 'минуты', 'минут')} назад"
    if minutes < 24 * 60:
        return f"{counted(minutes // 60, 'час', 'часа', 'часов')} назад"
    return f"{counted(minutes // (24 * 60), 'день', 'дня', 'дней')} назад"


def span(value: timedelta) -> str:
    """How long something took, accusative: «меньше секунды», «40 секунд», «3 минуты», «2 часа 5 минут»."""
    seconds = max(0, int(value.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 1:
        return "меньше секунды"
    if minutes < 1:
        return counted(seconds, "секунду", "секунды", "секунд")
    if hours < 1:
        return counted(minutes, "минуту", "минуты", "минут")
    if hours >= 24:
        return counted(hours // 24, "день", "дня", "дней")
    whole = counted(hours, "час", "часа", "часов")
    return f"{whole} {counted(minutes % 60, 'минуту', 'минуты', 'минут')}" if minutes % 60 else whole


def time_left(seconds: float) -> str:
    """An estimate, genitive, no more exact than it is: «около 4 минут», «около полутора часов»."""
    minutes = max(1, round(seconds / 60))
    if seconds < 45:
        return "меньше минуты"
    if minutes == 1:
        return "около минуты"
    if minutes > 10:
        minutes = round(minutes / 5) * 5
    if minutes < 55:
        return f"около {counted(minutes, 'минуты', 'минут', 'минут')}"
    hours = round(seconds / 3600)
    if hours <= 1 or minutes < 105:
        return "около часа" if minutes < 75 else "около полутора часов"
    return f"около {counted(hours, 'часа', 'часов', 'часов')}"


def iso(value: datetime) -> str:
    """For the `datetime` attribute."""
    return value.replace(microsecond=0).isoformat() + "Z"


def user_zone() -> ZoneInfo:
    return zone_of(getattr(current_user, "time_zone", None))
