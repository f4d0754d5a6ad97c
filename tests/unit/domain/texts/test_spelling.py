"""What cp1251 lacks reaches VK in the nearest spelling (docs/contracts/vk.md §5)."""

import re
import unicodedata

import pytest

from app.domain.texts.cleaning import clean_line


def table(text: str) -> list[tuple[str, str]]:
    """«as typed → as sent», one a line."""
    return [tuple(line.strip().split(" → ")) for line in text.strip().split("\n")]  # type: ignore[misc]  # pairs


NUMBERS = table("""
    Ключ ⅜ → Ключ 3/8
    Кран 1½ (½) → Кран 1 1/2 (1/2)
    Ду½ → Ду 1/2
    ⅐ ⅑ ⅒ ⅓ ⅔ ⅕ ⅖ ⅗ ⅘ ⅙ ⅚ ⅛ ⅜ ⅝ ⅞ ↉ → 1/7 1/9 1/10 1/3 2/3 1/5 2/5 3/5 4/5 1/6 5/6 1/8 3/8 5/8 7/8 0/3
    Лифт 1⁄2 → Лифт 1/2
    Вода 3,5÷4,2 кг → Вода 3,5-4,2 кг
    ≥10 ≤20 ⩾1 ⩽2 → >=10 <=20 >=1 <=2
    ≠5 ≈5 ±5 −5 → !=5 ~5 ±5 -5
    10⁶ КОЕ, 1×10⁹, 10⁻³, 5² → 10^6 КОЕ, 1x10^9, 10^-3, 5^2
    5 м², 2 м³, 20 кг/м³, см⁻¹ → 5 м2, 2 м3, 20 кг/м3, см-1
    H₂O, CO₂, Fe³⁺, 1₂ → H2O, CO2, Fe3+, 1_2
    180⁰С, 20ºC, 5˚ → 180°С, 20°C, 5°
    20℃ → 20°C
    Ø20 → диам. 20
    Труба ⌀ 20х2 → Труба диам. 20х2
    СверлоØ8×160 → Сверло диам. 8x160
    (ø5) ∅6 Øвн. → (диам. 5) диам. 6 диам. вн.
    10✕15 10✖15 10⨯15 → 10x15 10x15 10x15
    ✖ без сахара → без сахара
    5☆10 → 5 10
    ①② Ⅳ ⑴ → 1 2 IV (1)
    １２ ٣ ५ → 12 3 5
    1️⃣0️⃣ → 10
    10 kΩ, 5 μΩ, 100Ω → 10 kОм, 5 мкОм, 100Ом
    5 μм, 5 µF → 5 µм, 5 µF
    Nº5 № 6 → №5 № 6
    100 ₽ 5₸ £5 ₴7 5€ → 100 руб. 5 тенге фунт 5 грн 7 5€
    5′ 10″ → 5' 10''
    10–15 10‒15 10―15 10‑15 → 10–15 10-15 10-15 10-15
    ∠45° ∟50х50 √2 → угол 45° угол 50х50 корень 2
    5→10 → 5->10
    ㎏ 10㎏ 5㎡ → kg 10 kg 5 m2
""")

WORDS = table("""
    Чәк-чәк → Чэк-чэк
    Чəк-чəк → Чэк-чэк
    Өчпочмак, Бәлеш, Җиләк, Һава, Күңел → Очпочмак, Бэлеш, Жилэк, Хава, Кунел
    Қант, Қымыз, Ғасыр, Ұлттық, Іскер → Кант, Кымыз, Гасыр, Улттык, Іскер
    Ҡаҙы, Ҫәй, Ҙур → Казы, Сэй, Зур
    Ӑслӑх, Ҫӗр, Ӳнер → Аслах, Сер, Унер
    Үөрэх, Ҕ, Ҥ → Уорэх, Г, Н
    Ҳалво, Тоҷикӣ, Ҷам, ТОҶИК, Ӯ → Халво, Тоджики, Джам, ТОДЖИК, У
    Україна, Ґанок, Їжак, Ўрэнь → Україна, Ґанок, Їжак, Ўрэнь
    Уæлибæх, Цӕхджын → Уалибах, Цахджын
    Ӏ Ӄ Ӈ Ӌ → I К Н Ч
    Хлѣбъ → Хлебъ
    Weißbier, STRAẞE → Weissbier, STRASSE
    Łódź, Smørrebrød, SMØRREBRØD, Đak, Ħ → Lodz, Smorrebrod, SMORREBROD, Dak, H
    Ærø, ÆRØ, Œuvre, Þór → Aero, AERO, Oeuvre, Thor
    Crème brûlée, Hüttenkäse, Ağ, Şeker, Çay, Irmık, İzmir → Creme brulee, Huttenkase, Ag, Seker, Cay, Irmik, Izmir
    ω-3, Ω-3, β-каротин, α-липоевая → омега-3, Омега-3, бета-каротин, альфа-липоевая
    3β λ-зонд ΔT π → 3 бета лямбда-зонд Дельта T пи
    ΦΑΓΕ Ελλάδα → FAGE Ellada
    Γ-образный, Π-образный, Φ20, витамин Α → Г-образный, П-образный, Ф20, витамин A
    ოჯახი, Կոնյակ → оджахи, Конйак
    ﬁlm ＡＢＣ 𝐁𝐨𝐥𝐝 ǆ → film ABC Bold dz
    Чай🍵зелёный 🍏 → Чай зелёный
    Мед\u0301овый, Чай\u00adник, Кока\u2011кола → Медовый, Чайник, Кока-кола
    Чай\u00a0\u2009\u3000чёрный\u200b\ufeff → Чай чёрный
    d´or Oʻzbek пʼять → d'or O'zbek п'ять
    「Чай」 《Лес》 〝Яр〟 → «Чай» «Лес» «Яр»
    C♯ → C#
    绿茶 Чай → Чай
""")


@pytest.mark.parametrize(("typed", "sent"), [*NUMBERS, *WORDS])
def test_no_number_and_no_word_is_lost(typed: str, sent: str) -> None:
    assert clean_line(typed) == sent


UNCHANGED = (
    "Дрель-шуруповёрт Bosch GSR 12V-15 2х2,0 Ач",
    "Шина 205/55 R16 91H Nokian Nordman RS2",
    "Перчатки х/б ПВХ 5-ти нитка 10 класс (р-р 10)",
    "Молоко «Простоквашино» 3,4–4,5% 930 мл…",
    "Ещё № 5 — «люкс» ±5°C 10‰ §3 €5 ™ ® ©",
    "Ибупрофен таб. п/о 200мг №20",
    "Стир. порошок TIDE авт. 2,4кг & кондиционер",
    "М&M's 45г; AT&T; M&Ms&COPY, Кофе&center",
    "Саморез <ANP511_1M> 3,5*35 | чёрный ~ 100 шт.",
    "Толстой Л.Н. Война и мир. Т. 1–2 (комплект)",
    "Јогурт Ђ Љ ў і ї є ґ ѕ",
)


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_cp1251_holds_stays_as_it_is(name: str) -> None:
    assert clean_line(name) == name


def named(char: str) -> str:
    return unicodedata.name(char, "")


ALIVE = [char for char in map(chr, range(0x10000)) if unicodedata.category(char) not in {"Cn", "Co", "Cs"}]


def test_every_sign_becomes_what_vk_holds_and_stays_that() -> None:
    for begin in range(0, len(ALIVE), 64):
        spelled = clean_line(" ".join(f"а{char}1" for char in ALIVE[begin : begin + 64]))

        assert spelled.encode("cp1251").decode("cp1251").isprintable()
        assert clean_line(spelled) == spelled


def test_no_sign_that_goes_joins_two_numbers() -> None:
    """Marks and signs without width apart: nobody sees a gap where they stand."""
    seen = [char for char in ALIVE if unicodedata.category(char)[0] not in "CM"]
    joined = [char for char in seen if clean_line(f"1{char}2") == "12" and "ARABIC" not in unicodedata.name(char)]

    assert {unicodedata.category(char) for char in joined} <= {"Lm", "Sk"}


NEIGHBOURS = [
    *(
        char
        for char in ALIVE
        if unicodedata.category(char) in {"Lu", "Ll"} and re.match("CYRILLIC|LATIN ", named(char))
    ),
    *map(chr, (*range(0x391, 0x3A2), *range(0x3A3, 0x3CA), *range(0x10D0, 0x10F7), *range(0x561, 0x588))),
]
"""Of Greek, Georgian and Armenian the letters that are in use."""


def test_every_letter_of_ours_and_our_neighbours_has_a_spelling() -> None:
    assert [char for char in NEIGHBOURS if not clean_line(char) and "GLOTTAL" not in named(char)] == []


def test_every_number_and_every_currency_has_a_spelling() -> None:
    numbers = [char for char in ALIVE if unicodedata.category(char) in {"Nd", "Nl", "No", "Sc"}]
    lost = [named(char) for char in numbers if not clean_line(char)]

    assert [name for name in lost if not re.search("HANGZHOU|IDEOGRAPH", name)] == []
