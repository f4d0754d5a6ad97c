"""What a transaction has changed so far of that which verdicts follow from: noted in the session until they are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy.orm import Session

from app.db import db
from app.domain.rules import RuleSet

_KEY = "unsettled verdicts"


@dataclass(slots=True)
class Marks:
    """Of one user."""

    rules_before: RuleSet | None = None
    """As they were when the transaction first changed one; None = it changed none."""
    is_all: bool = False
    """Something changed that every verdict may depend on."""
    has_new_texts: bool = False
    """Names or groups changed, so that search and order may, too."""
    products: set[str] = field(default_factory=set)
    """Ids of products whose pictures changed."""
    groups: set[tuple[str, str]] = field(default_factory=set)
    """(store id, id) of groups whose pictures changed."""

    @property
    def is_about_pictures(self) -> bool:
        return self.rules_before is None and not self.is_all


def of(user_id: int) -> Marks:
    return _all().setdefault(user_id, Marks())


def take(user_id: int) -> Marks | None:
    return _all().pop(user_id, None)


def take_any() -> Iterator[int]:
    """Ids of the users who have marks, while there are any."""
    while _all():
        yield next(iter(_all()))


def forget(session: Session) -> None:
    """Its transaction has ended."""
    session.info.pop(_KEY, None)


def _all() -> dict[int, Marks]:
    return cast(dict[int, Marks], db.session.info.setdefault(_KEY, {}))
