"""What is said after a change of the rules: what was done, what holds now, and how to take it back."""

from flask import render_template, request
from markupsafe import Markup

from app.domain.rules import EntityType, Status
from app.models import User
from app.services.owner import rules, switch
from app.services.owner.rule_changes import Changed
from app.web.access import is_htmx, local_path
from app.web.catalog import standing


def notice(user: User, changed: Changed, done: str, level: EntityType, back: str, *, is_plain: bool) -> Markup:
    """`is_plain`: what was done says it all, so what holds now on that level need not be told."""
    if changed.token is None:
        return Markup("Ничего не изменилось: так уже было.")
    return Markup(  # noqa: S704 - a template escaped it
        render_template(
            "catalog/_changed.html",
            done=done,
            now="" if is_plain else standing.level_sentence(rules.rules_of(user), level),
            is_active=switch.status_of(user) is Status.ACTIVE,
            token=changed.token,
            back=back,
        ).strip()
    )


def shown_whole(changed: Changed) -> str:
    count = len(changed.names)
    return f"Магазин показан целиком, фильтров изменено: {count}."


def shown_page() -> str:
    """The path of the page that the visitor looks at: behind htmx it is another one than the request's."""
    return (local_path(request.headers.get("HX-Current-URL")) if is_htmx() else None) or request.path
