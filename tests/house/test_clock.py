"""The product has one wall clock, `app.db.utcnow`: a test that tells the time tells it to all of the product."""

import ast
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
    assert found == ["db.py: datetime.now", "web/limits.py: time.time"]
