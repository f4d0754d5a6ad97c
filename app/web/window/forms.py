"""The owner's settings of the shop window."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from wtforms import (
    BooleanField,
    Field,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import StopValidation

from app.domain.listing.description import PLACEHOLDERS, unknown_placeholders
from app.domain.listing.owner_settings import HandField, OwnerSettings, StockRule
from app.domain.listing.pricing import LEAST_PERCENT, MOST_PERCENT, ROUNDINGS
from app.web.forms import BaseForm, CheckboxesField
from app.web.labels import FIELD, product_type

RULES: dict[str, Any] = {
    StockRule.HIDE: "Скрывать, а когда появится — показать снова",
    StockRule.SHOW: "Показывать всегда",
    StockRule.FROM: "Показывать, только если остаток не меньше указанного",
}
ROUNDING_CHOICES = {
    "0": "Не округлять",
    **{str(step): f"До {step} рублей" if step > 1 else "До рубля" for step in ROUNDINGS if step},
}
ALBUM_CHOICES = {
    "1": "Раскладывать товары по подборкам с названиями групп",
    "0": "Не трогать подборки",
}
LONGEST_TEMPLATE = 2000
_PERCENT = re.compile(r"([+-]?)([0-9]{1,3}(?:[.,][0-9])?)%?")
LONGEST_DAYS = 365
FEWEST, MOST = 1, 9999


class ExampleForm(BaseForm):
    """`example`: id of the product that is shown under the settings as they are typed."""

    example = SelectField(choices=[], validate_choice=False)


class WholeNumberField(IntegerField):
    def _value(self) -> str:
        """What is no number is not written back into the page."""
        return "" if self.data is None else super()._value()  # type: ignore[misc]  # the stubs leave it out


def _refuse(field: Field, text: str) -> None:
    field.errors = []
    raise StopValidation(text)


def _from_to(lowest: int, highest: int) -> Callable[[Form, Field], None]:
    def check(_form: Form, field: Field) -> None:
        if not field.raw_data or field.data is None or not lowest <= field.data <= highest:
            _refuse(field, f"Укажите целое число от {lowest} до {highest}.")

    return check


def _known_rule(_form: Form, field: Field) -> None:
    if not field.raw_data or field.data not in set(StockRule):
        _refuse(field, "Выберите, что делать, когда товар закончился.")


def _where_it_matters(form: Form, field: Field) -> None:
    """Without the rule that needs it, the number may be left out."""
    if form["stock_rule"].data != StockRule.FROM and not any(field.raw_data or ()):
        field.errors = []
        raise StopValidation


def _one_of(choices: Mapping[str, str], complaint: str) -> Callable[[Form, Field], None]:
    def check(_form: Form, field: Field) -> None:
        if field.raw_data and field.data not in choices:
            _refuse(field, complaint)

    return check


def _percent(text: str) -> Decimal | None:
    """«10», «−5,5 %», «+10%»; None for anything else, and for what is out of bounds."""
    found = _PERCENT.fullmatch(re.sub(r"\s", "", text).replace("−", "-").replace("–", "-"))
    percent = Decimal(f"{found[1]}{found[2].replace(',', '.')}") if found else None
    return percent if percent is not None and LEAST_PERCENT <= percent <= MOST_PERCENT else None


def percent_text(percent: Decimal) -> str:
    """As the owner writes it."""
    return f"{percent.normalize():f}".replace("-", "−").replace(".", ",")


def _a_percentage(_form: Form, field: Field) -> None:
    if field.raw_data and _percent(field.data or "0") is None:
        _refuse(field, "Укажите число от −90 до 500, после запятой не больше одной цифры. Например: 10 или −5,5.")


def _a_template(_form: Form, field: Field) -> None:
    text = field.data or ""
    if len(text) > LONGEST_TEMPLATE:
        _refuse(field, f"Слишком длинно: сократите до {LONGEST_TEMPLATE} знаков, сейчас {len(text)}.")
    unknown = unknown_placeholders(text)
    if halves := [piece for piece in unknown if piece in ("{", "}")]:
        _refuse(field, f"Скобка {halves[0]} без пары: слово нужно взять в скобки с двух сторон, например {{описание}}.")
    if unknown:
        _refuse(field, f"Не знаем, что подставить вместо {', '.join(unknown[:5])}. Можно: {', '.join(PLACEHOLDERS)}.")


def _lines(value: Any) -> Any:
    """Browsers send two signs for one line break."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class SettingsForm(BaseForm):
    price_percent = StringField("Наценка или скидка, %", validators=[_a_percentage])
    price_rounding = RadioField(
        "Округление",
        choices=ROUNDING_CHOICES,
        validate_choice=False,
        validators=[_one_of(ROUNDING_CHOICES, "Выберите, как округлять цены.")],
    )
    description_template = TextAreaField("Шаблон описания", filters=[_lines], validators=[_a_template])
    example = SelectField("Товар для примера", validate_choice=False)
    with_albums = RadioField(
        "Подборки товаров",
        choices=ALBUM_CHOICES,
        validate_choice=False,
        validators=[_one_of(ALBUM_CHOICES, "Выберите, что делать с подборками.")],
    )
    stock_rule = RadioField("Когда товар закончился", choices=RULES, validate_choice=False, validators=[_known_rule])
    show_from = WholeNumberField("Наименьший остаток, штук", validators=[_where_it_matters, _from_to(FEWEST, MOST)])
    remove_after_days = WholeNumberField("Через сколько дней удалять", validators=[_from_to(0, LONGEST_DAYS)])
    edited_in_vk = CheckboxesField(
        "Правлю в ВК",
        choices={field.value: FIELD[field].capitalize() for field in HandField},
        validate_choice=False,
    )
    photo_required = BooleanField("Не показывать товары без фото")
    allowed_types = CheckboxesField("Разрешить показ", validate_choice=False)

    def validate_edited_in_vk(self, field: Field) -> None:
        if not set(field.data) <= set(HandField):
            _refuse(field, "Отметьте название, описание или фото.")

    def window(self, before: OwnerSettings) -> dict[str, Any]:
        """How a product looks in VK; what was not asked stays as it was before."""
        percent, template = self.price_percent, self.description_template
        rounding, albums = self.price_rounding, self.with_albums
        return {
            "price_percent": _percent(percent.data or "0") if percent.raw_data else before.price_percent,
            "price_rounding": int(rounding.data) if rounding.raw_data else before.price_rounding,
            "description_template": template.data or "" if template.raw_data else before.description_template,
            "with_albums": albums.data == "1" if albums.raw_data else before.with_albums,
        }

    @property
    def window_errors(self) -> list[str]:
        """Of what the example depends on."""
        fields = (self.price_percent, self.price_rounding, self.description_template, self.with_albums)
        return [str(error) for field in fields for error in field.errors]

    def chosen(self, before: OwnerSettings, types: Mapping[str, int]) -> dict[str, Any]:
        """What is to be stored; a type that left the catalog keeps what was said of it."""
        allowed = {kind for kind in self.allowed_types.data or () if kind in types}
        return {
            **self.window(before),
            "stock_rule": StockRule(self.stock_rule.data),
            "show_from": self.show_from.data or before.show_from,
            "remove_after_days": self.remove_after_days.data,
            "edited_in_vk": frozenset(HandField(name) for name in self.edited_in_vk.data or ()),
            "photo_required": bool(self.photo_required.data),
            "allowed_types": frozenset(allowed | (before.allowed_types - types.keys())),
        }


def settings_form(now: OwnerSettings, types: Mapping[str, int], examples: Mapping[str, str]) -> SettingsForm:
    """Filled in with what holds now, or with what was sent. `examples`: {product id: name}."""
    form = SettingsForm(
        data={
            "price_percent": percent_text(now.price_percent),
            "price_rounding": str(now.price_rounding),
            "description_template": now.description_template,
            "with_albums": str(int(now.with_albums)),
            "stock_rule": now.stock_rule.value,
            "show_from": now.show_from,
            "remove_after_days": now.remove_after_days,
            "edited_in_vk": [field.value for field in now.edited_in_vk],
            "photo_required": now.photo_required,
            "allowed_types": list(now.allowed_types),
        }
    )
    form.allowed_types.choices = {kind: product_type(kind, count) for kind, count in types.items()}
    form.example.choices = list(examples.items())
    if form.example.data not in examples:
        form.example.data = next(iter(examples), "")
    return form


class CategoryForm(BaseForm):
    """`group`: a group's id, empty for the whole shop. `category`: a number, empty to take the choice back."""

    group = StringField()
    category = StringField()
    next = StringField()

    @property
    def group_id(self) -> str | None:
        return self.group.data or None

    @property
    def category_id(self) -> int | None:
        """0, which no category has, for what is no number."""
        text = self.category.data or ""
        is_number = text.isascii() and text.isdigit() and len(text) < 20
        return (int(text) if is_number else 0) if text else None
