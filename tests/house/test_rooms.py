"""The house itself: rooms small enough to be looked through, named by what is in them, each with a word at the door."""

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
SOURCES = sorted(APP.rglob("*.py"))

MOST_FILES = 14
MOST_LINES = 300
NAMELESS = re.compile(r"(helpers?|utils?|misc|common|words|tools|stuff|shared|various)")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_room_has_more_files_than_one_look_takes_in() -> None:
    counted = Counter(path.parent for path in SOURCES)
    assert not {shown(room): files for room, files in counted.items() if files > MOST_FILES}


def test_no_file_is_longer_than_it_takes_to_read_at_once() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert not {shown(path): lines for path, lines in lengths.items() if lines > MOST_LINES}


def test_every_room_says_what_it_is_for() -> None:
    rooms = {path.parent for path in SOURCES}
    doors = {room / "__init__.py" for room in rooms}
    assert not [shown(door) for door in doors if not door.exists()]
    assert not [shown(door) for door in sorted(doors) if not ast.get_docstring(ast.parse(door.read_text("utf-8")))]


def test_a_room_is_named_by_its_thing() -> None:
    names = {path for source in SOURCES for path in (source, source.parent) if path != APP}
    assert not {shown(path) for path in names if NAMELESS.fullmatch(path.stem)}
