"""Who may see what; where a request's transaction begins and ends."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, flash, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db, reading
from app.extensions import login_manager
from app.models import User
from app.services.accounts import sessions
from app.services.errors import SessionEnded
from app.services.runs import quiet
from app.web.address import path_of_page, question_of_page

P = ParamSpec("P")
T = TypeVar("T")

WEBHOOKS = frozenset(
    {"webhooks.verify", "webhooks.token", "webhooks.installation", "webhooks.subscription", "webhooks.goods"}
)
"""Evotor's, which proves itself by its secret."""
MAIL_LINKS = frozenset({"mail.forgot", "mail.new_password", "mail.confirm", "mail.stop", "mail.end_kind"})
PUBLIC = (
    WEBHOOKS | MAIL_LINKS | {"auth.index", "auth.login", "auth.register", "health.show", "health.metrics", "static"}
)
"""Endpoints that answer without a sign-in; every other one asks for it."""

ASIDE = frozenset({"window.settings_example"})
"""Endpoints that a page asks while somebody types in it: whatever they answer, it must not be left or loaded anew."""

ONCE = {"connections.vk_callback": "connections.vk"}
"""Endpoints whose addresses are good for once and nobody else's to learn: {endpoint: where one begins anew}."""

LARGEST_ID = 2**63 - 1
LONGEST_WAY = 2_000
"""Bytes of a path that a visitor is led to: the notice of a change carries it, in a cookie of 4,093."""

READS = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask) -> None:
    login_manager.login_view = "auth.login"
    login_manager.session_protection = "basic"
    login_manager.user_loader(_resume)
    login_manager.unauthorized_handler(to_sign_in)
    app.url_value_preprocessor(_readable)
    app.register_error_handler(SessionEnded, lambda _: to_sign_in(is_change=True))
    app.before_request(_begin)
    app.before_request(_guard)
    app.teardown_request(_end)


def _resume(carried: str) -> User | None:
    return sessions.resume(carried, is_change=request.method not in READS)


def _begin() -> None:
    """Pages that only look do not queue behind the one writer of SQLite."""
    if request.method in READS:
        g.reading = ExitStack()
        g.reading.enter_context(reading())


def _end(_error: BaseException | None) -> None:
    if (stack := g.pop("reading", None)) is not None:
        stack.close()


def _guard() -> ResponseReturnValue | None:
    return None if request.endpoint is None or is_open_to_visitor(request.endpoint) else to_sign_in()


def is_open_to_visitor(endpoint: str) -> bool:
    return endpoint in PUBLIC or bool(current_user.is_authenticated)


def _readable(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Nothing of ours is called by signs that cannot be read, and PostgreSQL does not even take a NUL to look for."""
    if not all(value.isprintable() for value in (values or {}).values() if isinstance(value, str)):
        abort(404)


def to_sign_in(*, is_change: bool = False) -> ResponseReturnValue:
    """And back to the page afterwards, or to that from which a form was sent."""
    if is_htmx():
        answer = make_response("", 401)
        if not stays_as_it_is():
            answer.headers["HX-Redirect"] = url_for("auth.login")
        return answer
    is_page = request.method == "GET"
    wanted = _wanted() if is_page else local_path(request.referrer)
    if is_change or not is_page:
        flash("Вы вышли, поэтому ничего не изменилось. Войдите и повторите.", "warning")
    elif wanted != "/sync":
        flash("Войдите, чтобы открыть эту страницу.", "info")
    return redirect(url_for("auth.login", next=wanted))


def _wanted() -> str:
    anew = ONCE.get(request.endpoint or "")
    return url_for(anew) if anew else path_of_page() + question_of_page()


def stays_as_it_is() -> bool:
    return request.endpoint in ASIDE and is_htmx()


def is_htmx() -> bool:
    """A part of the page is asked for. Going back, htmx asks for the whole page and says so."""
    is_going_back = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not is_going_back


def owner() -> User:
    """The signed-in user; only for views behind the guard."""
    return cast(User, current_user._get_current_object())


def owned_or_404(model: type[T], object_id: int) -> T:
    """The user's own object; what belongs to somebody else does not exist for them."""
    found: Any = db.session.get(model, object_id) if 0 < object_id <= LARGEST_ID else None
    if found is None or found.user_id != owner().id:
        abort(404)
    return cast(T, found)


def commit_on_success(view: Callable[P, ResponseReturnValue]) -> Callable[P, Response]:
    """Commits when the view answers below 400, else rolls back: services only flush. Whatever the owner did, their
    runs come as usual from now on.
    """

    @wraps(view)
    def committing(*args: P.args, **kwargs: P.kwargs) -> Response:
        if current_user.is_authenticated:
            quiet.come_back(current_user.id)
        try:
            answer = make_response(view(*args, **kwargs))
        except BaseException:
            db.session.rollback()
            raise
        if answer.status_code < 400:
            db.session.commit()
        else:
            db.session.rollback()
        return answer

    return committing


def writing(change: Callable[[], T]) -> T:
    """One committed change within a page that otherwise only looks; returns what it comes to."""
    db.session.rollback()
    with reading(False):
        result = change()
        db.session.commit()
    return result


def local_path(address: str | None) -> str | None:
    """The path of a whole address that a browser sent, if it can be one of ours."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return safe_next(parts._replace(scheme="", netloc="", fragment="").geturl())


def safe_next(target: str | None) -> str | None:
    """A path of this site that a cookie has room for, or None: nobody is led to another one."""
    if not target or len(target.encode(errors="replace")) > LONGEST_WAY:
        return None
    if not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable():
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target
