"""Which tests the coverage is measured in: tracing makes Python half as slow again, and the suite must stay quick.

Of a test with many cases the first one counts, of the folders those that are quick and go through the whole product:
pages let the engine make their states.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from coverage import Coverage

FOLDERS = ("tests/unit/", "tests/web/")
_IS_MEASURED = pytest.StashKey[bool]()


def mark_measured(items: Iterable[pytest.Item]) -> None:
    """Mark the tests that are measured; properties, which run a hundred times, are not."""
    seen = set()
    for item in items:
        name = item.nodeid.partition("[")[0]
        is_property = hasattr(getattr(item, "obj", None), "hypothesis")
        item.stash[_IS_MEASURED] = name.startswith(FOLDERS) and name not in seen and not is_property
        seen.add(name)


@contextmanager
def measuring(item: pytest.Item) -> Iterator[None]:
    """Around one test, its fixtures included."""
    running = None if item.stash[_IS_MEASURED] else Coverage.current()
    if running is None:
        yield
        return
    running.stop()
    try:
        yield
    finally:
        running.start()
