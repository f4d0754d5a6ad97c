from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from app.context import settings
from app.services import accounts, orders
from app.services.errors import BadCredentials, EmailTaken, TooManyAttempts
from app.web.access import commit_on_success, owner, safe_next
from app.web.auth import blueprint
from app.web.auth.forms import AccountForm, DeleteForm, LoginForm, PasswordForm, RegisterForm
from app.web.forms import ActionForm, sent, text_of
from app.web.messages import message


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return redirect(url_for("sync.show" if current_user.is_authenticated else "auth.login"))


@blueprint.route("/register", methods=["GET", "POST"])
@commit_on_success
def register() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("sync.show"))
    if not settings().registration_open:
        return render_template("auth/registration_closed.html"), 403 if request.method == "POST" else 200
    form = RegisterForm()
    if form.validate_on_submit():
        try:
            login_user(accounts.register(text_of(form.email), text_of(form.password)))
        except EmailTaken as error:
            form.refuse(form.email, message(error.code))
        else:
            flash("Добро пожаловать! Начните с подключения Эвотора.", "success")
            return redirect(url_for("sync.show"))
    return render_template("auth/register.html", form=form), form.status


@blueprint.route("/login", methods=["GET", "POST"])
@commit_on_success
def login() -> ResponseReturnValue:
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target or url_for("sync.show"))
    form = LoginForm()
    if form.validate_on_submit():
        try:
            login_user(accounts.authenticate(text_of(form.email), text_of(form.password)), remember=form.remember.data)
            return redirect(target or url_for("sync.show"))
        except BadCredentials as error:
            form.refuse(form.password, message(error.code))
        except TooManyAttempts as error:
            form.refuse(form.password, message(error.code), status=429)
    is_open = settings().registration_open
    return render_template("auth/login.html", form=form, next=target, registration_open=is_open), form.status


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    sent(ActionForm)
    logout_user()
    flash("Вы вышли.", "info")
    return redirect(url_for("auth.login"))


@blueprint.get("/account")
def account() -> str:
    return _account_page(PasswordForm(), DeleteForm())


def _account_page(password_form: PasswordForm, delete_form: DeleteForm) -> str:
    return render_template(
        "auth/account.html",
        password_form=password_form,
        delete_form=delete_form,
        live=orders.live_count(owner()),
        order=orders.order_of(owner()),
    )


@blueprint.post("/account")
@commit_on_success
def change_account() -> ResponseReturnValue:
    return delete_account() if sent(AccountForm).action.data == "delete" else change_password()


def change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            accounts.change_password(owner(), text_of(form.current_password), text_of(form.password))
        except (BadCredentials, TooManyAttempts) as error:
            form.refuse(form.current_password, wrong_password(error))
        else:
            login_user(owner(), remember=current_app.config["REMEMBER_COOKIE_NAME"] in request.cookies)
            flash("Пароль изменён. На других устройствах нужно войти заново.", "success")
            return redirect(url_for(".account"))
    return _account_page(form, DeleteForm(formdata=None)), form.status


def delete_account() -> ResponseReturnValue:
    form = DeleteForm()
    if form.validate_on_submit():
        try:
            accounts.delete(owner(), text_of(form.password))
        except (BadCredentials, TooManyAttempts) as error:
            form.refuse(form.password, wrong_password(error))
        else:
            logout_user()
            flash("Учётная запись удалена. Товары в ВК остались как были.", "success")
            return redirect(url_for(".login"))
    return _account_page(PasswordForm(formdata=None), form), form.status


def wrong_password(error: BadCredentials | TooManyAttempts) -> str:
    return message(error.code) if isinstance(error, TooManyAttempts) else "Неверный пароль."
