"""One failed VK call: whether to repeat it, and the error to raise in the end."""

from dataclasses import dataclass
from typing import Any

from app.clients.answers import clean_line, whole_number
from app.clients.vk.addresses import VkAddresses
from app.clients.vk.error_table import PASSING, ErrorRow, classify, suffix_of
from app.clients.vk.errors import ACCESS_DENIED, PAGE_CODES, TOO_LARGE, WRONG_PARAMETER, Treatment, VkError

_LONGEST_MESSAGE = 500
_LONGEST_READ = 5000
"""Signs of a message that are looked through for the token before it is cut."""
_LARGEST_CODE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Failure:
    """`code` None: no usable answer came. `sent` False: VK surely never saw the call. `reason`: one case of several."""

    code: int | None = None
    subcode: int | None = None
    message: str = ""
    redirect_uri: str | None = None
    method: str = ""
    status: int | None = None
    sent: bool = True
    reason: str = ""

    @property
    def row(self) -> ErrorRow:
        return classify(self.code, self.subcode, self.message, self.method)

    @property
    def is_half_told(self) -> bool:
        """Only the answer to a single call names the page that a person has to open, or the reason of a denial."""
        if self.code == ACCESS_DENIED:
            return self.subcode is None
        return self.code in PAGE_CODES and self.redirect_uri is None

    def pause_before(self, repeat: int, *, repeatable: bool) -> float | None:
        """Seconds before the repeat of this number, from 1; None if there must be none."""
        pauses = self.row.pauses
        if repeat > len(pauses) or self._outcome_unknown(repeatable) or self.reason == TOO_LARGE:
            return None
        return pauses[repeat - 1]

    def error(self, *, repeatable: bool = True, token: str = "") -> VkError:
        """What to raise when there are no more repeats; `token` is struck out of VK's words."""
        row = self.row
        unknown = self._outcome_unknown(repeatable)
        message = (self.message.replace(token, "…") if token else self.message)[:_LONGEST_MESSAGE]
        return VkError(
            row.treatment if unknown else row.left,
            code=self.code,
            subcode=self.subcode,
            message=message,
            suffix=suffix_of(message) if self.code == WRONG_PARAMETER else "",
            redirect_uri=None if token and token in (self.redirect_uri or "") else self.redirect_uri,
            permanent=row.treatment not in PASSING,
            holds=row.holds,
            method=self.method,
            token_rejected=row.treatment is Treatment.REFRESH,
            outcome_unknown=unknown,
            status=self.status,
            reason=row.reason or self.reason,
        )

    def _outcome_unknown(self, repeatable: bool) -> bool:
        return self.sent and not repeatable and self.row.unclear


def read_failure(error: Any, method: str, status: int, addresses: VkAddresses) -> Failure:
    """VK's `error` object; one that is not understood counts as no answer."""
    code = whole_number(error.get("error_code"), 1, _LARGEST_CODE) if isinstance(error, dict) else None
    if code is None:
        return Failure(method=method, status=status)
    return Failure(
        code=code,
        subcode=whole_number(error.get("error_subcode"), 0, _LARGEST_CODE),
        message=_message(error.get("error_msg")),
        redirect_uri=addresses.page(error.get("redirect_uri")),
        method=method,
        status=status,
    )


def _message(value: object) -> str:
    return clean_line(value[:_LONGEST_READ]) if isinstance(value, str) else ""


def said_no(method: str) -> VkError:
    """The error for a change that VK answers with 0."""
    return VkError(Treatment.FAIL, code=0, permanent=True, method=method, status=200)


def no_answer(*, status: int | None = None, outcome_unknown: bool = False) -> VkError:
    """The error for an answer that cannot be used."""
    return Failure(status=status).error(repeatable=not outcome_unknown)
