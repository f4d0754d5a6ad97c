from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.models.user import REASON_LENGTH
from app.web.forms import BaseForm


class HaltForm(BaseForm):
    reason = StringField(
        "Причина",
        validators=[
            DataRequired("Напишите причину: её прочитает владелец."),
            Length(max=REASON_LENGTH, message=f"Не длиннее {REASON_LENGTH} знаков."),
        ],
    )
