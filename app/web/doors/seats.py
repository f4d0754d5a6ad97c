"""How many pages are made at once. Each takes the processor, memory and a connection of the database, goes on when its
reader has left, and a catalog may be large: whoever asks for many gets them one after another."""

import threading
from collections import Counter

from flask import Flask, current_app, g, request, session

from app.services.errors import ServiceError
from app.web.access import PUBLIC

AT_ONCE = 6
"""In one process, below the connections that it has: more would only share its processor."""
OF_ONE_VISITOR = 3
MOST_WAITING = 60
"""Of one visitor: as many pictures as a page shows."""
PATIENCE = 10.0
"""Seconds."""


class TooManyPages(ServiceError):
    code = "too_many_pages"


class Seats:
    def __init__(self) -> None:
        self._change = threading.Condition()
        self._taken = Counter[str]()
        self._waiting = Counter[str]()

    def take(self, who: str) -> None:
        """Raises TooManyPages where none is free in time."""
        with self._change:
            if self._waiting[who] >= MOST_WAITING:
                raise TooManyPages
            self._waiting[who] += 1
            is_free = self._change.wait_for(lambda: self._is_free_for(who), PATIENCE)
            self._waiting[who] -= 1
            self._waiting += Counter()  # whoever is not there any more is forgotten
            if not is_free:
                raise TooManyPages
            self._taken[who] += 1

    def _is_free_for(self, who: str) -> bool:
        return self._taken.total() < AT_ONCE and self._taken[who] < OF_ONE_VISITOR

    def leave(self, who: str) -> None:
        with self._change:
            self._taken[who] -= 1
            self._taken += Counter()
            self._change.notify_all()


seats = Seats()


def init_app(app: Flask) -> None:
    """Before the visitor is looked up: who waits holds nothing of the database."""
    app.before_request(_take)
    app.teardown_request(lambda _error: leave())


def leave() -> None:
    """Also before the end, by those that wait for somebody else from now on."""
    if (who := g.pop("seat", None)) is not None:
        seats.leave(who)


def _take() -> None:
    who = _visitor()
    if who is not None and request.endpoint not in PUBLIC:
        seats.take(who)
        g.seat = who


def _visitor() -> str | None:
    """The user, however many devices they have; None for a stranger, who is led to the sign-in."""
    carried = session.get("_user_id") or request.cookies.get(current_app.config["REMEMBER_COOKIE_NAME"])
    return str(carried).partition(".")[0] if carried else None
