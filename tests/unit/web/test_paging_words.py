"""What stands after «из» below a long list is in the genitive: «из 1 изменения», «из 452 изменений»."""

import re
from pathlib import Path

import pytest

from app.web.formatting import counted

TEMPLATES = Path(__file__).parents[3] / "app" / "templates"
USES = [
    (path.name, words)
    for path in sorted(TEMPLATES.rglob("*.html"))
    for line in re.findall(r"pagination\(.*", path.read_text())
    for words in re.findall(r'\(("[^"]+", "[^"]+", "[^"]+")\)', line)
]


@pytest.mark.parametrize(("template", "words"), USES)
def test_every_list_has_words_that_fit(template: str, words: str) -> None:
    _one, few, many = re.findall(r'"([^"]+)"', words)
    assert few == many, template


@pytest.mark.parametrize(
    ("count", "said"), [(1, "изменения"), (21, "изменения"), (452, "изменений"), (455, "изменений")]
)
def test_the_words_of_changes_fit_any_number(count: int, said: str) -> None:
    ((_, words),) = [use for use in USES if use[0] == "run.html"]
    assert counted(count, *re.findall(r'"([^"]+)"', words)).endswith(said)
