"""Straight quotes as their writer meant them: inches after a number, «ёлочки» round words."""

from dataclasses import dataclass

_OPENING = frozenset(" \t([{<«„“–—-/+,:;=&")
_CLOSING = frozenset(" \t)]}>».,:;!?…")
INCH = "''"


def with_russian_quotes(text: str) -> str:
    """Pairs do not reach over a line; a quote that has no other half becomes two apostrophes."""
    if '"' not in text:
        return text
    return "\n".join(_line(line) if '"' in line else line for line in text.split("\n"))


@dataclass(slots=True)
class _Quote:
    follows_number: bool
    opens: bool
    """By what stands round it: behind a space and right before a word."""
    is_loose: bool
    """It may begin a pair where nothing better is known: «сок"Добрый"», «" Гауда "»."""
    closes_later: bool = False
    """Before the next one that opens there is one that closes and is no inch mark."""
    has_partner: bool = False
    """The next one does not open."""


def _line(line: str) -> str:
    quotes = _quotes(line)
    marks: list[str] = []
    open_ones: list[int] = []
    for quote in quotes:
        if quote.follows_number:
            marks.append(_closed(open_ones) if open_ones and not quote.closes_later else INCH)
        elif quote.opens or (not open_ones and quote.is_loose and quote.has_partner):
            open_ones.append(len(marks))
            marks.append("«")
        else:
            marks.append(_closed(open_ones) if open_ones else INCH)
    last_closing = max((number for number, mark in enumerate(marks) if mark == "»"), default=-1)
    for number in open_ones:
        if number > last_closing:  # «ООО «Ромашка»: one closing quote serves both, as Russians write
            marks[number] = INCH
    pieces = line.split('"')
    return pieces[0] + "".join(mark + piece for mark, piece in zip(marks, pieces[1:], strict=True))


def _closed(open_ones: list[int]) -> str:
    open_ones.pop()
    return "»"


def _quotes(line: str) -> list[_Quote]:
    places = [place for place, sign in enumerate(line) if sign == '"']
    after: dict[int, str] = {len(line): " "}
    for place in reversed(places):  # the next sign that is no quote
        after[place] = after.get(place + 1) or line[place + 1]
    quotes: list[_Quote] = []
    for place in places:
        quotes.append(_quote(line, place, after[place], quotes[-1] if quotes else None))
    for quote, following in zip(quotes[-2::-1], quotes[:0:-1], strict=True):
        quote.has_partner = not following.opens
        quote.closes_later = quote.has_partner and (not following.follows_number or following.closes_later)
    return quotes


def _quote(line: str, place: int, after: str, previous: _Quote | None) -> _Quote:
    before = line[place - 1] if place else " "
    touches_word = after not in _CLOSING
    is_doubled = before == '"' and previous is not None and previous.opens
    inch_apart = not touches_word and before == " " and line[max(0, place - 2) : place - 1].isdigit()
    return _Quote(
        follows_number=before.isdigit() or inch_apart,
        opens=touches_word and (before in _OPENING or is_doubled),
        is_loose=touches_word or before == " ",
    )
