"""Whatever a vendor sends, only the failures that we know leave the readers, and what passes fits the columns."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clients.answers import LARGEST_NUMBER, MalformedAnswer, decode
from app.clients.evotor.answers import parse_groups, parse_page, parse_stores
from app.clients.evotor.products import parse_products
from app.clients.vk import answers
from app.clients.vk.addresses import VkAddresses
from app.clients.vk.errors import VkError
from app.clients.vk.failures import read_failure
from app.domain.market.items import Album, Community, MarketItem, Profile
from app.models.types import ID_LENGTH

ADDRESSES = VkAddresses("https://api.vk.ru/method")
NOT_IDS = [0, -1, True, False, 2**63, -(2**63) - 1, 10**100, "9223372036854775808", "0", "-5", 1.0, None, "٧", [], {}]


@pytest.mark.parametrize("value", NOT_IDS)
@pytest.mark.parametrize(
    "read",
    [
        lambda value: answers.community([{"id": value}]),
        lambda value: answers.profiles([{"id": value}]),
        lambda value: answers.albums([{"id": value}]),
        lambda value: answers.categories({"items": [{"id": value}]}),
        lambda value: answers.new_id({"photo_id": value}, "photo_id"),
        lambda value: answers.new_id(value, "photo_id"),
    ],
    ids=["community", "user", "album", "category", "photo", "bare"],
)
def test_an_id_out_of_bounds_is_malformed(read: Callable[[Any], object], value: Any) -> None:
    with pytest.raises(MalformedAnswer):
        read(value)


def test_ids_out_of_bounds_that_could_be_missing_are_left_out() -> None:
    odd = {"id": 7, "photos": [{"id": 2**70}, {"id": 5}], "albums_ids": [True, 2**64, 3], "category": {"id": 2**64}}
    found = answers.market_items([{**odd, "stock_amount": 10**30}])[0]
    assert (found.photo_ids, found.album_ids, found.category_id, found.stock_amount) == ((5,), (3,), None, None)


@pytest.mark.parametrize("mask", [-1, True, 2**63])
def test_rights_out_of_bounds_are_malformed(mask: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answers.rights(mask)


@pytest.mark.parametrize("total", [-1, True, 2**63, "x"])
def test_a_total_out_of_bounds_is_malformed(total: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answers.page({"count": total, "items": []})


@pytest.mark.parametrize(
    "amount", ["1e9999999", "1e999999999999999999", "-1e9999999", "NaN", "sNaN", "Infinity", "-100", 10**40, 1e300]
)
def test_a_price_out_of_bounds_is_one_that_vk_does_not_say(amount: Any) -> None:
    assert answers.market_items([{"id": 1, "price": {"amount": amount}}])[0].price is None


@pytest.mark.parametrize("amount", ["1e-9999999", "-0", "0.4"])
def test_a_price_of_nothing_is_nothing(amount: str) -> None:
    assert str(answers.market_items([{"id": 1, "price": {"amount": amount}}])[0].price) == "0.00"


@pytest.mark.parametrize("code", [10**100, 2**31, 0, -5, True, "x", None, 1.5, [], {}])
def test_an_error_code_out_of_bounds_is_no_usable_answer(code: Any) -> None:
    assert read_failure({"error_code": code, "error_msg": "x"}, "users.get", 200, ADDRESSES).code is None


@pytest.mark.parametrize("message", ["x" * 2_000_000, 5, None, [], {"a": 1}, "\0\ud800"])
def test_the_words_of_a_refusal_are_short_text(message: Any) -> None:
    found = read_failure({"error_code": 100, "error_msg": message, "error_subcode": 2**80}, "m", 200, ADDRESSES)
    told = found.error().message
    assert len(told) <= 500
    assert told.isprintable()
    assert found.subcode is None


# Evotor


def raw(item: Any) -> list[msgspec.Raw]:
    return [msgspec.Raw(json.dumps(item).encode())]


def test_texts_of_a_product_are_clamped() -> None:
    long = "ж" * 100_000
    names = ("name", "type", "measure_name", "article_number", "code", "description")
    found = parse_products(raw({"id": "p", **dict.fromkeys(names, long), "barcodes": ["ж" * 2000] * 200})).products[0]
    assert max(map(len, (found.name, found.type, found.measure, found.article, found.code))) <= 1000
    assert len(found.description) <= 20_000
    assert (len(found.barcodes), max(map(len, found.barcodes))) == (100, 1000)


@pytest.mark.parametrize("name", ["name", "address"])
def test_texts_of_a_store_are_clamped(name: str) -> None:
    found = parse_stores(raw({"id": "S1", name: "x" * 100_000}))[0]
    assert len(found.name + found.address) == 1000


@pytest.mark.parametrize("number", ["1e9999999", "1e99999999999999999999", "-1e9999999", "1" * 10_000])
def test_a_number_out_of_bounds_spoils_its_product_at_most(number: str) -> None:
    sent = b'{"id": "bad", "name": "", "%s": %s}'
    items = [msgspec.Raw(sent % (field, number.encode())) for field in (b"price", b"quantity")]
    assert parse_products([items[0], *raw({"id": "good", "name": ""})]).unreadable_ids == {"bad"}
    assert (parse_products([items[1]]).products[0].quantity or Decimal(0)).adjusted() < 9


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize("body", [DEEP, b'{"response":' + DEEP + b"}", b'{"a":' * 100_000 + b"1" + b"}" * 100_000])
def test_deep_json_is_malformed(body: bytes) -> None:
    for shape in (Any, dict[str, Any], msgspec.Raw):
        with pytest.raises(MalformedAnswer):
            decode(body, shape)


# Anything at all

_NAMES = """
id name address user_id parent_id attributes price quantity amount barcodes type code items paging next_cursor count
children title sku availability stock_amount albums_ids photos category category_v2 groups market enabled currency
first_name error_code error_subcode error_msg redirect_uri upload_url photo_id
"""
_KEYS = st.sampled_from(_NAMES.split())
_NUMBERS = st.integers() | st.sampled_from([2**31, 2**63, -(2**63), 10**100, 0, -1]) | st.floats()
_TEXTS = st.text(max_size=20) | st.sampled_from(
    ["1e9999999", "NaN", "-0", "9" * 30, "x" * 300, "\0", "https://vk.com/"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)


def columns_hold(found: object) -> None:
    """What the tables hold of it: 64 bits, ids above 0, texts without signs that PostgreSQL refuses."""
    if isinstance(found, MarketItem | Album | Profile | Community):
        assert 0 < found.id <= LARGEST_NUMBER
    if isinstance(found, int):
        assert abs(found) <= LARGEST_NUMBER
    elif isinstance(found, Decimal):
        assert found.is_finite() and abs(found) < 10**10
    elif isinstance(found, str):
        assert "\0" not in found and found.encode()[:1] is not None
    elif isinstance(found, list | tuple | frozenset):
        for part in found:
            columns_hold(part)
    for name in getattr(type(found), "__slots__", ()):
        columns_hold(getattr(found, name))


VK_READERS = [
    answers.profiles,
    answers.community,
    answers.page,
    answers.elements,
    answers.categories,
    answers.rights,
    lambda answer: answers.new_id(answer, "photo_id"),
    lambda answer: answers.market_items(answer if isinstance(answer, list) else [answer]),
    lambda answer: answers.albums(answer if isinstance(answer, list) else [answer]),
    ADDRESSES.upload,
]


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_whatever_vk_answers_is_read_or_malformed(answer: Any) -> None:
    for read in VK_READERS:
        try:
            found = read(answer)
        except MalformedAnswer:
            continue
        if read not in (answers.page, answers.elements):
            columns_hold(found)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_whatever_error_vk_answers_becomes_an_error_of_vk(error: Any) -> None:
    failure = read_failure(error, "market.add", 200, ADDRESSES)
    columns_hold((failure.code, failure.subcode, failure.message, failure.redirect_uri))
    assert isinstance(failure.error(token="secret"), VkError)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_whatever_evotor_answers_is_read_or_malformed(answer: Any) -> None:
    body = json.dumps(answer, allow_nan=True).encode()
    for parse in (parse_stores, parse_groups, parse_products):
        try:
            items = parse_page(body).items
        except MalformedAnswer:
            items = [msgspec.Raw(body)]
        try:
            found = parse(items)
        except MalformedAnswer:
            continue
        columns_hold(found)
        parts = [getattr(found, name, []) for name in ("products", "groups")]
        for entity in [*(found if isinstance(found, list) else []), *parts[0], *parts[1]]:
            assert len(entity.id) <= ID_LENGTH
            assert len(getattr(entity, "owner_id", None) or "") <= 64


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_malformed(body: bytes) -> None:
    for shape in (Any, dict[str, Any], msgspec.Raw):
        try:
            decode(body, shape)
        except MalformedAnswer:
            continue
