import re
from typing import Any

from wtforms import Field, StringField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import PasswordInput

from app.clients.vk.errors import COMMUNITY_CODES, INVALID_TOKEN, KEY_CODES, stored
from app.domain.account.pasted import PastedKey, Service, community_in, holds_key, key_in
from app.services.errors import ConnectionRefused
from app.web.connections import kept
from app.web.forms import BaseForm, text_of
from app.web.messages import message

KEY_MAX = 4096
COMMUNITY_FAULTS = frozenset({"community_taken", "community_not_found", "vk_currency", *map(stored, COMMUNITY_CODES)})
KEY_FAULTS = frozenset(
    {"evotor_unauthorized", "evotor_forbidden", "vk_no_market_right", "vk_5_ip", *map(stored, KEY_CODES)}
)
"""The same key will not do the next time either."""
SAID_OF_A_NEW_KEY = {stored(INVALID_TOKEN): "vk_key_refused"}

OTHER_SERVICES = {
    Service.EVOTOR: "Это ключ ВК, а здесь нужен ключ Эвотора. Ключ ВК вставьте на странице «ВКонтакте».",
    Service.VK: "Это ключ Эвотора, а здесь нужен ключ ВК. Ключ Эвотора вставьте на странице «Эвотор».",
}


class KeyField(StringField):
    """Never written back into the page. What was pasted round the key does no harm."""

    widget = PasswordInput(hide_value=True)

    @property
    def pasted(self) -> PastedKey:
        return key_in(text_of(self))


class CommunityField(StringField):
    """Written back into the page but where it may hold a secret, also by a page that is shown again unread."""

    def _value(self) -> str:
        return "" if holds_key(text_of(self)) else text_of(self)


class ConnectionForm(BaseForm):
    """Asks for the key of one service; where the last one was kept, an empty field means that one."""

    service: Service
    access_token: KeyField
    way_out: str | None = None
    """A page of VK's that the owner has to open before VK goes on."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Where only something else has to be mended, the key is kept for the next try."""
        is_valid = super().validate(extra_validators)
        if self.access_token.errors:
            kept.forget(self.service)
        elif not is_valid:
            kept.keep(self.service, self.key)
        return is_valid

    @classmethod
    def keep_typed(cls) -> None:
        """The key of a form that nobody looks at now."""
        form = cls()
        if form.validate():
            kept.keep(cls.service, form.key)

    def validate_access_token(self, field: KeyField) -> None:
        pasted = field.pasted
        if not text_of(field):
            if self.kept_key is None:
                raise ValidationError("Вставьте ключ доступа.")
        elif pasted.service not in (None, self.service):
            raise ValidationError(OTHER_SERVICES[self.service])
        elif pasted.is_user_number:
            raise ValidationError("Это номер пользователя Эвотора, а не ключ доступа: ключ стоит рядом с ним.")
        elif not pasted.key:
            what = "В этом адресе" if pasted.is_address else "Здесь"
            raise ValidationError(f"{what} нет ключа доступа. Скопируйте то место, где стоит «access_token=».")
        elif len(pasted.key) > KEY_MAX:
            raise ValidationError("Это слишком длинно для ключа доступа. Скопируйте только его.")
        elif not re.fullmatch(r"[\x21-\x7e]+", pasted.key):
            raise ValidationError(
                "Ключ доступа состоит из латинских букв, цифр и знаков, без пробелов. Скопируйте его целиком."
            )

    @property
    def kept_key(self) -> str | None:
        return kept.kept(self.service)

    @property
    def key(self) -> str:
        return self.access_token.pasted.key or self.kept_key or ""

    def field_of(self, _code: str) -> Field:
        """What has to change after this refusal."""
        return self.access_token

    def refuse_connection(self, error: ConnectionRefused) -> None:
        self.way_out = error.way_out
        if error.code in KEY_FAULTS:
            kept.forget(self.service)
        else:
            kept.keep(self.service, self.key)
        self.refuse(self.field_of(error.code), message(SAID_OF_A_NEW_KEY.get(error.code, error.code)))


class EvotorForm(ConnectionForm):
    service = Service.EVOTOR
    access_token = KeyField("Ключ доступа Эвотора")


class VkForm(ConnectionForm):
    service = Service.VK
    group_id = CommunityField("Сообщество", validators=[InputRequired("Укажите номер сообщества или ссылку на него.")])
    access_token = KeyField("Ключ доступа ВК")

    def validate_group_id(self, field: Field) -> None:
        if holds_key(text_of(field)):
            raise ValidationError("Это ключ доступа, а здесь нужна ссылка на сообщество. Ключ вставьте в поле ниже.")
        if self.community is None:
            raise ValidationError(
                "Не понимаем этот адрес. Скопируйте ссылку на сообщество, например vk.com/lavka, или его номер."
            )

    @property
    def community(self) -> int | str | None:
        return community_in(text_of(self.group_id))

    def field_of(self, code: str) -> Field:
        return self.group_id if code in COMMUNITY_FAULTS else self.access_token


class CommunityForm(BaseForm):
    """The button on the card of one community."""

    group_id = StringField(validators=[InputRequired("Выберите сообщество.")])
    listed_by = StringField()
    """What made the list that the card stands in."""

    @property
    def chosen(self) -> int | None:
        text = text_of(self.group_id)
        return int(text) if re.fullmatch(r"[1-9]\d{0,17}", text, re.ASCII) else None

    def validate_group_id(self, _field: Field) -> None:
        if self.chosen is None:
            raise ValidationError("Выберите сообщество из списка.")
