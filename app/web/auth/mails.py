"""The card «Письма» of the account page: which to get, and whether the address is confirmed."""

from dataclasses import dataclass

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.context import settings
from app.models import User
from app.services.mail import confirmation, preferences
from app.web.access import owner
from app.web.auth.forms import MailsForm
from app.web.forms import ActionForm, sent


@dataclass(frozen=True, slots=True)
class MailsCard:
    form: MailsForm
    is_confirmed: bool


def mails_card(user: User) -> MailsCard | None:
    """None where there is no mail."""
    if not settings().has_mail:
        return None
    form = MailsForm(formdata=None, kinds=preferences.wanted(user))
    return MailsCard(form, user.email_confirmed_at is not None)


def choose_mails() -> ResponseReturnValue:
    preferences.choose(owner(), sent(MailsForm).kinds.data or ())
    flash("Сохранили, какие письма вам присылать.", "success")
    return redirect(url_for("auth.account"))


def ask_to_confirm() -> ResponseReturnValue:
    sent(ActionForm)
    if confirmation.ask(owner()):
        flash("Письмо придёт через несколько минут. Откройте ссылку из него.", "success")
    else:
        again = "попробуйте ещё раз через 5 минут, а после пяти писем — через час"
        flash(f"Письмо уже отправлено. Если его нет в папке «Спам», {again}.", "info")
    return redirect(url_for("auth.account"))
