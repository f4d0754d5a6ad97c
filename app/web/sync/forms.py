"""The switch, the confirmation, the approval."""

from wtforms import Field, StringField
from wtforms.validators import ValidationError

from app.web.forms import BaseForm


class ToggleForm(BaseForm):
    """`enabled` is 1 or 0; left out, the switch is flipped."""

    enabled = StringField()

    def validate_enabled(self, field: Field) -> None:
        if field.raw_data not in ([], ["0"], ["1"]):
            raise ValidationError("Поле enabled: ожидается 1 или 0.")

    @property
    def wanted(self) -> bool | None:
        return self.enabled.data == "1" if self.enabled.raw_data else None


class ConfirmForm(BaseForm):
    """«Подтвердить и запустить»: confirms what the page showed, and needs no field of its own."""


class ApproveForm(BaseForm):
    """`fingerprint` names the braked changes that the owner saw."""

    fingerprint = StringField()
