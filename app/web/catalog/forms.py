"""What the owner asks of the catalog: how to look at it, and which rules to set."""

from typing import Any

from flask_wtf.file import FileField
from wtforms import Field, Form, SelectMultipleField, StringField
from wtforms.validators import AnyOf, InputRequired, ValidationError

from app.domain.listing.fitness import SkipReason
from app.domain.rules import EntityType, FilterMode
from app.services.pages.goods.query import GoodsQuery, Sort, State
from app.services.photos import making
from app.web.address import requested_choice, requested_page, requested_text, requested_words
from app.web.forms import BaseForm

NO_RULE = "none"


def requested_query() -> GoodsQuery:
    """From the address; what it says wrong counts as not said."""
    return GoodsQuery(
        q=requested_words(),
        group=requested_text("group"),
        state=(state := requested_choice(State, "state") or State.ANY),
        problem=requested_choice(SkipReason, "problem") if state is State.PROBLEM else None,
        sort=requested_choice(Sort, "sort") or Sort.NAME,
        page=requested_page(),
    )


def query_params(query: GoodsQuery) -> dict[str, str | None]:
    """As parts of an address, but for the page; None = as usual, so it need not be said."""
    return {
        "q": query.q or None,
        "group": query.group or None,
        "state": query.state or None,
        "problem": query.problem,
        "sort": query.sort if query.sort is not Sort.NAME else None,
    }


def _printable(_form: Form, field: Field) -> None:
    if not all(entity_id.isprintable() for entity_id in field.data):
        raise ValidationError("В номере магазина, группы или товара недопустимые символы.")


class _RulesForm(BaseForm):
    entity_type = StringField(
        validators=[AnyOf(list(EntityType), "Поле entity_type: ожидается store, group или product.")]
    )
    filter_mode = StringField(
        validators=[AnyOf([*FilterMode, NO_RULE], "Поле filter_mode: ожидается include, exclude или none.")]
    )
    next = StringField()

    @property
    def level(self) -> EntityType:
        return EntityType(self.entity_type.data or "")

    @property
    def mode(self) -> FilterMode | None:
        chosen: Any = self.filter_mode.data
        return None if chosen == NO_RULE else FilterMode(chosen)

    @property
    def complaint(self) -> str:
        return " ".join(str(error) for errors in self.errors.values() for error in errors)


class UndoForm(BaseForm):
    token = StringField()
    next = StringField()


class RuleForm(_RulesForm):
    entity_id = StringField(validators=[InputRequired("Поле entity_id: не указано, к чему относится фильтр.")])

    @property
    def ids(self) -> list[str]:
        return [str(self.entity_id.data)]


class BulkForm(_RulesForm):
    entity_ids = SelectMultipleField(choices=[], validate_choice=False, validators=[_printable])

    @property
    def ids(self) -> list[str]:
        return list(self.entity_ids.data or ())


LARGEST_REQUEST = 20 * 1024 * 1024
"""A file that is somewhat too large is read all the same, so that its owner sees the page that says so."""


class PhotoForm(BaseForm):
    photo = FileField("Файл с фото")

    def content(self) -> bytes:
        """At most a byte more than allowed, which is enough to refuse it. Empty where no file was chosen."""
        return self.photo.data.stream.read(making.LARGEST_FILE + 1) if self.photo.data else b""
