"""What was sent, read at the border: whoever sends it, and whatever the header says that it is."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import abort, request

from app.models.connection import SUBSCRIPTION_LENGTH
from app.services.connections.evotor_webhooks.cabinet_events import CabinetEvent, milliseconds
from app.web.webhooks.refusals import BAD_VALUE, MISSING, SYNTAX, Refusal

USER_ID = re.compile(r"\d{2}-\d{15}", re.ASCII)
TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
WORD = re.compile(rf"[^\x00-\x1f\x7f]{{1,{SUBSCRIPTION_LENGTH}}}")
LONGEST_TEXT = 254
LATEST = 253_402_300_799_000
"""Milliseconds: the end of the year 9999."""
MOST = 2**31 - 1
BOM = b"\xef\xbb\xbf"


def sent_object() -> "Fields":
    """Raises Refusal for what is no JSON object."""
    return Fields(_decoded(dict[str, Any]))


def sent_list() -> None:
    """What stands in it is nobody's business here. Raises Refusal for what is no JSON array."""
    _decoded(list[msgspec.Raw])


def _decoded(kind: Any) -> Any:
    body = request.get_data(cache=False)
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        abort(413)  # of unknown length, and cut at what is read of it
    try:
        return msgspec.json.decode(body.removeprefix(BOM), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(SYNTAX, "not the JSON that is expected here") from None


@dataclass(frozen=True, slots=True)
class Fields:
    """Every reader raises Refusal for a field that is missing or of no use."""

    sent: dict[str, Any]

    def user_id(self) -> str:
        """Also by the older name of the field."""
        name = "userUuid" if "userUuid" in self.sent and "userId" not in self.sent else "userId"
        return self._matching(name, USER_ID)

    def token(self) -> str:
        value = self._given("token")
        if not isinstance(value, str) or not TOKEN.fullmatch(value):
            raise Refusal(BAD_VALUE, "unexpected value", "token")
        return value

    def secret(self, name: str, longest: int) -> str:
        """Nothing of it is told back."""
        value = self._given(name)
        if not isinstance(value, str) or len(value) > longest:
            raise Refusal(BAD_VALUE, "unexpected value", name)
        return value

    def address(self) -> str:
        """Of an account: nothing of it is told back either."""
        text = self.secret("username", LONGEST_TEXT)
        if not text.isprintable():
            raise Refusal(BAD_VALUE, "unexpected value", "username")
        return text

    def word(self, name: str) -> str:
        return self._matching(name, WORD)

    def number(self, name: str) -> int:
        value = self._whole(self._given(name))
        if value is None or not 0 <= value <= MOST:
            raise self._bad(name)
        return value

    def moment(self, name: str) -> int:
        """Milliseconds, from a number of them or from a date."""
        value = self._given(name)
        found = self._whole(value)
        if found is None and isinstance(value, str):
            found = milliseconds(value)
        if found is None or not 0 <= found <= LATEST:
            raise self._bad(name)
        return found

    def within(self, name: str) -> "Fields":
        value = self._given(name)
        if not isinstance(value, dict):
            raise self._bad(name)
        return Fields(value)

    def _given(self, name: str) -> Any:
        if self.sent.get(name) is None:
            raise Refusal(MISSING, "missing field", name)
        return self.sent[name]

    def _matching(self, name: str, pattern: re.Pattern[str]) -> str:
        value = self._given(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._bad(name)
        return value

    def _whole(self, value: Any) -> int | None:
        """Also of a number that came as a text or with a fraction of nought."""
        if isinstance(value, str) and re.fullmatch(r"\d{1,15}", value, re.ASCII):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            return None
        return int(value)

    def _bad(self, name: str) -> Refusal:
        return Refusal(BAD_VALUE, "unexpected value", name, self.sent[name])


def installation_event() -> CabinetEvent:
    fields = sent_object()
    at, kind, data = fields.moment("timestamp"), fields.word("type"), fields.within("data")
    return CabinetEvent(data.user_id(), kind, at)


def subscription_event() -> CabinetEvent:
    fields = sent_object()
    return CabinetEvent(
        fields.user_id(),
        fields.word("type"),
        fields.moment("timestamp"),
        subscription=fields.word("subscriptionId"),
        number=fields.number("sequenceNumber"),
    )
