"""One address is one text, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.accounts.addresses import comparable, normalise_email
from app.services.errors import NotAnAddress

OWNER = "owner@example.ru"
CYRILLIC = "owner@xn--e1afmkfd.xn--p1ai"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (OWNER, OWNER),
        (" Owner@EXAMPLE.ru\n", OWNER),
        ("owner@example.ru.", OWNER),
        ("\u200b\ufeffowner@example.ru\u2060\u00a0", OWNER),
        ("ｏｗｎｅｒ＠ｅｘａｍｐｌｅ．ｒｕ", OWNER),
        ("owner@ｅxample。ru", OWNER),
        ("owner@пример.рф", CYRILLIC),
        ("Owner@ПРИМЕР.РФ", CYRILLIC),
        ("owner@xn--e1afmkfd.xn--p1ai", CYRILLIC),
        ("owner@XN--E1AFMKFD.xn--p1ai.", CYRILLIC),
        ("\u212aarl@example.ru", "karl@example.ru"),
        ("x+y@sub.example.com", "x+y@sub.example.com"),
        ("a@b.test", "a@b.test"),
    ],
)
def test_an_address_has_one_form(written: str, normal: str) -> None:
    assert normalise_email(written) == comparable(written) == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1",
        "nobody",
        "a@b",
        "a b@example.ru",
        "a\x00b@example.ru",
        "@example.ru",
        "a@@b.ru",
        "a@.ru",
        "\ud800",
        "=?utf-8?q?a=40b.ru=2c?=@c.ru",
    ],
)
def test_what_is_no_address_is_refused_and_compared_as_it_stands(written: str) -> None:
    with pytest.raises(NotAnAddress):
        normalise_email(written)
    assert comparable(written) == written


@given(st.emails())
def test_the_normal_form_stays_what_it_is(written: str) -> None:
    once = comparable(written)
    assert comparable(once) == once
