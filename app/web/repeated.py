"""Macros that stand in many rows of a page: run once for each kind of row, whose own words are then only filled in."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from uuid import uuid4

from flask import Flask
from markupsafe import Markup, escape

Row = tuple[Hashable, Mapping[str, str]]
"""What rows may have in common, and this row's own words by their names."""


def init_app(app: Flask) -> None:
    app.jinja_env.globals["repeated"] = repeated


def repeated(macro: Callable[..., str], rows: Iterable[Row]) -> Markup:
    """`macro` takes the kind of a row, then its words by name; these it may write and hand on, not ask or change."""
    mark, patterns, done = f"word{uuid4().hex}", dict[Hashable, str](), list[str]()
    for kind, words in rows:
        pattern = patterns.get(kind)
        if pattern is None:
            pattern = patterns[kind] = _pattern(macro, kind, {name: f"{mark}{name}." for name in words})
        done.append(pattern % {name: escape(word) for name, word in words.items()})
    return Markup("".join(done))  # noqa: S704 - what a macro made, and words that are escaped


def _pattern(macro: Callable[..., str], kind: Hashable, marks: Mapping[str, str]) -> str:
    pattern = str(macro(kind, **marks)).replace("%", "%%")
    for name, mark in marks.items():
        pattern = pattern.replace(mark, f"%({name})s")
    return pattern
