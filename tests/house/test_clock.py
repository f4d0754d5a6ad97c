"""The product has one source of time, `app.clock`: a test that turns it turns it for all of the product."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app"
READINGS = {
    f"{owner}.{name}"
    for owner, names in {
        "datetime": ("now", "utcnow", "today"),
        "date": ("today",),
        "time": ("time", "time_ns", "localtime", "gmtime", "monotonic", "monotonic_ns", "perf_counter", "sleep"),
        "func": ("current_timestamp", "localtimestamp"),
        "random": ("random", "uniform"),
    }.items()
    for name in names
}
READERS = [
    # The clock itself.
    "clock.py: datetime.now",
    "clock.py: random.random",
    "clock.py: time.monotonic",
    "clock.py: time.sleep",
    # Patience with real sockets and locks.
    "clients/bounded.py: time.monotonic",
    "clients/budget.py: time.monotonic",
    "services/photos/files.py: time.monotonic",
    "services/photos/files.py: time.sleep",
    "serving.py: time.monotonic",
    # The limiter has a clock of its own: the seconds left until it lets somebody in are told by that one.
    "web/doors/limits.py: time.time",
]


def sources() -> Iterator[Path]:
    """All but the sandbox, which emulates servers with clocks of their own."""
    return (path for path in APP.rglob("*.py") if path.relative_to(APP).parts[0] != "sandbox")


def readings(path: Path) -> set[str]:
    """Whether called, handed on or imported by name."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            named.add(".".join(ast.unparse(node).split(".")[-2:]))
        elif isinstance(node, ast.ImportFrom):
            named.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {f"{path.relative_to(APP)}: {name}" for name in named & READINGS}


def test_time_is_read_and_passed_in_one_place_but_for_a_few_that_are_known() -> None:
    found = {found for path in sources() for found in readings(path)}
    assert sorted(found) == sorted(READERS)


# What is shown of a time goes through one file, which knows the owner's zone.

SHOWN = APP / "web" / "formatting.py"
_WRITTEN = re.compile(r"strftime|ctime\(|\.isoformat\(|:%[a-zA-Z]|astimezone|tzinfo")
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STORED = r"(?:_at|\.at|\.until|\.since)\b(?![\w.])"
_SHOWN_BY_FILTER = re.compile(rf"{_STORED}\)?\s*\|\s*(?:moment|ago|clock|iso)\b")
_ONLY_ASKED = re.compile(rf"(?:\bif|\band|\bnot)\s+[\w.]+{_STORED}(?!\s*\|)|{_STORED}\s+or\b")


def test_no_view_writes_a_time_without_the_owner_s_zone() -> None:
    sources = (path for path in (APP / "web").rglob("*.py") if path != SHOWN)
    assert not [path.name for path in sources if _WRITTEN.search(path.read_text(encoding="utf-8"))]


def test_no_page_writes_a_time_without_the_owner_s_zone() -> None:
    for path in (APP / "templates").rglob("*.html"):
        for expression in _EXPRESSION.findall(path.read_text(encoding="utf-8")):
            rest = _SHOWN_BY_FILTER.sub("", _ONLY_ASKED.sub("", expression))
            assert not re.search(_STORED, rest), f"{path.name}: {expression}"
