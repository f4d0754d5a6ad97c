"""The rows of a kept plan, some hundred in one part: written with few statements, read a page at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from app.db import db
from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey, Value
from app.domain.planning.brakes import named
from app.domain.planning.changes import Action, Change, Reason
from app.domain.planning.plan import Plan
from app.domain.planning.summary import held_names as held_names_of
from app.domain.texts import search
from app.models import KeptPart

ROWS = 200
"""Of one part."""
SECTIONS: Mapping[str, frozenset[Action]] = {
    "add": frozenset({Action.ADD}),
    "edit": frozenset({Action.EDIT, Action.SHOW}),
    "hide": frozenset({Action.HIDE}),
    "delete": frozenset({Action.DELETE}),
    "albums": frozenset({Action.ALBUM_ADD, Action.ALBUM_RENAME, Action.ALBUM_PUT, Action.ALBUM_REMOVE}),
}
"""In which the owner reads the changes."""
SECTION_OF = {action: name for name, actions in SECTIONS.items() for action in actions}
OUTDATED, SKIPPED = "outdated", "skipped"
UNCHANGED = (OUTDATED, SKIPPED)
"""Sections of products that the plan leaves as they are: in the window as they were before, and out of it."""
SHOWN_OF_NEW = ("price", "stock_amount")
"""Fields of an item that is added, as far as pages tell of them."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A change, or a product that is skipped, as pages show it."""

    name: str
    action: Action | None = None
    store_id: str | None = None
    product_id: str | None = None
    reason: str | None = None
    fields: dict[str, Value] = {}
    before: dict[str, Value | None] = {}
    photo: str | None = None
    album: str | None = None
    is_held: bool = False
    """A brake holds it, whatever was confirmed."""

    @property
    def key(self) -> ListingKey | None:
        if self.store_id is None or self.product_id is None:
            return None
        return ListingKey(self.store_id, self.product_id)


def rows_of(plan: Plan, names: Mapping[ListingKey, str]) -> dict[str, list[Row]]:
    """By section. `names`: of the products that are skipped."""
    held = held_names_of(plan, False)
    rows: dict[str, list[Row]] = {section: [] for section in (*SECTIONS, *UNCHANGED)}
    for change in plan.changes:
        rows[SECTION_OF[change.action]].append(_row(change, held))
    for key, reason in sorted(plan.skipped.items(), key=lambda entry: entry[1]):
        section = OUTDATED if reason is Reason.OUTDATED else SKIPPED
        rows[section].append(Row(names.get(key, ""), None, key.store_id, key.product_id, reason))
    return rows


def _row(change: Change, held: frozenset[str]) -> Row:
    store_id, product_id = (change.key.store_id, change.key.product_id) if change.key else (None, None)
    fields = dict(change.fields)
    if change.action is Action.ADD:
        fields = {name: fields[name] for name in SHOWN_OF_NEW if name in fields}
    return Row(
        change.name,
        change.action,
        store_id,
        product_id,
        change.reason,
        fields,
        dict(change.before),
        change.photo,
        change.album,
        change.key is not None and named(change) in held,
    )


def parts_of(user_id: int, made_of: int, rows: Mapping[str, Sequence[Row]]) -> Iterator[dict[str, Any]]:
    """As they are stored."""
    for section, inside in rows.items():
        for start in range(0, len(inside), ROWS):
            some = inside[start : start + ROWS]
            yield {
                "user_id": user_id,
                "made_of": made_of,
                "section": section,
                "number": start // ROWS,
                "names": "\n".join(search.folded(row.name).replace("\n", " ") for row in some),
                "rows": "\n".join(_ENCODER.encode(row).decode() for row in some),
            }


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Row)


def read(user_id: int, made_of: int, section: str, positions: Sequence[int]) -> list[Row]:
    """The rows at these places of the section."""
    numbers = {position // ROWS for position in positions}
    query = sa.select(KeptPart.number, KeptPart.rows).where(_of(user_id, made_of), KeptPart.section == section)
    stored = {row.number: row.rows.split("\n") for row in db.session.execute(query.where(KeptPart.number.in_(numbers)))}
    lines = (stored[position // ROWS][position % ROWS] for position in positions if position // ROWS in stored)
    return [_DECODER.decode(line) for line in lines]


def found(user_id: int, made_of: int, q: str) -> dict[str, list[int]]:
    """{section: places of the rows whose name reads so}"""
    words = search.folded(q).split()
    column = KeptPart.names if words else KeptPart.rows
    query = sa.select(KeptPart.section, KeptPart.number, column).where(_of(user_id, made_of))
    places: dict[str, list[int]] = {section: [] for section in (*SECTIONS, *UNCHANGED)}
    signs = q.strip()
    for section, number, text in db.session.execute(query.order_by(KeptPart.section, KeptPart.number)):
        lines: Iterable[tuple[int, str]] = enumerate(text.split("\n"), number * ROWS)
        if not words:
            lines = [(place, line) for place, line in lines if signs in _DECODER.decode(line).name]
        for word in words:
            lines = [(place, line) for place, line in lines if word in line]
        places[section] += [place for place, _ in lines]
    return places


def held_names(user_id: int, made_of: int, with_additions: bool) -> frozenset[str]:
    """As the domain's `held_names` of the plan itself."""
    query = sa.select(KeptPart.rows).where(_of(user_id, made_of), KeptPart.section.not_in(UNCHANGED))
    rows = (_DECODER.decode(line) for text in db.session.scalars(query) for line in text.split("\n"))
    return frozenset(
        named(change_of(row)) for row in rows if row.is_held or (with_additions and row.action is Action.ADD)
    )


def change_of(row: Row) -> Change:
    assert row.action is not None, "what is skipped does not change"
    return Change(
        row.action,
        row.name,
        row.key,
        fields=row.fields,
        before=row.before,
        photo=row.photo,
        album=row.album,
        reason=reason_of(row.reason) if row.reason else None,
    )


def reason_of(code: str) -> SkipReason | Reason:
    return SkipReason(code) if code in set(SkipReason) else Reason(code)


def _of(user_id: int, made_of: int) -> sa.ColumnElement[bool]:
    return sa.and_(KeptPart.user_id == user_id, KeptPart.made_of == made_of)
