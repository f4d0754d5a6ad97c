"""What a person means is found, whatever keys they or the register used for it."""

import pytest

from app.domain.texts.cleaning import clean_line
from app.domain.texts.search import folded, matcher, plain_words, same


@pytest.mark.parametrize(
    ("q", "text"),
    [
        ("мед", "Мёд липовый"),
        ("мёд", "МЕД ЛИПОВЫЙ"),
        ("ЛИПОВЫЙ мёд", "Мед, липовый"),
        ("сыр", "Cыр Гауда"),  # a Latin C
        ("cыр", "Сыр Гауда"),
        ("сок", "COK ЯБЛОЧНЫЙ"),  # all of it Latin
        ("coca", "Сoсa-Cоlа"),
        ("КОЛА", "Кoлa"),
        ("вода", "Bода"),
        ("нож", "Hож"),
        ("co", "Coca-Cola"),
        ("bosch", "Дрель ВOSСH"),
        ("5w-40", "Масло 5W‑40"),
        ("кока-кола", "Кока\u2011кола"),
        ("кока\u2010кола", "Кока–кола"),
        ("кока кола", "Кока—кола"),
        ("чайник", "Чай\u00adник"),
        ("чай\u00adник", "Чайник"),
        ("чай чёрный", "Чай\u00a0черный"),
        ("чай\u00a0черный", "Чёрный чай"),
        ("10х15", "Фото 10×15"),
        ("10x15", "Фото 10х15"),
        ("гауда", "Сыр «Гауда»"),
        ('сыр "гауда"', "Сыр „Гауда“"),
        ("«гауда»", 'Сыр "Гауда"'),
        ('1/2"', "Труба ½″"),
        ("соль & перец", "Соль &amp; перец"),
        ("weissbier", "Weißbier"),
        ("weißbier", "WEISSBIER"),
        ("чак", "ЧАК"),
        ("чәк", "Чэк-чэк"),  # as VK and the entries of a run have it
        ("чэк", "Чәк-чәк"),
        ("creme", "Crème brûlée"),
        ("abc12", "ＡＢＣ１２"),
        ("и\u0306од", "Йод"),
        ("a-17", "Чай\nА-17\n2000000000176"),
        ("🍵", "Чай 🍵"),
        ("", "Чай"),
        ("  ", "Чай"),
    ],
)
def test_what_is_meant_is_found(q: str, text: str) -> None:
    assert matcher(q)(text)


@pytest.mark.parametrize(
    ("q", "text"),
    [
        ("мед", "Мята"),
        ("чай кофе", "Чай"),
        ("1/2", "1/4"),
        ("йод", "иод"),
        ("10х15", "1015"),
        ("🍵", "Чай"),
        ("👍", ""),
    ],
)
def test_what_is_another_thing_is_not_found(q: str, text: str) -> None:
    assert not matcher(q)(text)


@pytest.mark.parametrize("name", ["Сыр <b>Гауда</b> 45% ½ Ø20", "Чәк-чәк «Казан»", "Weißbier 5°", 'Кран 1/2" &amp; Ко'])
def test_what_was_sent_reads_as_what_the_register_says(name: str) -> None:
    assert folded(clean_line(name)) == folded(name)


def test_titles_are_the_same_by_their_words() -> None:
    assert same("Чай  «Гора»", "ЧАЙ Гора")
    assert not same("Чай", "Чай чёрный")
    assert plain_words("''") == "''"
    assert not same("''", "«»")


def test_a_sign_is_folded_alike_where_a_text_needs_spelling_and_where_it_does_not() -> None:
    signs = (bytes([number]).decode("cp1251", "ignore") for number in range(256))
    usual = [sign for sign in signs if (sign.isprintable() or sign == "\n") and sign not in ("<", "&")]

    assert [folded(f"{sign}5") for sign in usual] == [folded(f"{sign}5<b></b>") for sign in usual]
