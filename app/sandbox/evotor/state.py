"""What the Evotor of the sandbox remembers: accounts with their stores, tokens, quotas."""

import uuid
from collections import Counter
from dataclasses import dataclass, field

from app.sandbox.documents import Json


@dataclass
class EvotorStore:
    about: Json
    groups: dict[str, Json] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)


@dataclass
class EvotorAccount:
    user_id: str
    stores: dict[str, EvotorStore] = field(default_factory=dict)


@dataclass
class EvotorToken:
    user_id: str
    stock: bool = True
    allowed: bool = True


@dataclass
class EvotorState:
    accounts: dict[str, EvotorAccount] = field(default_factory=dict)
    tokens: dict[str, EvotorToken] = field(default_factory=dict)
    page_size: int = 1000
    empty_error_bodies: bool = False
    calls_per_minute: int = 10_000
    installed: dict[str, str] = field(default_factory=dict)
    """By account: the token that came of the application's installation."""
    user_tokens: dict[str, str] = field(default_factory=dict)
    """By account: what the partner's server wants to be shown for this user's data."""
    minute: int = 0
    minute_calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    def new_token(self, account: str) -> str:
        token = str(uuid.uuid4())
        self.tokens[token] = EvotorToken(account)
        return token

    def find_store(self, store_id: str) -> EvotorStore | None:
        return next((a.stores[store_id] for a in self.accounts.values() if store_id in a.stores), None)
