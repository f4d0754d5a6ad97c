"""Letters that cp1251 lacks, as Russians write them: of the languages of Russia and its neighbours, Latin, Greek."""

import unicodedata
from collections.abc import Callable


def _both_cases(small: dict[str, str]) -> dict[str, str]:
    capitals = {letter.upper(): spelled.capitalize() for letter, spelled in small.items()}
    return {capital: spelled for capital, spelled in capitals.items() if len(capital) == 1} | small


def _alphabet(letters: str, spelled: str) -> dict[str, str]:
    return dict(zip(letters, spelled.split(), strict=True))


_CYRILLIC = _alphabet(
    "әөүҗңһқҡғұҙҫҳҷҕҥӷӡҽҿҩҭҧҵԥӕѣѳѵѫѭѧѩѡѯѱѻѿꙋꙗԛԝ",
    "э о у ж н х к к г у з с х дж г н г дз ч ч о т п ц п а е ф и у ю я я о кс пс о от у я к в",
)
_LATIN = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t", "ı": "i",
    "ĸ": "k", "ŋ": "ng", "ə": "e", "ʒ": "zh", "ʃ": "sh", "ȝ": "y", "ƿ": "w", "ƕ": "hv", "ɣ": "g", "ɑ": "a", "ʊ": "u",
    "ɸ": "ф",
}  # fmt: skip
_GEORGIAN = _alphabet(
    "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰჱჲჳჴჵჶ",
    "а б г д е в з т и к л м н о п ж р с т у п к г к ш ч ц дз ц ч х дж х ей й в х о ф",
)
_ARMENIAN = _alphabet(
    "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև",
    "а б г д е з э ы т ж и л х ц к х дз г ч м й н ш о ч п дж р с в т р ц в п к о ф ев",
)
_GREEK = _alphabet("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o")
"""In a word."""

GREEK_NAMES = _alphabet(
    "αβγδεζηθικλνξπρσςτυφχψωϕΔΘΛΞΣΨΩ",
    "альфа бета гамма дельта эпсилон дзета эта тета йота каппа лямбда ню кси пи ро сигма сигма тау ипсилон фи хи пси"
    " омега фи Дельта Тета Лямбда Кси Сигма Пси Омега",
)
"""Of letters that stand alone: «ω-3», «β-каротин»."""

_GREEK_ALIKE = dict(zip("μοΑΒΓΕΖΗΙΚΜΝΟΠΡΤΥΦΧ", "µoABГEZHIKMNOПPTYФX", strict=True))
"""Alone, these are most often ours: «5 μм», «Г-образный», «Ф20», «витамин A»."""

_CASED = _both_cases(_CYRILLIC | _LATIN | _ARMENIAN)
LONG_CAPITALS = {letter: spelled.upper() for letter, spelled in _CASED.items() if len(spelled) > 1 and letter.isupper()}
"""As they are in a word of capitals: «ТОҶИК» is «ТОДЖИК», while «Ҷам» is «Джам»."""

LETTERS = _CASED | _GEORGIAN | {"ӏ": "I", "Ӏ": "I", "ẞ": "SS"} | _GREEK_ALIKE


def greek_word(letters: str) -> str:
    """«ΦΑΓΕ» is «FAGE»."""
    plain = (char for char in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(char))
    return "".join(_GREEK.get(char) or _GREEK.get(char.lower(), char).upper() for char in plain)


def letter_by_name(char: str, spelling_of: Callable[[int], str]) -> str:
    """Unicode's names say on which letter another is built: «CYRILLIC SMALL LETTER KA WITH HOOK»."""
    small = char.lower()
    if small != char and len(small) == 1 and (spelled := spelling_of(ord(small))):
        return spelled.upper() if char.upper() == char else spelled
    script, *words = unicodedata.name(char).partition(" WITH ")[0].split()
    if script not in {"LATIN", "CYRILLIC"}:
        return ""
    for base in (f"{script} {' '.join(words)}", f"{script} SMALL LETTER {words[-1]}"):
        try:
            known = unicodedata.lookup(base)
        except KeyError:
            continue
        if known != char:
            return spelling_of(ord(known))
    return words[-1].lower()
