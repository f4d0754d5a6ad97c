"""What operators see of all accounts; for everybody else these pages do not exist."""

from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.clock import utcnow
from app.db import db
from app.models import User
from app.services.ops import accounts, figures, operators
from app.services.ops.installation import installation
from app.services.owner import switch
from app.web.access import LARGEST_ID, commit_on_success, owner
from app.web.address import requested_page
from app.web.forms import ActionForm, sent, text_of
from app.web.ops import blueprint, labels
from app.web.ops.forms import HaltForm

LONGEST_WORDS = 254


@blueprint.before_request
def _only_operators() -> None:
    if not owner().is_operator:
        abort(404)


@blueprint.get("/ops")
def overview() -> str:
    now = utcnow()
    hour, day = now - timedelta(hours=1), now - timedelta(days=1)
    return render_template(
        "ops/overview.html",
        words=labels,
        now=now,
        users=figures.users(),
        due=figures.due(now),
        at_work=figures.at_work(now),
        ended_in_hour=figures.ended(hour),
        ended_in_day=figures.ended(day),
        quiet_in_hour=figures.quiet_users(hour),
        quiet_in_day=figures.quiet_users(day),
        failures=figures.failures(day),
        connections=figures.connections(),
        mails=figures.mails(day),
        failing=accounts.failing(),
        installation=installation(),
    )


@blueprint.get("/ops/users")
def user_list() -> str:
    asked = request.args.get("q", "").strip()[:LONGEST_WORDS]
    page = accounts.accounts(asked if asked.isprintable() else "", requested_page())
    return render_template("ops/users.html", page=page, asked=asked, words=labels)


@blueprint.get("/ops/users/<int:user_id>")
def user(user_id: int) -> str:
    return _user_page(_account_or_404(user_id), HaltForm())


@blueprint.post("/ops/users/<int:user_id>/halt")
@commit_on_success
def halt(user_id: int) -> ResponseReturnValue:
    account, form = _account_or_404(user_id), HaltForm()
    if not form.validate_on_submit():
        return _user_page(account, form), form.status
    operators.halt(account, text_of(form.reason), owner().id)
    flash("Обновления приостановлены. Владелец прочитает причину на странице «Синхронизация».", "success")
    return redirect(url_for(".user", user_id=user_id))


@blueprint.post("/ops/users/<int:user_id>/resume")
@commit_on_success
def resume(user_id: int) -> ResponseReturnValue:
    sent(ActionForm)
    operators.resume(_account_or_404(user_id), owner().id)
    flash("Обновления снова разрешены.", "success")
    return redirect(url_for(".user", user_id=user_id))


def _account_or_404(user_id: int) -> User:
    found = db.session.get(User, user_id) if 0 < user_id <= LARGEST_ID else None
    return found or abort(404)


def _user_page(account: User, form: HaltForm) -> str:
    return render_template(
        "ops/user.html",
        words=labels,
        account=account,
        form=form,
        status=switch.status_of(account),
        obstacle=switch.run_obstacle(account),
        runs=accounts.latest_runs(account.id),
    )
