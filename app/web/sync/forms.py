"""The owner's settings of the shop window, and answers about items in VK."""

from collections.abc import Callable, Mapping
from typing import Any

from wtforms import BooleanField, Field, Form, IntegerField, RadioField, SelectMultipleField, StringField
from wtforms.validators import AnyOf, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from app.domain.listing import HandField, OwnerSettings, StockRule
from app.web.access import LARGEST_ID
from app.web.forms import BaseForm
from app.web.labels import FIELD, product_type

RULES: dict[str, Any] = {
    StockRule.HIDE: "Скрывать, а когда появится — показать снова",
    StockRule.SHOW: "Показывать всегда",
    StockRule.FROM: "Показывать, только если остаток не меньше указанного",
}
FEWEST, MOST = 1, 9999
LONGEST_DAYS = 365
DECISIONS = ("take", "leave", "again", "keep")


class CheckboxesField(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


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


class SettingsForm(BaseForm):
    stock_rule = RadioField("Когда товар закончился", choices=RULES, validate_choice=False, validators=[_known_rule])
    show_from = WholeNumberField("Наименьший остаток, штук", validators=[_where_it_matters, _from_to(FEWEST, MOST)])
    remove_after_days = WholeNumberField("Через сколько дней удалять", validators=[_from_to(0, LONGEST_DAYS)])
    edited_in_vk = CheckboxesField(
        "Правлю в ВК",
        choices={field.value: FIELD[field].capitalize() for field in HandField},
        validate_choice=False,
    )
    photo_required = BooleanField("Не выгружать товары без фото")
    allowed_types = CheckboxesField("Разрешить показ", validate_choice=False)

    def validate_edited_in_vk(self, field: Field) -> None:
        if not set(field.data) <= set(HandField):
            _refuse(field, "Отметьте название, описание или фото.")

    def chosen(self, before: OwnerSettings, types: Mapping[str, int]) -> dict[str, Any]:
        """What is to be stored; a type that left the catalog keeps what was said of it."""
        allowed = {kind for kind in self.allowed_types.data or () if kind in types}
        return {
            "stock_rule": StockRule(self.stock_rule.data),
            "show_from": self.show_from.data or before.show_from,
            "remove_after_days": self.remove_after_days.data,
            "edited_in_vk": frozenset(HandField(name) for name in self.edited_in_vk.data or ()),
            "photo_required": bool(self.photo_required.data),
            "allowed_types": frozenset(allowed | (before.allowed_types - types.keys())),
        }


def settings_form(now: OwnerSettings, types: Mapping[str, int]) -> SettingsForm:
    """Filled in with what holds now, or with what was sent."""
    form = SettingsForm(
        data={
            "stock_rule": now.stock_rule.value,
            "show_from": now.show_from,
            "remove_after_days": now.remove_after_days,
            "edited_in_vk": [field.value for field in now.edited_in_vk],
            "photo_required": now.photo_required,
            "allowed_types": list(now.allowed_types),
        }
    )
    form.allowed_types.choices = {kind: product_type(kind, count) for kind, count in types.items()}
    return form


def _row_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= LARGEST_ID):
        raise ValueError
    return int(text)


class DecisionForm(BaseForm):
    decision = StringField(validators=[AnyOf(DECISIONS, "Поле decision: ожидается take, leave, again или keep.")])
    ids = SelectMultipleField(choices=[], validate_choice=False, coerce=_row_id)
    next = StringField()
