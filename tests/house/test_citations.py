"""What docstrings cite of the contracts is there: `docs/contracts/vk.md §4.2`, then `§4.2` in the same module."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "docs" / "contracts"
NAMES = ("vk", "evotor")
FILE = re.compile(r"docs/contracts/(\w+)\.md")
SECTION = re.compile(r"§(\d+(?:\.\d+)?)")
HEADING = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
OTHERWISE = re.compile(r"(?<!docs/)contracts/\w+\.md|\b[Ss]ections? \d")
"""Ways to cite that nobody would find."""


def sources() -> Iterator[tuple[Path, str]]:
    for folder in ("app", "bench", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path != Path(__file__).resolve():
                yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def citations(text: str) -> Iterator[tuple[str, str]]:
    """(contract, section): of the file that was named last before the sign."""
    named = ""
    for match in re.finditer(f"{FILE.pattern}|{SECTION.pattern}", text):
        named = match[1] or named
        if match[2]:
            yield named, match[2]


def sections(contract: str) -> list[str]:
    return HEADING.findall((CONTRACTS / f"{contract}.md").read_text(encoding="utf-8"))


def test_every_cited_section_exists() -> None:
    known = {(name, section) for name in NAMES for section in sections(name)}
    cited = [(path, *citation) for path, text in sources() for citation in citations(text)]
    missing = [
        f"{path}: {name or 'no contract'} §{section}" for path, name, section in cited if (name, section) not in known
    ]
    assert len(cited) > 50
    assert not missing, "\n".join(missing)


def test_every_cited_contract_exists() -> None:
    named = {(path, name) for path, text in sources() for name in FILE.findall(text)}
    assert not [f"{path}: {name}" for path, name in named if name not in NAMES]


def test_contracts_are_cited_in_one_way() -> None:
    found = [f"{path}: {match[0]}" for path, text in sources() for match in OTHERWISE.finditer(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", NAMES)
def test_sections_are_numbered_in_order_and_once(name: str) -> None:
    numbers = [tuple(map(int, section.split("."))) for section in sections(name)]
    assert numbers == sorted(set(numbers))
    assert [number[0] for number in numbers if len(number) == 1] == list(range(1, numbers[-1][0] + 1))


@pytest.mark.parametrize("name", NAMES)
def test_contracts_refer_to_sections_of_their_own(name: str) -> None:
    text = (CONTRACTS / f"{name}.md").read_text(encoding="utf-8")
    assert set(SECTION.findall(text)) <= {*sections(name)}
