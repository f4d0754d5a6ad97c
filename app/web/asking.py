"""Views that ask the vendors while their reader waits."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.services import vendor_turns
from app.services.vendor_turns import AllSeatsTaken, TurnTaken
from app.web import seats
from app.web.access import READS, owner
from app.web.messages import message

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def asks_vendors(back: str) -> Callable[[View[P]], View[P]]:
    """Outside commit_on_success. Whose turn it is not is sent to the endpoint `back` with the reason."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def asking(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if request.method in READS:
                return view(*args, **kwargs)
            try:
                seats.leave()  # whoever waits for a vendor keeps no page waiting
                with vendor_turns.turn(owner().id):
                    return view(*args, **kwargs)
            except (TurnTaken, AllSeatsTaken) as error:
                flash(message(error.code), "warning")
                return redirect(url_for(back))

        return asking

    return decorate
