"""Texts that need no cleaning are left alone: by a shorter way, to the same end."""

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.texts import cleaning
from app.domain.texts.cleaning import clean_line, clean_text, is_clean, without_links

USUAL = "Чай «Гора» 5 шт. №1 – 10% (Россия), x&<>\"'\n\t\xa0\u2028"
GOODS = [
    "Rowford английский завтрак pk 25tb 0.05kg bl #2",
    "Бабушкино Лукошко fennel pl 1m 0.02kg k #2",
    "Сыр «Российский» 45%, 1/200 г",
    "Молоко 3,2% — 0.9л…",
]


def cleaned_the_long_way(text: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaning, "is_clean", lambda _: False)
        return clean_text(text)


def test_names_of_goods_are_clean_already() -> None:
    assert all(map(is_clean, GOODS))


def test_every_sign_that_counts_as_usual_stays_as_it_is() -> None:
    usual = [sign for sign in map(chr, range(sys.maxunicode + 1)) if is_clean(sign)]
    assert len(usual) > 160
    assert [sign for sign in usual if cleaned_the_long_way(sign) != sign] == []


@given(st.text(alphabet=st.sampled_from(USUAL)) | st.text())
@example("")
@example(" ")
@example("Чай ")
@example("Чай  чёрный")
def test_the_shorter_way_changes_nothing(text: str) -> None:
    long = cleaned_the_long_way(text)
    assert clean_text(text) == long
    assert clean_line(text) == " ".join(long.split())


@given(
    st.lists(
        st.sampled_from(["http", "https", "HTTPſ", "://", "www.", "WwW.", "ʷww.", " ", "\n", "\t", "чай", "<br>"])
    ).map("".join)
)
def test_links_go_wherever_there_may_be_one(typed: str) -> None:
    text = clean_text(typed)
    while cleaning._LINK.search(text):
        text = cleaning._LINK.sub("", text)
    slow = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
    assert without_links(clean_text(typed)) == slow
    assert re.search(r"https?://|www\.", slow, re.IGNORECASE) is None


@given(st.text(alphabet=st.sampled_from(USUAL)) | st.text())
def test_a_clean_text_without_links_is_tidy(typed: str) -> None:
    text = clean_text(typed)
    assert "\n".join(" ".join(line.split()) for line in text.split("\n")).strip() == text
