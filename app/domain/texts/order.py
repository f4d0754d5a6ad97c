"""The order in which a person looks for names."""

import re
from functools import lru_cache

_NUMBER = re.compile("0*([0-9]+)")


@lru_cache(maxsize=1 << 15)
def natural_key(name: str) -> str:
    """A key by which «Чай 9» comes before «Чай 10»: every number is led by its length."""
    return _NUMBER.sub(lambda match: f"{len(match[1]):05}{match[1]}", name.strip().casefold().replace("ё", "е"))
