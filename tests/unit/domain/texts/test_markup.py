"""Mark-up that owners paste: what a reader would have seen of it is sent (docs/contracts/vk.md §5)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog.goods import Group, GroupTree
from app.domain.listing.description import item_description
from app.domain.listing.fitness import SkipReason, unfit_reason
from app.domain.listing.name import item_name
from app.domain.listing.owner_settings import OwnerSettings
from app.domain.listing.wanted import Place
from app.domain.texts.cleaning import clean_line, clean_text
from tests.factories import a_product


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        # Entities
        ("Соль &amp; перец", "Соль & перец"),
        ("Кофе&center", "Кофе&center"),
        ("M&Ms&COPY", "M&Ms&COPY"),
        ("Чай&copy 2020 &reg", "Чай&copy 2020 &reg"),
        ("AT&T; R&D;", "AT&T; R&D;"),
        ("Чай&nbsp;чёрный&nbspлист", "Чай чёрный&nbspлист"),
        ("Пена &laquo;Макрофлекс&raquo; 5&deg;C", "Пена «Макрофлекс» 5°C"),
        ("Levi&#39;s &#x27;501&#X27;", "Levi's '501'"),
        ("&quot;Гауда&quot; 1/2&quot;", "«Гауда» 1/2''"),
        ("&frac12; &Oslash;20 &ge;5 &times;2", "1/2 диам. 20 >=5 x2"),
        ("Соль &amp;amp; перец &amp;quot;Экстра&amp;quot;", "Соль & перец «Экстра»"),
        ("&#0; &#x110000; &#99999999; &#999999999999;", "&#999999999999;"),
        # Tags
        ("<b>Хлеб</b> <i>ржаной</i>", "Хлеб ржаной"),
        ("Хлеб<br>белый<BR/>чёрный<br />серый", "Хлеб\nбелый\nчёрный\nсерый"),
        ("<p>Состав: сахар.</p><p>Хранить…</p>", "Состав: сахар.\nХранить…"),
        ("&lt;p&gt;Состав: сахар.&lt;/p&gt;&lt;p&gt;Хранить…&lt;/p&gt;", "Состав: сахар.\nХранить…"),
        ("&amp;lt;b&amp;gt;Хлеб&amp;lt;/b&amp;gt;", "Хлеб"),
        ("Состав:<ul><li>мука<li>соль</ul>Вес", "Состав:\nмука\nсоль\nВес"),
        ("<h2>Чай</h2>\n\n<div>Собран\nв горах</div>", "Чай\nСобран\nв горах"),
        ("Один<br><br>два", "Один\n\nдва"),
        ("<table><tr><td>Вес</td><td>5 кг</td></tr><tr><th>Цвет</th></tr></table>", "Вес 5 кг\nЦвет"),
        ('<a href="http://x.ru/?a=1&b=2" target=_blank>Чай</a>', "Чай"),
        ("<span lang=\"ru\" data-x style='color: red'>Чай</span>", "Чай"),
        ('<a href="x"target="_blank">Чай</a>', "Чай"),
        ("<font color=#ff0000 size=+1>Скидка</font><img src=a.jpg alt=Чай>", "Скидка"),
        (
            "<o:p></o:p>Чай<!-- [if gte mso 9]> x <![endif]--> и<style>p {}</style> кофе<script>f()</script>",
            "Чай и кофе",
        ),
        ("<!DOCTYPE html><html><body>Чай</body></html>", "Чай"),
        ("Хлеб <b>белый</b", "Хлеб белый"),
        ("＜b＞Хлеб＜/b＞", "Хлеб"),
        # What is no tag
        ("Вес <5 кг, длина > 2 м", "Вес <5 кг, длина > 2 м"),
        ("Вес &lt;5 кг", "Вес <5 кг"),
        ("Саморез <ANP511_1M>", "Саморез <ANP511_1M>"),
        ("<ANP511> <p1> <brand> <пакет>", "<ANP511> <p1> <brand> <пакет>"),
        ("Футболка <S>, <M>, <XL>", "Футболка <S>, <M>, <XL>"),
        ("если a <b и c> d", "если a <b и c> d"),
        ("1 < 2 > 0 -> <3 << >>", "1 < 2 > 0 -> <3 << >>"),
        ("почта <lavka@example.ru>", "почта <lavka@example.ru>"),
        ("<!-- начало", "<!-- начало"),
    ],
)
def test_tags_and_entities_are_read(typed: str, sent: str) -> None:
    assert clean_text(typed) == sent


def test_names_descriptions_and_albums_are_all_read_so() -> None:
    tree = GroupTree.of([Group("G", "<b>Хлеб</b>&amp;<br>сдоба <ANP511_1M>")])
    product = a_product(name="&lt;b&gt;Хлеб&lt;/b&gt; <5 кг", description="<p>Мука.</p><p>Вода.</p>", group_id="G")

    assert item_name(product) == "Хлеб <5 кг"
    assert item_description(product) == "Мука.\nВода."
    assert Place.of("G", tree, OwnerSettings()).album == "Хлеб& сдоба <ANP511_1M>"


@pytest.mark.parametrize("name", ["<b></b>", "&nbsp;", "<br>", "&lt;p&gt;", "<!-- чай -->"])
def test_a_name_of_nothing_but_markup_is_none(name: str) -> None:
    assert unfit_reason(a_product(name=name), OwnerSettings()) is SkipReason.NO_NAME


pieces = st.lists(
    st.sampled_from(
        [
            *"<>&;\"'/ =\nbpSЧ15№½Ø＜＞",
            "<b>",
            "</b",
            "&lt;",
            "&amp;",
            "&#60;",
            "&#",
            "amp;",
            "<!--",
            "-->",
            "br",
            "<p a=",
            "Ω",
            "⁰",
        ]
    ),
    max_size=40,
)


@given(st.one_of(pieces.map("".join), st.text(max_size=60)))
def test_cleaning_twice_changes_nothing(typed: str) -> None:
    cleaned = clean_text(typed)

    assert clean_text(cleaned) == cleaned
    assert clean_line(clean_line(typed)) == clean_line(typed)
    assert '"' not in cleaned
    assert cleaned.encode("cp1251").decode("cp1251") == cleaned


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", '<a b="', "<!--", "<script>", "&amp;", "&#", '"', '1"', "<p>", " \x1e ", "<b x=y ", "&am&#112;;", "½"],
)
def test_no_text_takes_long(piece: str) -> None:
    begun = time.process_time()
    clean_text(piece * (20_000 // len(piece)))

    assert time.process_time() - begun < 1
