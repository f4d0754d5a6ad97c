"""Names of measures as tills know them: docs/contracts/evotor.md §6.3, and whatever an owner typed."""

import re
from functools import lru_cache

from app.domain.texts.cleaning import clean_line

_SPELLED = {
    "кг": "кг kg кило килограмм килограмма килограммы килограммов кгр",
    "г": "г гр g gr грамм грамма граммы граммов",
    "т": "т тн тонна тонны тонн",
    "ц": "ц центнер центнера центнеров",
    "мг": "мг mg миллиграмм",
    "л": "л l ltr литр литра литры литров лтр",
    "мл": "мл ml миллилитр миллилитра миллилитров",
    "м": "м m метр метра метры метров",
    "пог. м": "пм мп погм мпог погонныйметр погонныхметров метрпогонный погонныйм мпогонный погметр",
    "км": "км km километр километра километров",
    "см": "см cm сантиметр сантиметра сантиметров",
    "мм": "мм mm миллиметр миллиметра миллиметров",
    "дм": "дм dm дециметр",
    "м2": "м2 m2 квм мкв квадратныйметр метрквадратный квметр метркв",
    "см2": "см2 cm2 квсм смкв",
    "м3": "м3 m3 кубм мкуб кубическийметр метркубический кубметр метркуб куб",
    "шт": "шт штук штука штуки",
    "упак": "упак уп упаковка упаковки упаковок",
    "компл": "компл комплект комплекта",
    "ед": "ед единица",
}
_KNOWN = {spelling: unit for unit, spellings in _SPELLED.items() for spelling in spellings.split()}
_COUNTED = frozenset({"шт", "упак", "компл", "ед"})
"""Buyers need not be told that a price is that of a piece."""

_MEASURE = re.compile(r"(?:(?:цена )?за )?(?P<number>[0-9]+(?:[.,][0-9]+)?)? ?(?P<unit>[^0-9\s].*)", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s.\-/^]+")


def unit_name(measure: str) -> str:
    """«Кг.» is «кг»; what is not known stays as it was typed, without a dot at its end."""
    number, unit = _read(measure)
    if unit:
        return f"{number} {unit}".lstrip()
    return clean_line(measure).rstrip(".")


def priced_by(measure: str) -> str:
    """For how much of what is weighed or measured the price is: «1 кг», «100 г»; empty for pieces."""
    number, unit = _read(measure)
    return f"{number or 1} {unit}" if unit and unit not in _COUNTED else ""


_SHORT = {
    "штука": "шт",
    "килограмм": "кг",
    "грамм": "г",
    "литр": "л",
    "миллилитр": "мл",
    "метр": "м",
    "сантиметр": "см",
    "упаковка": "упак.",
    "комплект": "компл.",
    "пачка": "пач.",
    "бутылка": "бут.",
    "коробка": "кор.",
    "рулон": "рул.",
    "пара": "пар.",
    "час": "ч",
    "минута": "мин",
}
"""Units of the register that have a form for every number; short, they have one for all."""
LONGEST_SHORT = 4


def short_unit(measure: str) -> str:
    """As it stands behind a number on a page; what is long and not known stands in brackets."""
    return _SHORT.get(measure.casefold()) or (measure if len(measure) <= LONGEST_SHORT else f"({measure})")


@lru_cache(maxsize=256)
def _read(measure: str) -> tuple[str, str]:
    """A number, if one is there, and a unit that we know, or twice nothing."""
    match = _MEASURE.fullmatch(clean_line(measure))
    unit = _KNOWN.get(_BETWEEN.sub("", match["unit"]).casefold(), "") if match else ""
    number = match["number"] or "" if match and unit else ""
    return number if number.strip("0.,") else "", unit
