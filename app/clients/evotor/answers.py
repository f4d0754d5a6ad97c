"""What Evotor sends → domain types: docs/contracts/evotor.md §3 to §6. Products: app.clients.evotor.products."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from app.clients.answers import ForeignCharset, MalformedAnswer, clean_line, decode, is_utf8
from app.clients.evotor import values
from app.clients.evotor.values import ABSENT
from app.domain.catalog.goods import Attribute, Group, Store

T = TypeVar("T")

LONGEST_OWNER_ID = 64
MOST_ATTRIBUTES = 100
MOST_CHOICES = 2000
"""Of one attribute; Evotor allows five hundred in all."""


@dataclass(frozen=True, slots=True)
class AnswerPage:
    items: list[msgspec.Raw]
    next_cursor: str | None
    size: int = 0
    """Of the answer, in bytes."""
    answered_at: float | None = None
    """By Evotor's clock, in epoch seconds."""


@dataclass(frozen=True, slots=True)
class GroupList:
    groups: list[Group]
    unread: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By group id the fields that Evotor sent in a form that cannot be read: there an older copy stands."""


class _Paging(msgspec.Struct):
    next_cursor: str | None = None


class _Envelope(msgspec.Struct):
    items: list[msgspec.Raw]
    paging: _Paging | None = None


class _Item(msgspec.Struct):
    """Of a store or a group."""

    id: msgspec.Raw = ABSENT
    name: msgspec.Raw = ABSENT
    address: msgspec.Raw = ABSENT
    user_id: msgspec.Raw = ABSENT
    parent_id: msgspec.Raw = ABSENT
    attributes: msgspec.Raw = ABSENT


class _Named(msgspec.Struct):
    """An attribute or one of its choices."""

    id: msgspec.Raw = ABSENT
    name: msgspec.Raw = ABSENT
    choices: msgspec.Raw = ABSENT


def parse_page(body: bytes) -> AnswerPage:
    """Raises MalformedAnswer. A bare list is one final page, as the older version of the API sends it."""
    if body.lstrip()[:1] == b"[":
        page = AnswerPage(decode(body, list[msgspec.Raw]), None, len(body))
    else:
        envelope = decode(body, _Envelope)
        cursor = envelope.paging.next_cursor if envelope.paging else None
        page = AnswerPage(envelope.items, cursor or None, len(body))
    if not is_utf8(body) and 2 * sum(not is_utf8(item) for item in page.items) > len(page.items):
        raise ForeignCharset("most items are not UTF-8")  # a few have a damaged text each
    return page


def parse_stores(items: list[msgspec.Raw]) -> list[Store]:
    """Those with a usable id. Raises MalformedAnswer where none has one."""
    found = {store.id: store for store in _readable(items, _store)}
    if items and not found:
        raise MalformedAnswer("no store with a usable id")
    return list(found.values())


def parse_groups(items: list[msgspec.Raw]) -> GroupList:
    """Those with a usable id: nothing can stand in another one."""
    found = {group.id: (group, unread) for group, unread in _readable(items, _group)}
    return GroupList(
        [group for group, _ in found.values()],
        {group_id: unread for group_id, (_, unread) in found.items() if unread},
    )


def _readable(items: list[msgspec.Raw], read: Callable[[_Item], T]) -> Iterator[T]:
    for item in items:
        try:
            yield read(decode(item, _Item))
        except MalformedAnswer:
            continue


def _store(sent: _Item) -> Store:
    """Raises MalformedAnswer."""
    address = values.line(values.string_or_nothing(sent.address))
    return Store(_id(sent), _name(sent), address, _owner_id(sent.user_id))


def _owner_id(raw: msgspec.Raw) -> str | None:
    """Two accounts are told apart by it, so that a part of it, or a number that lost its zeros, will not do."""
    try:
        owner_id = clean_line(decode(raw, str))
    except MalformedAnswer:
        return None
    return owner_id if 0 < len(owner_id) <= LONGEST_OWNER_ID else None


def _group(sent: _Item) -> tuple[Group, frozenset[str]]:
    """And those of its fields that cannot be read. Raises MalformedAnswer."""
    unread: set[str] = set()
    group_id, name = _id(sent), _name(sent)
    if not name:
        unread.add("name")
    try:
        parent_id = values.parent(values.string(sent.parent_id))
    except MalformedAnswer:
        parent_id = None
        unread.add("parent_id")
    entries = _list(sent.attributes)
    attributes = tuple(_readable_names(entries[:MOST_ATTRIBUTES]))
    if not _is_whole(sent.attributes, entries, attributes):
        unread.add("attributes")
    return Group(group_id, name, parent_id, bool(entries), attributes), frozenset(unread)


def _is_whole(sent: msgspec.Raw, entries: list[msgspec.Raw], read: tuple[Attribute, ...]) -> bool:
    """Null and the empty list plainly mean none."""
    if not entries:
        return sent == ABSENT or bytes(sent).strip()[:1] == b"["
    listed = entries[:MOST_ATTRIBUTES]
    if len(read) < len(listed):
        return False
    choices = (_list(entry.choices)[:MOST_CHOICES] for entry in _named(listed))
    return all(
        attribute.name and 0 < len(sent_choices) == len(attribute.choices)
        for attribute, sent_choices in zip(read, choices, strict=True)
    )


def _readable_names(entries: list[msgspec.Raw]) -> Iterator[Attribute]:
    for sent in _named(entries):
        pairs = ((_text(choice.id), _text(choice.name)) for choice in _named(_list(sent.choices)[:MOST_CHOICES]))
        if attribute_id := _text(sent.id):
            yield Attribute(attribute_id, _text(sent.name), tuple(filter(all, pairs)))


def _named(entries: list[msgspec.Raw]) -> Iterator[_Named]:
    for entry in entries:
        try:
            yield decode(entry, _Named)
        except MalformedAnswer:
            continue


def _id(sent: _Item) -> str:
    return values.usable_id(values.string(sent.id))


def _name(sent: _Item) -> str:
    return _text(sent.name)


def _text(raw: msgspec.Raw) -> str:
    return values.line(values.string_or_nothing(raw))


def _list(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """Empty for anything else."""
    try:
        return decode(raw, list[msgspec.Raw])
    except MalformedAnswer:
        return []
