"""What went wrong at Evotor."""

from enum import StrEnum

from app.clients.errors import ApiError


class EvotorFault(StrEnum):
    """Kinds of failure: docs/contracts/evotor.md §8.1."""

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
