"""By what one user's goods are decided on."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.catalog.goods import Product
from app.domain.digest import digest_of
from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.planning.selection import StoreGoods, decisions, skip_reason
from app.domain.rules import Decision, RuleSet
from app.models import User
from app.services.market.records import pictured_in_vk
from app.services.owner.rules import rules_of
from app.services.owner.settings import owner_settings, settings_now


@dataclass(frozen=True, slots=True)
class Criteria:
    """Loaded once for a page: the rules, the settings, the photos in VK."""

    rules: RuleSet
    settings: OwnerSettings
    pictured: frozenset[ListingKey]
    """Items that bear a photo chosen in VK."""
    market_id: int = 0

    @classmethod
    def of(cls, user: User) -> "Criteria":
        """With the settings that were loaded with the user."""
        return cls._with(user, owner_settings(user))

    @classmethod
    def now(cls, user: User) -> "Criteria":
        """As all of it stands in the database now, whatever was loaded before."""
        return cls._with(user, settings_now(user))

    @classmethod
    def _with(cls, user: User, settings: OwnerSettings) -> "Criteria":
        return cls(rules_of(user), settings, pictured_in_vk(user, settings), user.market_id)

    @property
    def digest(self) -> str:
        """Of all but the photos: another digest may mean other verdicts."""
        chosen = self.settings
        photos = (sorted(chosen.edited_in_vk), self.market_id) if chosen.photo_required else None
        parts = (chosen.stock_rule, chosen.show_from, sorted(chosen.allowed_types), photos)
        return digest_of(self.rules.digest, *map(str, parts))

    def decisions(self, goods: StoreGoods) -> Iterator[tuple[Product, Decision]]:
        return decisions(goods, self.rules)

    def skip_reason(self, goods: StoreGoods, product: Product, decision: Decision) -> SkipReason | None:
        """Only what is selected can have one."""
        return self.problem(goods, product) if decision.included else None

    def problem(self, goods: StoreGoods, product: Product) -> SkipReason | None:
        """Why buyers do not see the product even if the rules let it through."""
        has_photo = self.settings.photo_required and self._has_photo(goods, product)  # nobody asks otherwise
        return skip_reason(product, self.settings, has_photo=has_photo)

    def _has_photo(self, goods: StoreGoods, product: Product) -> bool:
        return ListingKey(goods.store.id, product.id) in self.pictured or goods.picture_of(product) is not None
