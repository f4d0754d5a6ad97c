"""A connection's token while calls are made with it: renewed before its hour is over, or when VK takes it no more."""

from dataclasses import replace

from app import clock
from app.clients.budget import Budget
from app.clients.vk.errors import VkError
from app.logs import remember_secret
from app.services.vendors import vk_renewal
from app.services.vendors.vk_renewal import Access

REST = 30.0
"""Seconds without another look after a renewal that did not come about, while the token is still good."""


class StoredTokens:
    """Of one client; see app.clients.vk.tokens."""

    def __init__(self, access: Access, *, is_renewable: bool, budget: Budget | None) -> None:
        self._access = replace(access, token=access.token.strip())
        self._budget = budget
        self._rests_until = clock.monotonic()
        self.is_renewable = is_renewable

    def current(self) -> str:
        if self.is_renewable and vk_renewal.due(self._access.expires_at):
            self._renew_early()
        return self._access.token

    def renew(self, refused: str) -> bool:
        if not self.is_renewable:
            return False
        return refused != self._access.token or self._take(vk_renewal.renewed(self._access, self._budget))

    def _renew_early(self) -> None:
        is_over = vk_renewal.over(self._access.expires_at)
        if not is_over and clock.monotonic() < self._rests_until:
            return
        try:
            self._take(vk_renewal.renewed(self._access, self._budget, is_usable=not is_over))
        except VkError:
            if is_over:
                raise
            self._rests_until = clock.monotonic() + REST

    def _take(self, other: Access | None) -> bool:
        """None: the owner made another connection, and this one's token has to do until the caller hears of it."""
        if other is None:
            return False
        remember_secret(other.token)
        self._access = other
        return True
