"""The words of a mail, made when it goes out: what it tells is then as it stands, and no token ever lay anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from app.context import settings
from app.db import db, reading
from app.domain.planning.changes import Action
from app.domain.planning.summary import BrakeSummary
from app.models import MailKind, User
from app.services.mail import digest, occasions, preferences, tokens
from app.services.planning.pending import pending_plan

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "letters"
PATHS = {
    MailKind.CONNECTION: "/connections",
    MailKind.NO_GOOD_RUN: "/sync",
    MailKind.APPROVAL: "/sync/plan",
    MailKind.WEEKLY_DIGEST: "/sync/runs",
}
_DONE = (Action.ADD, Action.EDIT, Action.SHOW, Action.HIDE, Action.DELETE)


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str
    stop_url: str | None = None
    """Where this kind is ended."""


def letter_for(user: User, kind: MailKind) -> Letter | None:
    """None where there is nothing to tell any more. May make the plan, and commits then."""
    if kind is MailKind.CONFIRM_EMAIL:
        is_needed = user.email_confirmed_at is None
        return _written(kind, f"/email/confirm/{tokens.confirm_token(user)}") if is_needed else None
    if kind is MailKind.RESET_PASSWORD:
        return _written(kind, f"/password/reset/{tokens.reset_token(user)}")
    facts = _facts(user, kind) if preferences.wants(user, kind) else None
    if facts is None:
        return None
    troubles = facts.get("troubles", ())
    path = f"/{troubles[0][0]}" if len(troubles) == 1 else PATHS[kind]
    return _written(kind, path, f"/mail/stop/{tokens.stop_token(user, kind)}", **facts)


def _facts(user: User, kind: MailKind) -> dict[str, Any] | None:
    if kind is MailKind.WEEKLY_DIGEST:  # however late it goes
        week = digest.week_of(user)
        return {"week": week, "done": {str(action): week.done.get(action, 0) for action in _DONE}}
    if (occasion := occasions.still(kind, user.id)) is None:
        return None
    if kind is MailKind.CONNECTION:
        return {"troubles": [trouble.split() for trouble in occasion.about.split(", ")]}
    return {"brakes": _brakes(user)} if kind is MailKind.APPROVAL else {}


def _brakes(user: User) -> Sequence[BrakeSummary]:
    """That hold the plan as it stands now; none where it was let go meanwhile. May make the plan, and commits then."""
    with reading():
        check = pending_plan(user).brake_check
        db.session.commit()
    return check.brakes if check.needs_approval else ()


def test_letter() -> Letter:
    return _written("test", "/")


def _written(kind: str, path: str, stop_path: str | None = None, **facts: Any) -> Letter:
    """From the one template of its kind: blocks `subject`, `said` (paragraphs), `to_do` (what the link is for)."""
    site = settings().public_url
    template = _environment().get_template(f"{kind}.txt")
    subject, said, to_do = (_block(template, name, facts) for name in ("subject", "said", "to_do"))
    stop_url = stop_path and site + stop_path
    frame = {
        "subject": subject,
        "paragraphs": [" ".join(paragraph.split("\n")) for paragraph in said.split("\n\n")],
        "to_do": to_do,
        "link": site + path,
        "stop_url": stop_url,
        "site": site,
    }
    text, html = (_environment().get_template(name).render(frame) for name in ("frame.txt", "frame.html"))
    return Letter(subject, text, html, stop_url)


def _block(template: Template, name: str, facts: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(facts))).strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
