from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from app.web.forms import EMAIL_MAX, BaseForm, EmailAddress

PASSWORD_MIN, PASSWORD_MAX = 8, 128

REQUIRED = "Заполните это поле."
LENGTH = f"Пароль должен быть не короче {PASSWORD_MIN} и не длиннее {PASSWORD_MAX} знаков."
DIFFERENT = "Пароли не совпадают."


class RegisterForm(BaseForm):
    email = EmailField("Электронная почта", validators=[InputRequired(REQUIRED), Length(max=EMAIL_MAX), EmailAddress()])
    password = PasswordField(
        "Пароль", validators=[InputRequired(REQUIRED), Length(PASSWORD_MIN, PASSWORD_MAX, message=LENGTH)]
    )
    password_repeat = PasswordField(
        "Пароль ещё раз", validators=[InputRequired(REQUIRED), EqualTo("password", message=DIFFERENT)]
    )


class LoginForm(BaseForm):
    email = EmailField("Электронная почта", validators=[InputRequired(REQUIRED), Length(max=EMAIL_MAX)])
    password = PasswordField("Пароль", validators=[InputRequired(REQUIRED), Length(max=PASSWORD_MAX, message=LENGTH)])
    remember = BooleanField("Запомнить меня на 30 дней")


class AccountForm(BaseForm):
    """Two forms of one page: their hidden field `action` tells which of them was sent."""

    action = StringField()


class PasswordForm(BaseForm):
    current_password = PasswordField(
        "Нынешний пароль", validators=[InputRequired(REQUIRED), Length(max=PASSWORD_MAX, message=LENGTH)]
    )
    password = PasswordField(
        "Новый пароль", validators=[InputRequired(REQUIRED), Length(PASSWORD_MIN, PASSWORD_MAX, message=LENGTH)]
    )
    password_repeat = PasswordField(
        "Новый пароль ещё раз", validators=[InputRequired(REQUIRED), EqualTo("password", message=DIFFERENT)]
    )


class DeleteForm(BaseForm):
    password = PasswordField(
        "Пароль", validators=[InputRequired(REQUIRED), Length(max=PASSWORD_MAX, message=LENGTH)], id="delete-password"
    )
