"""Which page and which words the address asks for; any number that a visitor may type is one."""

from flask import request

LARGEST = 1_000_000


def requested_page() -> int:
    """The `page` of the address, at least 1; anything that is no number counts as 1."""
    text = request.args.get("page", "1").strip()
    negative = text.startswith("-")
    digits = text.removeprefix("-")
    if negative or not (digits.isascii() and digits.isdigit()):
        return 1
    return max(1, int(digits)) if len(digits) < 7 else LARGEST


def requested_text(name: str) -> str:
    """A part of the address without what cannot be read."""
    return "".join(filter(str.isprintable, request.args.get(name, ""))).strip()
