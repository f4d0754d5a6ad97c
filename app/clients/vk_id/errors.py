"""How VK ID says no."""

from app.clients.errors import ApiError

REFUSALS = frozenset({"invalid_grant", "invalid_request", "invalid_token", "invalid_scope", "access_denied"})
"""No other word ends what an owner has: it may be our settings' fault, a proxy's word, or a new one of VK's."""


class VkIdError(ApiError):
    """`error`: VK's own word, empty where no usable answer came.

    `sent` False: VK surely never saw the call.
    """

    def __init__(self, error: str = "", *, sent: bool = True, status: int | None = None) -> None:
        is_refusal = error in REFUSALS
        super().__init__(
            "vk id",
            error or "no answer",
            permanent=is_refusal,
            token_rejected=is_refusal,
            outcome_unknown=sent and not error,
            status=status,
        )
        self.error = error
        self.sent = sent

    @property
    def is_refusal(self) -> bool:
        """VK does not take what it was shown, and will not the next time either."""
        return self.permanent
