"""The owner's answers about items in VK."""

from wtforms import (
    SelectMultipleField,
    StringField,
)
from wtforms.validators import AnyOf

from app.web.access import LARGEST_ID
from app.web.forms import BaseForm

DECISIONS = ("take", "leave", "again", "keep")


def _row_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= LARGEST_ID):
        raise ValueError
    return int(text)


class DecisionForm(BaseForm):
    decision = StringField(validators=[AnyOf(DECISIONS, "Поле decision: ожидается take, leave, again или keep.")])
    ids = SelectMultipleField(choices=[], validate_choice=False, coerce=_row_id)
    next = StringField()
