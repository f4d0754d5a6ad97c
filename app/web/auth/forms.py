from flask_login import current_user
from wtforms import BooleanField, EmailField, Field, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, ValidationError

from app.clock import utcnow
from app.context import SESSION_LIFETIME
from app.domain.account import time_zones
from app.models.user import EMAIL_LENGTH
from app.services.accounts import passwords
from app.services.accounts.passwords import LONGEST, SHORTEST, WeakPassword
from app.web.forms import BaseForm, CheckboxesField, EmailAddress, text_of
from app.web.mail.labels import KINDS
from app.web.messages import message

REQUIRED = "Заполните это поле."
LENGTH = message("password_length")
DIFFERENT = "Пароли не совпадают."


class HardToGuess:
    """For the account of the form's own address, else of whoever is signed in."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        email = text_of(form.email) if "email" in form else getattr(current_user, "email", "")
        try:
            passwords.check_new(text_of(field), email)
        except WeakPassword as error:
            raise ValidationError(message(error.code)) from None


NEW_PASSWORD = (InputRequired(REQUIRED), Length(SHORTEST, LONGEST, message=LENGTH), HardToGuess())
"""Of every form in which a password is chosen."""


class RegisterForm(BaseForm):
    email = EmailField(
        "Электронная почта", validators=[InputRequired(REQUIRED), Length(max=EMAIL_LENGTH), EmailAddress()]
    )
    password = PasswordField("Пароль", validators=NEW_PASSWORD)
    password_repeat = PasswordField(
        "Пароль ещё раз", validators=[InputRequired(REQUIRED), EqualTo("password", message=DIFFERENT)]
    )


class LoginForm(BaseForm):
    email = EmailField("Электронная почта", validators=[InputRequired(REQUIRED), Length(max=EMAIL_LENGTH)])
    password = PasswordField("Пароль", validators=[InputRequired(REQUIRED), Length(max=LONGEST, message=LENGTH)])
    remember = BooleanField(f"Запомнить меня на {SESSION_LIFETIME.days} дней")


class AccountForm(BaseForm):
    """Several forms of one page: their hidden field `action` tells which of them was sent."""

    action = StringField()


class PasswordForm(BaseForm):
    current_password = PasswordField(
        "Нынешний пароль", validators=[InputRequired(REQUIRED), Length(max=LONGEST, message=LENGTH)]
    )
    password = PasswordField("Новый пароль", validators=NEW_PASSWORD)
    password_repeat = PasswordField(
        "Новый пароль ещё раз", validators=[InputRequired(REQUIRED), EqualTo("password", message=DIFFERENT)]
    )


class TimeZoneForm(BaseForm):
    time_zone = SelectField("Ваше время", choices=lambda: time_zones.choices(utcnow()))


class MailsForm(BaseForm):
    kinds = CheckboxesField("Какие письма присылать", choices={str(kind): words for kind, words in KINDS.items()})


class DeleteForm(BaseForm):
    password = PasswordField(
        "Пароль от EvoSync",
        validators=[InputRequired(REQUIRED), Length(max=LONGEST, message=LENGTH)],
        id="delete-password",
    )
