"""How VK ID says no."""

from app.clients.errors import ApiError

PASSING = frozenset({"slow_down", "server_error", "temporarily_unavailable"})
OURS = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})
"""The application or its settings are at fault, and no owner can mend that."""


class VkIdError(ApiError):
    """`error`: VK's own word, empty where no usable answer came.

    `sent` False: VK surely never saw the call.
    """

    def __init__(self, error: str = "", *, sent: bool = True, status: int | None = None) -> None:
        is_answer = bool(error) and error not in PASSING | OURS
        super().__init__(
            "vk id",
            error or "no answer",
            permanent=is_answer,
            token_rejected=is_answer,
            outcome_unknown=sent and not error,
            status=status,
        )
        self.error = error
        self.sent = sent

    @property
    def is_refusal(self) -> bool:
        """VK does not take what it was shown, and will not the next time either."""
        return self.permanent
