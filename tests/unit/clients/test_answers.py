from typing import Any

import msgspec
import pytest

from app.clients.answers import MalformedAnswer, clean_line, clean_text, decode, has_controls, is_json


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": 1', b'{"a": NaN}', b'{"a": 1} x', b'"\xff"', b"[" * 100_000])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        decode(body, Any)


def test_json_of_another_shape_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        decode(b"[]", dict[str, Any])


def test_a_malformed_answer_is_not_quoted() -> None:
    with pytest.raises(MalformedAnswer) as caught:
        decode(b'{"token": "secret"', dict[str, Any])
    assert "secret" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_a_lone_surrogate_reads_as_nul() -> None:
    assert decode(rb'{"a": "x\ud800y"}', dict[str, str]) == {"a": "x\0y"}


def test_a_surrogate_pair_stays() -> None:
    assert decode(rb'{"a": "\ud83d\ude00 \udc00"}', dict[str, str]) == {"a": "\N{GRINNING FACE} \0"}


def test_an_escaped_backslash_before_u_is_no_surrogate() -> None:
    assert decode(rb'{"a": "\\ud800", "b": "\ud800"}', dict[str, str]) == {"a": "\\ud800", "b": "\0"}


@pytest.mark.parametrize(("body", "expected"), [(b"{}", True), (b"[1]", True), (b"<p>", False), (b"[1", False)])
def test_json_is_recognised(body: bytes, expected: bool) -> None:
    assert is_json(body) is expected


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (" Чай ", "Чай"),
        ("a\0b\x07c\x7fd\x9fe", "abcde"),
        ("a\ud800b", "ab"),
        ("строка\nвторая\tколонка\r\n", "строка\nвторая\tколонка"),
        ("семья \N{GRINNING FACE}\N{ZERO WIDTH JOINER}", "семья \N{GRINNING FACE}\N{ZERO WIDTH JOINER}"),
        ("\0", ""),
    ],
)
def test_text_loses_what_a_database_refuses(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_a_line_has_no_line_breaks() -> None:
    assert clean_line("Чай\nзелёный\t\0") == "Чай зелёный"


@pytest.mark.parametrize(("text", "expected"), [("abc-1", False), ("a\nb", True), ("a\0", True), ("я\u200b", False)])
def test_control_characters_are_found(text: str, expected: bool) -> None:
    assert has_controls(text) is expected


def test_an_answer_of_nothing_but_commas_is_not_read() -> None:
    with pytest.raises(MalformedAnswer):
        decode(b"[" + b"1," * 100_000 + b"1]", list[msgspec.Raw])


def test_a_short_answer_may_be_dense() -> None:
    assert len(decode(b"[" + b"1," * 900 + b"1]", list[msgspec.Raw])) == 901
