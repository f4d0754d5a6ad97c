"""The goods of one store at the register, and the picture of the market that they should give."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.support.sandbox import ACCOUNT, SECOND_STORE, STORE, Sandbox

LITTLE_STORE = "20260101-AAAA-4BBB-80CC-000000000001"


@dataclass(frozen=True)
class Shown:
    """What buyers should see of a product."""

    name: str
    price: str
    album: str | None


@dataclass
class Register:
    """Keeps its own account of what it tells the sandbox, so that no code of the product says what is right."""

    sandbox: Sandbox
    left_out: frozenset[str] = frozenset()
    """Groups that the rules exclude."""
    groups: dict[str, str] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)

    def open(self) -> None:
        """The only store of the account."""
        store = {"id": LITTLE_STORE, "name": "Лавка"}
        self.sandbox.control("evotor/stores", account=ACCOUNT, upsert=[store])
        self.sandbox.control("evotor/stores", account=ACCOUNT, delete=[STORE, SECOND_STORE])

    def put_group(self, group_id: str, name: str, **more: Any) -> None:
        self.groups[group_id] = name
        self.sandbox.control("evotor/groups", store=LITTLE_STORE, upsert=[{"id": group_id, "name": name, **more}])

    def put(self, product_id: str, group_id: str | None = None, **fields: Any) -> None:
        """A new product, or another group, name, price or quantity of a known one."""
        usual = {"name": f"Товар {product_id}", "price": 100, "quantity": 5, "parent_id": None}
        known = self.products.setdefault(product_id, usual)
        known.update(fields, **({"parent_id": group_id} if group_id else {}))
        self.sandbox.put_product(product_id, LITTLE_STORE, **known)

    def drop(self, product_id: str) -> None:
        del self.products[product_id]
        self.sandbox.drop_product(product_id, LITTLE_STORE)

    def shown(self) -> dict[str, Shown]:
        return {
            product_id: Shown(
                name=product["name"],
                price=str(Decimal(str(product["price"])).quantize(Decimal("0.01"))),
                album=self.groups.get(product["parent_id"] or ""),
            )
            for product_id, product in self.products.items()
            if product["price"] > 0 and product["quantity"] > 0 and product["parent_id"] not in self.left_out
        }
