"""Rules that every template keeps."""

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import nodes

ROOT = Path(__file__).resolve().parents[2] / "app"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
VENDOR = ROOT / "static" / "vendor"


def names(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


def markup(path: Path) -> str:
    """Without what Jinja reads."""
    return re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_a_template_has_no_inline_code_and_loads_nothing_from_elsewhere(path: Path) -> None:
    text = markup(path)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|hx-vals=.js:|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_a_template_uses_what_it_imports(app: Flask, path: Path) -> None:
    tree = app.jinja_env.parse(path.read_text(encoding="utf-8"))
    used = {node.name for node in tree.find_all(nodes.Name)}
    for imported in tree.find_all(nodes.FromImport):
        for name in imported.names:
            alias = name[1] if isinstance(name, tuple) else name
            assert alias in used, f"{alias} is imported and not used"


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_a_call_block_asks_for_nothing_that_only_a_macro_has(app: Flask, path: Path) -> None:
    """Inside the block these names are its own, and hold nothing of the macro around it."""
    blocks = app.jinja_env.parse(path.read_text(encoding="utf-8")).find_all(nodes.CallBlock)
    asked = {node.name for block in blocks for part in block.body for node in part.find_all(nodes.Name)}
    assert not asked & {"kwargs", "varargs", "caller"}


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_a_post_form_carries_its_token(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count('method="post"') <= text.count("csrf_token")
    assert "csrf_meta_tag" not in text, "it is not masked"


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_a_template_writes_typographic_quotes(path: Path) -> None:
    """Straight quotes stand in tags and expressions only."""
    assert '"' not in re.sub(r"<[^>]*>", "", markup(path), flags=re.DOTALL)


def test_vendored_files_have_their_licence_and_no_source_maps() -> None:
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert (folder / "LICENSE").is_file(), folder
        assert folder.name in (VENDOR / "README.md").read_text(encoding="utf-8")
    for file in (path for path in VENDOR.rglob("*") if path.is_file()):
        assert file.suffix != ".map" and "sourceMappingURL" not in file.read_text(encoding="utf-8")


def test_every_vendored_icon_is_in_use() -> None:
    sources = [*TEMPLATES, *(ROOT / "web").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    unused = [path.stem for path in VENDOR.glob("*/icons/*.svg") if f'"{path.stem}"' not in text]
    assert not unused
