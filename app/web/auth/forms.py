from wtforms import BooleanField, EmailField, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from app.clock import utcnow
from app.context import SESSION_LIFETIME
from app.domain.account import time_zones
from app.models.user import EMAIL_LENGTH
from app.services.accounts.passwords import LONGEST, SHORTEST
from app.web.forms import BaseForm, EmailAddress

REQUIRED = "Заполните это поле."
LENGTH = f"Пароль должен быть не короче {SHORTEST} и не длиннее {LONGEST} знаков."
DIFFERENT = "Пароли не совпадают."


class RegisterForm(BaseForm):
    email = EmailField(
        "Электронная почта", validators=[InputRequired(REQUIRED), Length(max=EMAIL_LENGTH), EmailAddress()]
    )
    password = PasswordField("Пароль", validators=[InputRequired(REQUIRED), Length(SHORTEST, LONGEST, message=LENGTH)])
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
    password = PasswordField(
        "Новый пароль", validators=[InputRequired(REQUIRED), Length(SHORTEST, LONGEST, message=LENGTH)]
    )
    password_repeat = PasswordField(
        "Новый пароль ещё раз", validators=[InputRequired(REQUIRED), EqualTo("password", message=DIFFERENT)]
    )


class TimeZoneForm(BaseForm):
    time_zone = SelectField("Ваше время", choices=lambda: time_zones.choices(utcnow()))


class DeleteForm(BaseForm):
    password = PasswordField(
        "Пароль", validators=[InputRequired(REQUIRED), Length(max=LONGEST, message=LENGTH)], id="delete-password"
    )
