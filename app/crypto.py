"""Key ring for secrets at rest."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class KeyRing:
    """Encrypts under the newest key; reads what any key of the ring wrote."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def __repr__(self) -> str:
        return "KeyRing()"

    def encrypt(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode()

    def decrypt(self, secret: str) -> str | None:
        """None where no key of the ring fits: the owner then has to connect again."""
        try:
            return self._fernet.decrypt(secret.encode()).decode()
        except InvalidToken:
            return None
