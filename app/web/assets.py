"""Static files under addresses that change with their content; icons written into the page."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from markupsafe import Markup

STATIC = Path(__file__).resolve().parent.parent / "static"
ICONS = STATIC / "vendor" / "bootstrap-icons-1.13.2" / "icons"


def init_app(app: Flask) -> None:
    app.url_defaults(_add_version)
    app.jinja_env.globals.update(icon=icon, sprite=sprite)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values and (version := _version(values["filename"])):
        values["v"] = version


@cache
def _version(filename: str) -> str | None:
    path = STATIC / filename
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else None


@cache
def icon(name: str, *, repeated: bool = False) -> Markup:
    """The vendored SVG, hidden from screen readers: the words beside it tell the same. Raises FileNotFoundError.

    `repeated`: one of many on the page, which carries a `sprite` with its name.
    """
    if repeated:
        return Markup('<svg class="bi" aria-hidden="true"><use href="#icon-{}"/></svg>').format(name)
    svg = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    svg = re.sub(r'class="[^"]*"', 'class="bi" aria-hidden="true" focusable="false"', svg, count=1)
    return Markup(svg)  # noqa: S704 - a file of ours, not input


@cache
def sprite(*names: str) -> Markup:
    """Drawings for the repeated icons of a page, written once."""
    symbols = ""
    for name in names:
        svg = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
        drawing = svg[svg.index(">") + 1 : svg.rindex("</svg>")].strip()
        symbols += f'<symbol id="icon-{name}" viewBox="0 0 16 16" fill="currentColor">{drawing}</symbol>'
    return Markup(f'<svg class="d-none" aria-hidden="true">{symbols}</svg>')  # noqa: S704 - files of ours, not input
