"""What went wrong at a vendor, as facts to decide by; the sentences for people are chosen elsewhere."""

from enum import StrEnum

from app.clients.vk_errors import Action


class ApiError(Exception):
    """A call that failed. Carries no token, no request body and no answer body.

    `permanent`: the same call with the same token will fail again.
    `retry_after`: seconds to leave the vendor alone, where it is known.
    `token_rejected`: the token itself was refused.
    `outcome_unknown`: a write that may or may not have been applied; look before repeating it.
    `status`: HTTP status, None where no answer came.
    """

    def __init__(
        self,
        service: str,
        summary: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        token_rejected: bool = False,
        outcome_unknown: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{service}: {summary}")
        self.service = service
        self.permanent = permanent
        self.retry_after = retry_after
        self.token_rejected = token_rejected
        self.outcome_unknown = outcome_unknown
        self.status = status


class EvotorFault(StrEnum):
    """Kinds of failure: contracts/evotor.md section 7.1."""

    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    CHARSET = "charset"
    """Text in an encoding that cannot be told."""
    UNAUTHORIZED = "unauthorized"
    PAYMENT_REQUIRED = "payment_required"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    BAD_REQUEST = "bad_request"
    SERVER_ERROR = "server_error"


_PASSING_FAULTS = frozenset(
    {
        EvotorFault.UNREACHABLE,
        EvotorFault.MALFORMED,
        EvotorFault.CHARSET,
        EvotorFault.RATE_LIMITED,
        EvotorFault.SERVER_ERROR,
    }
)


class EvotorError(ApiError):
    def __init__(self, kind: EvotorFault, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(
            "evotor",
            f"{kind} (HTTP {status})" if status else str(kind),
            permanent=kind not in _PASSING_FAULTS,
            retry_after=retry_after,
            token_rejected=kind is EvotorFault.UNAUTHORIZED,
            status=status,
        )
        self.kind = kind


class VkError(ApiError):
    """`code` None means that no VK error came: no connection, HTTP 5xx, not JSON, a needed field missing.

    `message` is VK's `error_msg`, `suffix` its part after the colon for code 100, `redirect_uri` the page that a
    person has to open (captcha, validation). `action` is what is left to do after our own repeats, `holds` the seconds
    to leave the token alone the first, second, … time in a row. `method` is what was called. `reason` tells one case
    of a code from the others.
    """

    def __init__(
        self,
        action: Action,
        *,
        code: int | None = None,
        subcode: int | None = None,
        message: str = "",
        suffix: str = "",
        redirect_uri: str | None = None,
        permanent: bool = False,
        holds: tuple[float, ...] = (),
        method: str = "",
        token_rejected: bool = False,
        outcome_unknown: bool = False,
        status: int | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(
            "vk",
            f"error {code}, {action}" if code is not None else f"no answer, {action}",
            permanent=permanent,
            retry_after=holds[0] if holds else None,
            token_rejected=token_rejected,
            outcome_unknown=outcome_unknown,
            status=status,
        )
        self.action = action
        self.holds = holds
        self.method = method
        self.code = code
        self.subcode = subcode
        self.message = message
        self.suffix = suffix
        self.redirect_uri = redirect_uri
        self.reason = reason
