"""The product has one wall clock, `app.clock.utcnow`: a test that tells the time tells it to all of the product."""

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
        "time": ("time", "time_ns", "localtime", "gmtime"),
        "func": ("current_timestamp", "localtimestamp"),
    }.items()
    for name in names
}


def sources() -> Iterator[Path]:
    """All but the sandbox, which emulates servers with clocks of their own."""
    return (path for path in APP.rglob("*.py") if path.relative_to(APP).parts[0] != "sandbox")


def readings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ".".join(ast.unparse(node.func).split(".")[-2:])
            if called in READINGS:
                yield f"{path.relative_to(APP)}: {called}"


def test_the_wall_clock_is_read_in_one_place() -> None:
    """The limiter, too, has a clock: the seconds left until it lets somebody in are told by that one."""
    found = sorted(found for path in sources() for found in readings(path))
    assert found == ["clock.py: datetime.now", "web/doors/limits.py: time.time"]


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
