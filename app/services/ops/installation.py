"""What runs here."""

from typing import NamedTuple

from app.db import db
from app.services.health import newest_migration
from config import ROOT

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SHORT = 12


class Installation(NamedTuple):
    database: str
    migration: str
    revision: str | None
    """Of the source, as git has it; None where it was not installed by git."""


def installation() -> Installation:
    return Installation(NAMES[db.engine.dialect.name], newest_migration(), _revision())


def _revision() -> str | None:
    """Read from what git keeps, so that no program has to be there."""
    git = ROOT / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        name = head.removeprefix("ref: ")
        return (head if name == head else (git / name).read_text().strip())[:SHORT]
    except OSError:
        return None
