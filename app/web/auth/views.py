from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.clock import utcnow
from app.context import request_source, settings
from app.db import db
from app.domain.account import time_zones
from app.extensions import limiter
from app.models import UserSession
from app.services.accounts import events, sessions, users
from app.services.accounts.passwords import WeakPassword
from app.services.connections import vk_id
from app.services.errors import BadCredentials, EmailTaken, TooManyAttempts
from app.services.mail import confirmation
from app.services.owner import shop_window
from app.services.vendors import turns
from app.services.vendors.turns import AllSeatsTaken
from app.web.access import commit_on_success, owned_or_404, owner, safe_next
from app.web.address import requested_page
from app.web.auth import blueprint
from app.web.auth.forms import AccountForm, DeleteForm, LoginForm, PasswordForm, RegisterForm, TimeZoneForm
from app.web.auth.history import A_PAGE, told
from app.web.auth.mails import ask_to_confirm, choose_mails, mails_card
from app.web.auth.signing import forget_device, sign_in
from app.web.doors import seats
from app.web.formatting import counted, moment, quoted
from app.web.forms import ActionForm, sent, text_of
from app.web.market.remains import stayed_everywhere
from app.web.messages import message

# Beside the counted failures (services/throttle.py): what even right passwords may cost.
SIGN_INS = "60 per minute; 600 per hour"
REGISTRATIONS = "20 per minute; 200 per hour"
PROOFS = "10 per minute; 60 per hour"
WORTH_TELLING = 5
"""Failures since the last sign-in: fewer are the owner's own."""


def _user_and_source() -> str:
    return f"{owner().id} {request_source()}"


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return redirect(url_for("sync.show" if current_user.is_authenticated else "auth.login"))


@blueprint.route("/register", methods=["GET", "POST"])
@limiter.limit(REGISTRATIONS, key_func=request_source, methods=["POST"])
@commit_on_success
def register() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("sync.show"))
    if not settings().registration_open:
        return render_template("auth/registration_closed.html"), 403 if request.method == "POST" else 200
    form = RegisterForm()
    if form.validate_on_submit():
        try:
            user = users.register(text_of(form.email), text_of(form.password))
            sign_in(user, remember=False)
        except EmailTaken as error:
            form.refuse(form.email, message(error.code))
        else:
            flash("Добро пожаловать! Начните с подключения Эвотора.", "success")
            if confirmation.ask(user):
                flash("Мы отправили вам письмо: откройте ссылку из него, чтобы подтвердить адрес.", "info")
            return redirect(url_for("sync.show"))
    return render_template("auth/register.html", form=form), form.status


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit(SIGN_INS, key_func=request_source, methods=["POST"])
@commit_on_success
def login() -> ResponseReturnValue:
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target or url_for("sync.show"))
    form = LoginForm()
    if form.validate_on_submit():
        try:
            user = users.authenticate(text_of(form.email), text_of(form.password), request_source())
            sign_in(user, remember=form.remember.data)
            _tell_of_failures(users.forget_failures(user))
            return redirect(target or url_for("sync.show"))
        except BadCredentials as error:
            form.refuse(form.password, message(error.code))
        except TooManyAttempts as error:
            form.refuse(form.password, message(error.code), status=429)
    is_open, has_mail = settings().registration_open, settings().has_mail
    page = render_template("auth/login.html", form=form, next=target, registration_open=is_open, has_mail=has_mail)
    return page, form.status


def _tell_of_failures(failures: int) -> None:
    if failures >= WORTH_TELLING:
        times = counted(failures, "раз", "раза", "раз")
        flash(f"С прошлого входа пароль вводили неверно {times}. Если это были не вы, смените пароль.", "warning")


@blueprint.post("/logout")
@commit_on_success
def logout() -> ResponseReturnValue:
    sent(ActionForm)
    if (found := sessions.current(owner())) is not None:
        sessions.end(found)
    forget_device()
    flash("Вы вышли.", "info")
    return redirect(url_for("auth.login"))


@blueprint.get("/account")
def account() -> str:
    return _account_page(PasswordForm(), DeleteForm(), TimeZoneForm(time_zone=time_zones.listed(owner().time_zone)))


def _account_page(
    password_form: PasswordForm | None = None,
    delete_form: DeleteForm | None = None,
    time_zone_form: TimeZoneForm | None = None,
) -> str:
    """The form that was sent as it was sent, the others empty."""
    page = events.latest(owner().id, 1, A_PAGE)
    return render_template(
        "auth/account.html",
        password_form=password_form or PasswordForm(formdata=None),
        delete_form=delete_form or DeleteForm(formdata=None),
        time_zone_form=time_zone_form or TimeZoneForm(formdata=None, time_zone=time_zones.listed(owner().time_zone)),
        mails=mails_card(owner()),
        devices=sessions.of(owner()),
        this_device=sessions.current(owner()),
        happened=list(map(told, page.items)),
        has_more=page.pages > 1,
        window=shop_window.shop_window(owner()),
    )


@blueprint.get("/account/events")
def account_events() -> str:
    page = events.latest(owner().id, requested_page(), A_PAGE)
    return render_template("auth/events.html", page=page, happened=list(map(told, page.items)))


@blueprint.post("/account/sessions/<int:session_id>/end")
@commit_on_success
def end_session(session_id: int) -> ResponseReturnValue:
    sent(ActionForm)
    found = owned_or_404(UserSession, session_id)
    sessions.end(found)
    flash(f"На устройстве {quoted(found.device)} вы вышли.", "success")
    return redirect(url_for(".account"))


@blueprint.post("/account/sessions/end")
@commit_on_success
def end_all_sessions() -> ResponseReturnValue:
    sent(ActionForm)
    sessions.end_all(owner())
    forget_device()
    flash("Вы вышли на всех устройствах.", "success")
    return redirect(url_for(".login"))


@blueprint.post("/account")
@limiter.limit(PROOFS, key_func=_user_and_source)
@commit_on_success
def change_account() -> ResponseReturnValue:
    action = sent(AccountForm).action.data
    changes = {
        "delete": delete_account,
        "time_zone": change_time_zone,
        "mails": choose_mails,
        "confirm_email": ask_to_confirm,
    }
    return changes.get(action or "", change_password)()


def change_time_zone() -> ResponseReturnValue:
    form = TimeZoneForm()
    if form.validate_on_submit():
        owner().time_zone = form.time_zone.data
        flash(f"Сохранили. У вас {moment(utcnow())}.", "success")
        return redirect(url_for(".account"))
    return _account_page(time_zone_form=form), form.status


def change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            this = sessions.current(owner())
            users.change_password(owner(), text_of(form.current_password), text_of(form.password), request_source())
        except (BadCredentials, TooManyAttempts) as error:
            form.refuse(form.current_password, refused_password(error, "wrong_current_password"))
        except WeakPassword as error:
            form.refuse(form.password, message(error.code))
        else:
            sign_in(owner(), remember=this is not None and this.is_remembered)
            flash("Пароль изменён. На других устройствах нужно войти заново.", "success")
            return redirect(url_for(".account"))
    return _account_page(form), form.status


def delete_account() -> ResponseReturnValue:
    form = DeleteForm()
    if form.validate_on_submit():
        window, tokens = shop_window.shop_window(owner()), vk_id.given_tokens(owner())
        try:
            users.delete(owner(), text_of(form.password), request_source())
        except (BadCredentials, TooManyAttempts) as error:
            form.refuse(form.password, refused_password(error, "wrong_account_password"))
        else:
            are_revoked = _are_revoked(tokens)
            forget_device()
            flash(f"Учётная запись удалена. {stayed_everywhere(window)}", "success")
            if not are_revoked:
                flash(message("vk_id_not_revoked"), "info")
            return redirect(url_for(".login"))
    return _account_page(delete_form=form), form.status


def _are_revoked(tokens: list[str]) -> bool:
    """VK is told only after the account is gone. Commits."""
    if not tokens:
        return True
    db.session.commit()
    seats.leave()
    try:
        with turns.seat():
            return False not in [vk_id.revoke(token) for token in tokens]
    except AllSeatsTaken:
        return False


def refused_password(error: BadCredentials | TooManyAttempts, wrong: str) -> str:
    """`wrong`: the code that says which of the form's passwords it is."""
    return message(error.code if isinstance(error, TooManyAttempts) else wrong)
