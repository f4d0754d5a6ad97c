import re

from wtforms import Field, Form, StringField
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import PasswordInput

from app.web.forms import BaseForm
from app.web.messages import message

TOKEN_MAX = 4096
LARGEST_GROUP_ID = 10**10
COMMUNITY_FAULTS = ("community_taken", "community_not_found", "vk_currency", "vk_205", "vk_1438", "vk_1525")

_NUMBER = re.compile(
    r"(?:https?://)?(?:(?:www|m)\.)?(?:vk\.com|vk\.ru)/(?:club|public|event)(\d{1,11})(?:[/?#].*)?"
    r"|(?:club|public|event)(\d{1,11})"
    r"|-?(\d{1,11})",
    re.IGNORECASE | re.ASCII,
)
_SHORT_NAME = re.compile(
    r"(?:(?:https?://)?(?:(?:www|m)\.)?(?:vk\.com|vk\.ru)/|@)?([a-z][a-z0-9_.]{1,31})(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)
_OTHER_PAGE = re.compile(r"(?:id|club|public|event)-?\d+", re.IGNORECASE | re.ASCII)


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
        if self.community is None:
            raise ValidationError(
                "Не понимаем этот адрес. Скопируйте ссылку на сообщество, например vk.com/lavka, или его номер."
            )

    @property
    def community(self) -> int | str | None:
        """The number in «-777000111», «club777000111» or a link, else the short name; None where there is neither."""
        written = self.group_id.data or ""
        if found := _NUMBER.fullmatch(written):
            number = int(next(filter(None, found.groups())))
            return number if 0 < number < LARGEST_GROUP_ID else None
        name = _SHORT_NAME.fullmatch(written)
        return name[1] if name and not _OTHER_PAGE.fullmatch(name[1]) else None

    def refuse_connection(self, code: str) -> None:
        """Puts the refusal on the field that has to change."""
        self.refuse(self.group_id if code in COMMUNITY_FAULTS else self.access_token, message(code))
