import re

from wtforms import Field, Form, StringField
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import PasswordInput

from app.web.forms import BaseForm
from app.web.messages import message

TOKEN_MAX = 4096
LARGEST_GROUP_ID = 10**10
COMMUNITY_FAULTS = ("community_taken", "community_not_found", "vk_currency", "vk_205", "vk_1438", "vk_1525")

_GROUP = re.compile(
    r"(?:https?://)?(?:(?:www|m)\.)?(?:vk\.com|vk\.ru)/(?:club|public|event)(\d{1,11})(?:[/?#].*)?"
    r"|(?:club|public|event)(\d{1,11})"
    r"|-?(\d{1,11})",
    re.IGNORECASE | re.ASCII,
)


class TokenField(StringField):
    """Never written back into the page."""

    widget = PasswordInput(hide_value=True)


def looks_like_token(_form: Form, field: Field) -> None:
    if not re.fullmatch(r"[\x21-\x7e]+", field.data or ""):
        raise ValidationError("Токен состоит из латинских букв, цифр и знаков, без пробелов. Скопируйте его целиком.")


def token_field(label: str) -> TokenField:
    return TokenField(
        label,
        validators=[
            InputRequired("Вставьте токен."),
            Length(max=TOKEN_MAX, message="Это слишком длинно для токена. Скопируйте только его."),
            looks_like_token,
        ],
    )


class EvotorForm(BaseForm):
    access_token = token_field("Токен Эвотора")


class VkForm(BaseForm):
    group_id = StringField("Сообщество", validators=[InputRequired("Укажите номер сообщества или ссылку на него.")])
    access_token = token_field("Токен ВК")

    def validate_group_id(self, field: Field) -> None:
        if self.community_id is None:
            raise ValidationError(
                "Не понимаем этот адрес. Нужен номер, например 777000111, или ссылка вида vk.com/club777000111. "
                "Номер есть в управлении сообществом."
            )

    @property
    def community_id(self) -> int | None:
        """The number in «-777000111», «club777000111» or a link; None where there is none."""
        found = _GROUP.fullmatch(self.group_id.data or "")
        number = int(next(filter(None, found.groups()))) if found else 0
        return number if 0 < number < LARGEST_GROUP_ID else None

    def refuse_connection(self, code: str) -> None:
        """Puts the refusal on the field that has to change."""
        self.refuse(self.group_id if code in COMMUNITY_FAULTS else self.access_token, message(code))
