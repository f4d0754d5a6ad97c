"""Time zones as an owner in Russia or next to it names them."""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

USUAL = "Europe/Moscow"

RUSSIAN = {
    "Europe/Kaliningrad": "Калининград",
    "Europe/Moscow": "Москва, Санкт-Петербург",
    "Europe/Volgograd": "Волгоград",
    "Europe/Samara": "Самара, Ижевск",
    "Europe/Saratov": "Саратов",
    "Europe/Astrakhan": "Астрахань",
    "Europe/Ulyanovsk": "Ульяновск",
    "Asia/Yekaterinburg": "Екатеринбург, Уфа, Пермь, Челябинск, Тюмень",
    "Asia/Omsk": "Омск",
    "Asia/Novosibirsk": "Новосибирск",
    "Asia/Barnaul": "Барнаул",
    "Asia/Tomsk": "Томск",
    "Asia/Novokuznetsk": "Кемерово, Новокузнецк",
    "Asia/Krasnoyarsk": "Красноярск",
    "Asia/Irkutsk": "Иркутск, Улан-Удэ",
    "Asia/Yakutsk": "Якутск, Благовещенск",
    "Asia/Chita": "Чита",
    "Asia/Vladivostok": "Владивосток, Хабаровск",
    "Asia/Magadan": "Магадан",
    "Asia/Sakhalin": "Южно-Сахалинск",
    "Asia/Srednekolymsk": "Среднеколымск",
    "Asia/Kamchatka": "Петропавловск-Камчатский",
    "Asia/Anadyr": "Анадырь",
}
NEAR = {
    "Europe/Minsk": "Минск",
    "Asia/Almaty": "Алматы, Астана",
    "Asia/Tashkent": "Ташкент",
    "Asia/Bishkek": "Бишкек",
    "Asia/Dushanbe": "Душанбе",
    "Asia/Ashgabat": "Ашхабад",
    "Asia/Yerevan": "Ереван",
    "Asia/Tbilisi": "Тбилиси",
    "Asia/Baku": "Баку",
    "Europe/Chisinau": "Кишинёв",
}
_CONTINENTS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


def choices(now: datetime) -> dict[str, list[tuple[str, str]]]:
    """{heading: (id, words)}: Russia from west to east, its neighbours, then all others. `now` in naive UTC."""
    return _choices(now.replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=1)
def _choices(hour: datetime) -> dict[str, list[tuple[str, str]]]:
    """Hundreds of zones are looked up for it, and hours last."""
    others = {zone: zone.replace("_", " ") for zone in _others()}
    return {
        heading: [(zone, f"{words} ({against_moscow(zone, hour)})") for zone, words in zones.items()]
        for heading, zones in (("Россия", RUSSIAN), ("Рядом", NEAR), ("Другие", others))
    }


def zone_of(name: str | None) -> ZoneInfo:
    """Of an owner; the usual one where nobody knows it by that name."""
    try:
        return ZoneInfo(name or USUAL)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(USUAL)


def listed(zone: str) -> str:
    """The zone where it can be chosen, else the usual one."""
    return zone if zone in RUSSIAN or zone in NEAR or zone in _others() else USUAL


@cache
def _others() -> tuple[str, ...]:
    known = RUSSIAN.keys() | NEAR.keys()
    return ("UTC", *sorted(zone for zone in available_timezones() - known if zone.startswith(_CONTINENTS)))


def against_moscow(zone: str, now: datetime) -> str:
    """«МСК», «МСК−1», «МСК+5:30»"""
    apart = _offset(zone, now) - _offset(USUAL, now)
    minutes = abs(apart) // timedelta(minutes=1)
    if not minutes:
        return "МСК"
    part = f":{minutes % 60:02}" if minutes % 60 else ""
    return f"МСК{'+' if apart > timedelta() else '−'}{minutes // 60}{part}"


def _offset(zone: str, now: datetime) -> timedelta:
    return now.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
