"""Which passwords are taken: long enough, and not among those that are guessed first."""

import pytest

from app.services.accounts.passwords import COMMON, LONGEST, WeakPassword, check_new, check_other
from app.web.messages import is_known

EMAIL = "marina.ivanova@lavka-mira.ru"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short77", "password_length"),
        ("x" * (LONGEST + 1), "password_length"),
        ("password", "password_common"),
        ("Password1", "password_common"),
        ("qwertyuiop", "password_common"),
        ("йцукенгшщз", "password_common"),
        ("ЙЦУКЕНГШЩЗ", "password_common"),
        ("пароль123", "password_common"),
        ("жжжжжжжжж", "password_simple"),
        ("xyxyxyxyxyx", "password_simple"),
        ("лес7лес7лес7", "password_simple"),
        ("ghijklmnopq", "password_simple"),
        ("щшчцхфут", "password_simple"),
        (EMAIL, "password_expected"),
        ("Ivanova77", "password_expected"),
        ("lavka2026", "password_expected"),
        ("EvoSync-77", "password_expected"),
        ("пароль-22", "password_expected"),
        ("𝕡𝕒𝕤𝕤𝕨𝕠𝕣𝕕", "password_common"),
        ("ｐａｓｓｗｏｒｄ１", "password_common"),
        ("password      ", "password_common"),
        ("\u200b \u2003password\u2060\u200b \u3000", "password_common"),
        ("pass\u200bword1", "password_common"),
        ("pass word1", "password_common"),
        ("qwerty123\u3164", "password_common"),
        ("qwerty123\u2800", "password_common"),
        ("evosync       ", "password_expected"),
        ("и\u0306е\u0308ж77", "password_length"),
        ("ﷺ" * 8, "password_length"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, code: str) -> None:
    with pytest.raises(WeakPassword) as refusal:
        check_new(password, EMAIL)
    assert refusal.value.code == code and is_known(code)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "лошадь скрепка батарея",
        "ivanova печёт пироги",
        "evosync и три кота",
        "zq81!mvt",
        "aaaaaaaab!cc",
        "x" * 4 + "y" * 4 + "z" * (LONGEST - 8),
        "🐈🐈‍⬛🐎🐢🐇🦔🐓🐖",
    ],
)
def test_nobody_is_told_of_what_signs_a_password_has_to_be(password: str) -> None:
    check_new(password, EMAIL)


def test_an_address_of_few_letters_forbids_nothing() -> None:
    check_new("abc печёт пироги", "abc@ya.ru")


def test_the_list_is_long_and_none_of_it_too_short() -> None:
    words = [line for line in COMMON.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]
    assert len(words) > 10_000 and all(len(word) >= 8 and word == word.casefold() for word in words)
    assert (COMMON.parent / "LICENSE").exists()


@pytest.mark.parametrize("again", ["лес 7 рек", "лес\u00a07 рек"])
def test_the_same_one_again_is_no_new_one_however_it_is_typed(again: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_other(again, "лес 7 рек")
    assert refused.value.code == "password_same" and is_known("password_same")
    check_other("лес 8 рек", "лес 7 рек")
