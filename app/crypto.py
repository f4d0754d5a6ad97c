"""Key ring for secrets at rest."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class KeyRing:
    """Encrypts under the newest key; reads what any key of the ring wrote."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys])

    def __repr__(self) -> str:
        return "KeyRing()"

    def encrypt(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode()

    def decrypt(self, secret: str) -> str | None:
        """None where no key of the ring fits: the owner then has to connect again."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(secret.encode()).decode()
        except InvalidToken:
            return None
