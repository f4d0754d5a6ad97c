"""What every form has: Russian messages, stripped text, no control characters."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import abort, g, request
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict
from wtforms import Field, FileField, Form, PasswordField, SelectMultipleField, StringField
from wtforms.meta import DefaultMeta
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from app.csrf import MaskedFormCSRF
from app.services.accounts.addresses import new_address
from app.services.errors import NotAnAddress
from app.web.messages import message

LINE_BREAKS = "\t\r\n"
UNPROCESSABLE = 422
INVISIBLE = "Уберите недопустимые символы: здесь есть невидимые знаки, которые нельзя сохранить."


class BaseForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        locales = ("ru",)
        csrf_class = MaskedFormCSRF

        def get_translations(self, form: Form) -> Any:
            return DefaultMeta.get_translations(self, form)

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """What a form sent, never JSON. Where a text is wanted, a file is refused; file fields pass over texts."""
            if formdata is None or not (request.method == "POST" or g.get("is_form_shown_again")):
                return None
            texts = {field.name for field in form if not isinstance(field, FileField)}
            if texts & request.files.keys():
                abort(400)
            return CombinedMultiDict([request.files, request.form])

        def bind_field(self, form: Form, unbound_field: Any, options: dict[str, Any]) -> Any:
            if issubclass(unbound_field.field_class, StringField) and unbound_field.field_class is not PasswordField:
                options = {**options, "filters": [stripped, *unbound_field.kwargs.get("filters", ())]}
            return unbound_field.bind(form=form, **options)

    def validate(self, extra_validators: Any = None) -> bool:
        unclean = [field for field in self if isinstance(field, StringField) and _clean(field)]
        valid = bool(super().validate(extra_validators))
        for field in unclean:
            self.refuse(field, INVISIBLE)
        return valid and not unclean

    def refuse(self, field: Field, message: str, status: int = UNPROCESSABLE) -> None:
        """Puts a refusal that only the service could know back on its field."""
        field.errors = [*field.errors, message]
        self._refused_with = status

    @property
    def status(self) -> int:
        """The HTTP status of a page that shows this form: 422 where something in it has to be mended."""
        if not self.errors:
            return 200
        return getattr(self, "_refused_with", UNPROCESSABLE)


F = TypeVar("F", bound=BaseForm)


class ActionForm(BaseForm):
    """A button: says no more than where to go back to."""

    next = StringField()


def sent(kind: type[F]) -> F:
    """The form of this request; one that no page of ours sends is answered with 400 and changes nothing."""
    form = kind()
    if not form.validate():
        abort(400)
    return form


@contextmanager
def showing_again() -> Iterator[None]:
    """Inside it forms hold what was typed, though the page is only looked at: nothing can change by it."""
    request.method, g.is_form_shown_again = "GET", True
    try:
        yield
    finally:
        g.is_form_shown_again = False


def text_of(field: Field) -> str:
    return field.data or ""


def stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _clean(field: Field) -> bool:
    """Takes control characters out, so that neither database nor page has to bear them; True if there were any."""
    text = field.data if isinstance(field.data, str) else ""
    clean = "".join(char for char in text if char in LINE_BREAKS or unicodedata.category(char) not in ("Cc", "Cs"))
    field.data = clean if clean != text else field.data
    return clean != text


class CheckboxesField(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class EmailAddress:
    """Checks the form of an address without asking the network; test domains pass."""

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            new_address(text_of(field))
        except NotAnAddress as error:
            raise StopValidation(message(error.code)) from None
