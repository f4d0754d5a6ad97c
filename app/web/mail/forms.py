from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from app.models.user import EMAIL_LENGTH
from app.web.forms import BaseForm

REQUIRED = "Заполните это поле."


class ForgotForm(BaseForm):
    email = EmailField("Электронная почта", validators=[InputRequired(REQUIRED), Length(max=EMAIL_LENGTH)])


class ResetForm(BaseForm):
    """Whether the password will do, the service says: it knows whose it is."""

    password = PasswordField("Новый пароль", validators=[InputRequired(REQUIRED)])
    password_repeat = PasswordField(
        "Новый пароль ещё раз",
        validators=[InputRequired(REQUIRED), EqualTo("password", message="Пароли не совпадают.")],
    )


class StopForm(BaseForm):
    """Mail programs send it, too, and know no token of ours but the one in the address."""

    one_click = StringField(name="List-Unsubscribe")
    """Theirs; they follow no redirect (RFC 8058)."""

    class Meta(BaseForm.Meta):
        csrf = False
