"""What the documentation points at is there: files, folders, sections, settings, names in modules."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PLACE = re.compile(r"(?<![\w./-])(?:app|bench|bin|deploy|docs|migrations|tests)/[\w./-]*[\w/]")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAME = re.compile(r"`(\w+)(?:\(\))?` (?:in|of)\s+`(app/[\w/]+\.py)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def anchor(heading: str) -> str:
    """As the sites that show these pages make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(document: Path) -> Iterator[tuple[Path, str]]:
    for target in LINK.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        if not target.startswith(("http://", "https://")):
            path, _, section = target.partition("#")
            yield (document.parent / path).resolve() if path else document, section


@each_document
def test_every_place_that_is_named_exists(document: Path) -> None:
    named = PLACE.findall(document.read_text(encoding="utf-8"))
    assert not [place for place in named if not (ROOT / place).exists()]


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, section in links(document):
        assert path.exists(), path
        if section:
            assert section in map(anchor, HEADING.findall(path.read_text(encoding="utf-8"))), f"{path}#{section}"


@each_document
def test_every_name_stands_in_its_module(document: Path) -> None:
    for name, module in NAME.findall(document.read_text(encoding="utf-8")):
        text = (ROOT / module).read_text(encoding="utf-8")
        assert re.search(rf"^\s*(?:def|class) {name}\b|^{name}\b.* = ", text, re.MULTILINE), f"{name} in {module}"


def test_operators_read_of_settings_that_exist() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    known = {name.upper() for name in Settings.__struct_fields__} | {"BIND", "WEB_CONCURRENCY", "FLASK_DEBUG"}
    assert {*re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text)} <= known
