"""Views that ask the vendors while their reader waits."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.db import db, reading
from app.services.errors import ServiceError
from app.services.vendors import turns
from app.services.vendors.turns import AllSeatsTaken, TurnTaken
from app.web.access import READS, owner
from app.web.doors import seats
from app.web.forms import showing_again
from app.web.messages import message

TOO_MANY = 429

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


class StillGood(ServiceError):
    """Nothing was done: the same address may be loaded again."""

    code = "vk_id_waits"


def asks_vendors(
    back: str | None, keep_typed: Callable[[], None] | None = None, *, reads: bool = False
) -> Callable[[View[P]], View[P]]:
    """Outside commit_on_success. Whose turn it is not is sent to the endpoint `back` with the reason.

    `back` None: the address itself is still good, and its reader is told to load it again. A page with a form of its
    own shows what was typed again; `keep_typed` keeps what must not be shown. `reads`: the page asks as well when it is
    only opened.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def asking(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            is_read = request.method in READS
            if is_read and not reads:
                return view(*args, **kwargs)
            if is_read:
                db.session.rollback()  # what was begun to look cannot write
            try:
                seats.leave()  # whoever waits for a vendor keeps no page waiting
                with reading(False), turns.turn(owner().id):
                    return view(*args, **kwargs)
            except (TurnTaken, AllSeatsTaken) as error:
                if back is None:
                    raise StillGood from None
                flash(message(error.code), "warning")
                if keep_typed is None:
                    return redirect(url_for(back))
                keep_typed()
                with showing_again():
                    return make_response(view(*args, **kwargs)), TOO_MANY

        return asking

    return decorate
