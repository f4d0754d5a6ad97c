"""Icons written into the page."""

import re
from functools import cache

from flask import Flask
from markupsafe import Markup

from app.web.doors.static import STATIC

ICONS = STATIC / "vendor" / "bootstrap-icons-1.13.2" / "icons"


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(icon=icon, sprite=sprite)


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
