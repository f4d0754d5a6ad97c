"""A large store as Evotor lists it: groups nested three deep, prices, stock, and some goods that VK may not show."""

import csv
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, islice, product
from pathlib import Path
from typing import Any

Json = dict[str, Any]

TOPS, WITHIN, BELOW = 10, 5, 5
KINDS = (
    *("Чай", "Кофе", "Мёд", "Варенье", "Печенье", "Сушки", "Крупа", "Масло", "Соус", "Сыр", "Сок", "Шоколад"),
    *("Кружка", "Чайник", "Тарелка", "Свеча", "Мыло", "Крем", "Тетрадь", "Открытка", "Пряник", "Халва", "Орехи"),
)
SORTS = ("чёрный", "зелёный", "травяной", "домашний", "сливочный", "лесной", "ручной работы", "подарочный", "белый")
MAKERS = ("Лавка", "Ярмарка", "Дубрава", "Родник", "Заря", "Артель", "Мельница", "Усадьба", "Слобода", "Околица")
RARE = "единорожий"
NOWHERE = "нетакоготовара"
"""A word that no name holds."""


@dataclass
class Goods:
    """Groups and products of one store, in Evotor's form; the same ones every time for the same names and number."""

    prefix: str
    groups: list[Json] = field(default_factory=list)
    products: list[Json] = field(default_factory=list)

    @property
    def leaf(self) -> str:
        """A group that is not the one left out, with products of its own."""
        return str(self.groups[-1]["id"])

    @property
    def left_out(self) -> str:
        """A group in the middle of the tree."""
        return str(self.groups[1]["id"])

    @cached_property
    def by_words(self) -> Counter[str]:
        names = (str(one["name"]).lower() for one in self.products)
        return Counter(word for name in names for word in set(re.findall("[а-яё]{3,}", name)))

    @property
    def frequent_word(self) -> str:
        return self.by_words.most_common(1)[0][0]

    def some(self, number: int) -> list[str]:
        """Ids of so many products, spread over the store."""
        step = max(1, len(self.products) // number)
        return [str(one["id"]) for one in self.products[::step]][:number]

    def changed(self, turn: int) -> list[Json]:
        """A tenth of the products with another price each turn, a few of them with another name."""
        return [
            {
                "id": one["id"],
                "price": (one.get("price") or 100) + turn,
                "name": _renamed(str(one["name"]), number, turn),
            }
            for number, one in enumerate(self.products[::10])
        ]


def _renamed(name: str, number: int, turn: int) -> str:
    return f"{name[:90]} ({turn})" if number % 5 == 0 else name


def make_goods(size: int, file: Path | None = None, prefix: str = "B") -> Goods:
    """`file`: tab-separated, whose column `name` gives the names; without it they are invented."""
    goods = Goods(prefix)
    goods.groups.extend(_groups(prefix))
    leaves = [one["id"] for one in goods.groups if one["id"].count("-") == 3]
    for number, name in enumerate(islice(_names(file), size)):
        goods.products.append(_product(f"{prefix}{number:06}", name, number, leaves))
    goods.products[size // 2]["name"] = f"{KINDS[0]} {RARE}"
    return goods


def _groups(prefix: str) -> Iterator[Json]:
    for top in range(TOPS):
        yield {"id": f"{prefix}G-{top}", "name": f"Отдел {top + 1}"}
        for middle in range(WITHIN):
            yield {
                "id": f"{prefix}G-{top}-{middle}",
                "name": f"Полка {top + 1}.{middle + 1}",
                "parent_id": f"{prefix}G-{top}",
            }
            for low in range(BELOW):
                name = f"{KINDS[(top + middle + low) % len(KINDS)]} {top + 1}.{middle + 1}.{low + 1}"
                yield {"id": f"{prefix}G-{top}-{middle}-{low}", "name": name, "parent_id": f"{prefix}G-{top}-{middle}"}


def _names(file: Path | None) -> Iterator[str]:
    """Without end: after the last one they begin anew, with a number."""
    known = _read(file) if file else [" ".join(words) for words in product(KINDS, SORTS, MAKERS)]
    for turn in count(1):
        yield from known if turn == 1 else (f"{name[:90]} № {turn}" for name in known)


def _read(file: Path) -> Sequence[str]:
    with file.open(encoding="utf-8", newline="") as text:
        names = [row["name"] for row in csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return [name[:100] for name in names if name]


def _product(product_id: str, name: str, number: int, leaves: Sequence[str]) -> Json:
    """Of a hundred three have no price, eight are sold out, two are alcohol, five stand in no group."""
    invented = random.Random(number)
    made: Json = {
        "id": product_id,
        "name": name,
        "type": "ALCOHOL_MARKED" if number % 100 in (11, 61) else "NORMAL",
        "measure_name": "шт",
        "tax": "NO_VAT",
        "allow_to_sell": True,
        "price": invented.randrange(39, 4_999) + invented.choice([0, 0, 0.5, 0.9]),
        "quantity": 0 if number % 25 in (3, 17) else invented.randrange(1, 60),
        "article_number": f"A-{number}",
        "code": str(number),
        "barcodes": [str(4_600_000_000_000 + number)],
        "description": f"{name}. Хранить в сухом месте. Артикул {number}.",
    }
    if number % 100 in (7, 37, 77):
        del made["price"]
    return made if number % 20 == 5 else {**made, "parent_id": leaves[number % len(leaves)]}
