"""Where the token of a call comes from: one that was pasted stays as it is, one of VK ID is renewed on the way."""

from dataclasses import dataclass, field
from typing import Protocol

from app.clients.vk.errors import FAULT_HOLDS, INVALID_TOKEN, OWNER_HOLDS, Treatment, VkError

ID_EXPIRED, ID_UNREACHABLE = "vk_id_expired", "vk_id_unreachable"
"""Reasons of errors that VK's API never says: VK ID took the refresh token no more, or gave no answer."""


class Tokens(Protocol):
    """Asked between calls, when no transaction is open. Both may raise VkError, which then ends the call unsent."""

    @property
    def is_renewable(self) -> bool: ...

    def current(self) -> str:
        """For the next call."""
        ...

    def renew(self, refused: str) -> bool:
        """VK took that one no more; whether there is another one now."""
        ...


@dataclass(frozen=True, slots=True)
class FixedToken:
    token: str = field(repr=False)
    is_renewable: bool = False

    def current(self) -> str:
        return self.token

    def renew(self, refused: str) -> bool:
        return False


def id_expired() -> VkError:
    """Only its owner can sign in anew."""
    return VkError(
        Treatment.ASK, code=INVALID_TOKEN, permanent=True, holds=OWNER_HOLDS, token_rejected=True, reason=ID_EXPIRED
    )


def id_unreachable() -> VkError:
    """It passes by itself."""
    return VkError(Treatment.POSTPONE, code=INVALID_TOKEN, holds=FAULT_HOLDS, reason=ID_UNREACHABLE)
