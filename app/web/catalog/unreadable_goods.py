"""What the owner reads of a product that Evotor sent in a form we cannot trust."""

from app.domain.catalog.goods import Unreadable
from app.services.catalog.unreadable import UnreadableRow
from app.web.formatting import quoted

_FIELDS = {
    "": "товар целиком",
    "id": "номер",
    "name": "название",
    "price": "цена",
    "parent_id": "группа",
    "type": "вид товара",
    "allow_to_sell": "разрешение продавать",
    "is_excisable": "признак акциза",
    "is_age_limited": "возрастное ограничение",
}


def trouble(found: Unreadable) -> str:
    """Which value, and how it came."""
    field = _FIELDS.get(found.field, found.field)
    return f"{field}: {found.sent}" if found.sent else f"{field}: ничего не прислано"


def title(row: UnreadableRow) -> str:
    if row.name:
        return quoted(row.name)
    return f"Товар {row.found.id}" if row.found.id else "Товар без номера"
