from functools import partial

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.context import request_source, settings
from app.extensions import csrf, limiter
from app.services.accounts.passwords import WeakPassword
from app.services.errors import LinkExpired
from app.services.mail import confirmation, preferences, reset
from app.services.mail.confirmation import Link
from app.services.mail.tokens import stopped_by
from app.web.access import commit_on_success, writing
from app.web.forms import sent, text_of
from app.web.mail import blueprint
from app.web.mail.forms import ForgotForm, ResetForm, StopForm
from app.web.mail.labels import KINDS
from app.web.messages import message

ASKED = "10 per minute; 60 per hour"
"""Of one source, whoever it asks for; each address has limits of its own, see services/mail/outbox.py."""


@blueprint.before_request
def _only_with_mail() -> None:
    if not settings().has_mail:
        abort(404)


@blueprint.after_request
def _tell_nobody(answer: Response) -> Response:
    """The address of such a page is a key: it goes to no other page."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@blueprint.route("/password/forgot", methods=["GET", "POST"])
@limiter.limit(ASKED, key_func=request_source, methods=["POST"])
@commit_on_success
def forgot() -> ResponseReturnValue:
    form = ForgotForm()
    if form.validate_on_submit():
        reset.ask(text_of(form.email))
        flash(
            "Если этот адрес зарегистрирован, через несколько минут на него придёт письмо со ссылкой. "
            "Если его нет, проверьте папку «Спам».",
            "success",
        )
        return redirect(url_for(".forgot"))
    return render_template("mail/forgot.html", form=form), form.status


@blueprint.route("/password/reset/<string:token>", methods=["GET", "POST"])
@limiter.limit(ASKED, key_func=request_source, methods=["POST"])
@commit_on_success
def new_password(token: str) -> ResponseReturnValue:
    form = ResetForm()
    try:
        if form.validate_on_submit():
            is_first_proof = reset.reset(token, text_of(form.password))
            flash("Пароль изменён, на всех устройствах нужно войти заново. Войдите с новым паролем.", "success")
            if is_first_proof:
                flash(message("connections_of_before"), "info")
            return redirect(url_for("auth.login"))
    except WeakPassword as error:
        form.refuse(form.password, message(error.code))
    except LinkExpired:
        return _expired()
    if not reset.is_good(token):
        return _expired()
    return render_template("mail/reset.html", form=form, token=token), form.status


@blueprint.get("/email/confirm/<string:token>")
def confirm(token: str) -> ResponseReturnValue:
    """By GET, as mails have nothing else: a program that looks at links does no harm, and whoever comes after it is
    told that the address is confirmed.

    HEAD changes nothing.
    """
    state = confirmation.state_of(token)
    if state is Link.FORGED:
        return _expired()
    if state is Link.PAST:
        return render_template("mail/expired.html", is_signed_in=current_user.is_authenticated, is_of_address=True)
    if state is Link.GOOD and request.method == "GET":
        writing(partial(confirmation.confirm, token))
    return render_template("mail/confirmed.html", is_again=state is Link.CONFIRMED)


@blueprint.get("/mail/stop/<string:token>")
def stop(token: str) -> ResponseReturnValue:
    if (found := stopped_by(token)) is None:
        return _expired()
    is_stopped = not preferences.wants(*found)
    return render_template("mail/stop.html", token=token, kind=KINDS[found[1]], is_stopped=is_stopped)


@blueprint.post("/mail/stop/<string:token>")
@commit_on_success
def end_kind(token: str) -> ResponseReturnValue:
    """Mail programs press it by themselves (RFC 8058): the signed token is the proof."""
    form = sent(StopForm)
    if (kind := preferences.stop(token)) is None:
        return _expired()
    if form.one_click.data:
        return render_template("mail/stop.html", token=token, kind=KINDS[kind], is_stopped=True)
    return redirect(url_for(".stop", token=token))


csrf.exempt(end_kind)


def _expired() -> ResponseReturnValue:
    """For whoever is signed in there is nothing to do; others may ask for another link."""
    return render_template("mail/expired.html", is_signed_in=current_user.is_authenticated), 404
