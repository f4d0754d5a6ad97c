"""What cp1251 lacks, in the nearest spelling that it has. No sign goes where that changes a number or a word."""

import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction

from app.domain.texts.letters import GREEK_NAMES, LETTERS, LONG_CAPITALS, greek_word, letter_by_name

_GAP = "\x1f"
"""A space where letters or digits stand on both sides, else nothing: «1½» is «1 1/2», «(½)» is «(1/2)»."""


def spelled(text: str) -> str:
    if is_plain(text):
        return text
    text = unicodedata.normalize("NFC", text)
    if _TOUCHED.search(text):
        for pattern, replacement in _BY_NEIGHBOURS:
            text = pattern.sub(replacement, text)
    text = text.translate(_SPELLINGS)
    return _GAP_IN_WORD.sub(" ", text).replace(_GAP, "") if _GAP in text else text


def is_plain(text: str) -> bool:
    """VK's own table holds it as it stands, line breaks apart."""
    return (text.isprintable() or text.replace("\n", " ").isprintable()) and _is_cp1251(text)


def _is_cp1251(text: str) -> bool:
    try:
        text.encode("cp1251")
    except UnicodeEncodeError:
        return False
    return True


_GAP_IN_WORD = re.compile(rf"(?<=\w){_GAP}+(?=\w)")

_SUPER, _SUB = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"
_LONG = "".join(LONG_CAPITALS)
_TOUCHED = re.compile(rf"[{_LONG}{_SUPER}⁺⁻{_SUB}₊₋º˚Øø⌀∅⊘Ω✕✖❌√əƏæÆɵƟμͰ-Ͽἀ-῿]")

_Replacement = str | Callable[[re.Match[str]], str]
_BY_NEIGHBOURS: tuple[tuple[re.Pattern[str], _Replacement], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        ("[Nn]º", "№"),
        (rf"(?<=[0-9])\s?[⁰º˚](?![{_SUPER}])", "°"),  # a raised nought is a degree: 180⁰С
        (rf"(?<=[0-9)])(?=[⁺⁻]?[{_SUPER}])", "^"),
        (rf"(?<=[0-9])(?=[₊₋]?[{_SUB}])", "_"),
        (r"(?<=[A-Za-z])Ø(?![0-9])|Ø(?=[A-Za-z])", "O"),  # «SMØRREBRØD», but «Ø20» and «Øвн.»
        (r"(?<=[A-Za-z])ø(?![0-9])|ø(?=[A-Za-z])", "o"),
        (r"[Øø⌀∅⊘]\s*", f"{_GAP}диам. "),
        (r"(?<=[0-9])(\s?)[✕✖❌](\s?)(?=[0-9])", r"\1x\2"),
        (r"√(?=\s?[0-9])", f"{_GAP}корень "),
        (r"μ(?=Ω)", "мк"),
        (r"(?<=[0-9кkМMм])Ω|(?<=[0-9] )Ω", "Ом"),
        (r"(?<=[А-яЁё])[əƏ]|[əƏ](?=[А-яЁё])", lambda match: "э" if match[0] == "ə" else "Э"),
        (r"(?<=[А-яЁё])[æÆ]|[æÆ](?=[А-яЁё])", lambda match: "а" if match[0] == "æ" else "А"),
        (r"(?<=[А-яЁё])[ɵƟ]|[ɵƟ](?=[А-яЁё])", lambda match: "о" if match[0] == "ɵ" else "О"),
        (rf"(?<=[A-ZА-ЯЁ])[{_LONG}]|[{_LONG}](?=[A-ZА-ЯЁ])", lambda match: LONG_CAPITALS[match[0]]),
        ("[Ͱ-Ͽἀ-῿]{2,}", lambda match: greek_word(match[0])),
    )
)


class _Spellings(dict[int, str]):
    """By code point, found out when a sign is met for the first time."""

    def __missing__(self, code: int) -> str:
        self[code] = spelling = _spelling(chr(code))
        return spelling


def _spelling(char: str) -> str:
    if char.isspace():
        return "\n" if char in "\n\u2028\u2029" else " "
    if char.isprintable() and _is_cp1251(char):
        return char
    category = unicodedata.category(char)
    parts = unicodedata.normalize("NFKD", char)
    if parts != char:
        return _of_parts(char, parts, category)
    return _BY_CATEGORY[category](char) if category in _BY_CATEGORY else ""


def _currency(char: str) -> str:
    return f"{_GAP}{unicodedata.name(char).removesuffix(' SIGN').lower()}{_GAP}"


def _letter(char: str) -> str:
    return letter_by_name(char, _SPELLINGS.__getitem__) or _GAP


def _of_parts(char: str, parts: str, category: str) -> str:
    if category in {"Sk", "Lm"} and parts[0] == " ":
        return ""  # a mark without a letter
    if "\u0338" in parts:
        return _GAP  # a struck sign says the contrary of what stands under it
    spelling = "".join(_SPELLINGS[ord(part)] for part in parts)
    is_raised = unicodedata.decomposition(char).startswith(("<super>", "<sub>"))
    return f"{_GAP}{spelling}{_GAP}" if category in {"No", "Nl", "So"} and not is_raised else spelling


def _digit(char: str) -> str:
    return str(unicodedata.digit(char))


def _number(char: str) -> str:
    return f"{_GAP}{Fraction(unicodedata.numeric(char)).limit_denominator(1000)}{_GAP}"


def _gone(char: str) -> str:
    """Emoji, ornaments, scripts of far away; what stood round them does not grow together: «5☆10» is not 510."""
    return _GAP


_BY_CATEGORY: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("Lu", "Ll", "Lt"), _letter),
    **dict.fromkeys(("No", "Nl"), _number),
    **dict.fromkeys(("So", "Sm", "Lo", "Po", "Ps", "Pe", "Pi", "Pf", "Pc"), _gone),
    "Nd": _digit,
    "Sc": _currency,
    "Pd": lambda char: "-",
}
"""Of what is neither in a table below nor made of other signs. Marks above letters and signs without width just go."""

_ALIKE = {
    "-": "−‐‑‒―⁃─━➖⎯˗÷➗", "x": "×⨯╳", "*": "∗⁎※✱", "·": "∙⋅・", "/": "∕⁄⧸", ":": "∶", ";": "؛", "?": "؟",
    "|": "∣", "||": "∥‖", "+": "➕", "-+": "∓", "%": "٪", "~": "∼≃≅≈〜", "#": "♯", "b": "♭", ".": "。", ",": "、،٫",
    "'": "′‵´ˊ\u02b9\u02bb\u02bc\u02bdʾʿˈ‛٬", "''": "″‶〃", "'''": "‴‷", "''''": "⁗", "`": "ˋ", "^": "ˆ", "°": "˚º",
    '"': "‟❝❞〝〞〟", "«": "「『《〈⟪", "»": "」』》〉⟫", "[": "【〔〖", "]": "】〕〗", "‹": "⟨❮", "›": "⟩❯", "?!": "‽",
    ">=": "≥⩾≧≮", "<=": "≤⩽≦≯", ">": "≰", "<": "≱", "!=": "≠", "=": "≡", "->": "→⟶", "<-": "←", "<->": "↔", "=>": "⇒",
    "<=>": "⇔", "/10000": "‱", "руб.": "₽", " ": "\u2800",
    f"{_GAP}1/": "⅟", f"{_GAP}диам. ": "⌀∅⊘",
}  # fmt: skip
_WORDS = {
    "фунт": "£", "иена": "¥", "грн": "₴", "риал": "﷼", "тенге": "₸", "рупия": "₹₨", "вона": "₩", "лира": "₺₤",
    "манат": "₼", "лари": "₾", "драм": "֏", "тугрик": "₮", "биткойн": "₿", "цент": "¢", "донг": "₫", "шекель": "₪",
    "бат": "฿", "дельта": "∆", "сумма": "∑", "П": "∏", "бесконечность": "∞", "интеграл": "∫", "д": "∂",
    "угол": "∠∡∟", "10": "🔟",
}  # fmt: skip
"""A space goes before and behind them where they would grow together with another word."""

_SPELLINGS = _Spellings(
    str.maketrans(
        {sign: spelling for spelling, signs in _ALIKE.items() for sign in signs}
        | {sign: f"{_GAP}{word}{_GAP}" for word, signs in _WORDS.items() for sign in signs}
        | {letter: f"{_GAP}{name}{_GAP}" for letter, name in GREEK_NAMES.items()}
        | LETTERS
        | {_GAP: _GAP}
    )
)
