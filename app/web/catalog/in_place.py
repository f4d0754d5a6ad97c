"""The answer to a press on a page of the catalog: with htmx that page as it stands now, in the same round trip."""

from typing import Any, cast
from urllib.parse import unquote, urlsplit

from flask import current_app, make_response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.db import db, reading
from app.web.access import is_htmx
from app.web.address import asked_for

_PAGES = frozenset({"catalog.store", "catalog.stores", "catalog.rules"})
"""Endpoints whose pages are brought up to date where they stand."""


def shown_again(back: str) -> ResponseReturnValue:
    """`back`: a path of this site. Without htmx, and for other pages, the visitor is led there.

    Commits: while the page is made, nobody waits for what was changed.
    """
    page = _page_at(back) if is_htmx() else None
    if page is None:
        return redirect(back)
    answer = make_response(page)
    answer.headers["HX-Push-Url"] = "false"  # the address stays: it is that of the page already
    return answer


def _page_at(address: str) -> str | None:
    parts = urlsplit(address)
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint, values = adapter.match(unquote(parts.path), method="GET") if adapter else ("", {})
        if endpoint not in _PAGES or not all(str(value).isprintable() for value in values.values()):
            return None
        db.session.commit()
        with reading(), asked_for(parts.query):
            view: Any = current_app.view_functions[endpoint]
            page = cast(str, view(**values))
            db.session.commit()  # or what comes after would still be read as it stood then
            return page
    except HTTPException:
        return None
