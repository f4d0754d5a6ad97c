"""HTML that owners paste: entities and tags become what a reader would have seen."""

import html
import re
from html.entities import html5

_MOST_LAYERS = 5
"""Of entities written as entities: `&amp;lt;b&amp;gt;`."""

_BLOCK = "\x1e"
"""Where a paragraph begins or ends; of several, and of the spaces round them, one line break is left."""


def without_markup(text: str) -> str:
    """`<` and `>` of no HTML tag stay, and so does `&` without a `;`."""
    for _ in range(_MOST_LAYERS):
        before, text = text, unescaped(without_tags(text))
        if text == before:
            break
    return text


def unescaped(text: str) -> str:
    """Only what ends in `;` is an entity: «M&Ms&COPY» is no sign of copyright."""
    return _ENTITY.sub(_sign, text) if "&" in text else text


_ENTITY = re.compile(r"&(?:amp;)*(#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{0,40});")


def _sign(match: re.Match[str]) -> str:
    name = match[1]
    if name.startswith("#"):
        return html.unescape(f"&{name};")
    return html5.get(f"{name};", f"&{name};")


def without_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = _without_hidden(text)
    closed = {match[1].lower() for match in _CLOSING.finditer(text)}
    text = _TAG.sub(lambda match: _in_place_of(match, closed), text)
    if _BLOCK not in text:
        return text
    return "\n".join(part.strip() for part in text.split(_BLOCK) if part.strip())


def _in_place_of(match: re.Match[str], closed: set[str]) -> str:
    if match["line"]:
        return "\n"
    if match["block"]:
        return _BLOCK
    if match["cell"]:
        return " "
    name = match["inline"]
    is_lone_letter = len(name) == 1 and name.isupper() and match[0] == f"<{name}>" and name.lower() not in closed
    return match[0] if is_lone_letter else ""  # a size: «Футболка <S>»


_BLOCKS = (
    "p|li|div|tr|h[1-6]|ul|ol|dl|dt|dd|table|thead|tbody|tfoot|caption|blockquote|pre|hr|section|article|header|footer|main"
    "|nav|aside|address|figure|figcaption|form|fieldset|legend|details|summary|center|hgroup|option|body|head|html|title"
)
_INLINE = (
    "a|abbr|acronym|applet|area|audio|b|base|basefont|bdi|bdo|big|button|canvas|cite|code|col|colgroup|data|datalist|del"
    "|dfn|dialog|dir|em|embed|font|frame|frameset|i|iframe|img|input|ins|kbd|label|link|map|mark|marquee|menu|meta|meter"
    "|nobr|noframes|noscript|object|optgroup|output|param|picture|progress|q|rp|rt|ruby|s|samp|search|select|slot|small"
    "|source|span|strike|strong|style|sub|sup|svg|template|textarea|time|track|tt|u|var|video|wbr|script|o:p"
)
_ATTRIBUTE = r"""(?:\s+|(?<=["']))[a-z][-a-z0-9_:.]*+\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>]++)"""
_SWITCH = r"\s+(?:data-[-a-z0-9]+|hidden|nowrap|noshade|compact|disabled|checked|selected|controls|autoplay|loop|muted)"
_TAG = re.compile(
    rf"<(?P<closing>/)?(?:(?P<line>br)|(?P<block>{_BLOCKS})|(?P<cell>td|th)|(?P<inline>{_INLINE}))"
    rf"(?:{_ATTRIBUTE}|{_SWITCH})*+\s*+(?:/?>|(?(closing)\Z|(?!)))",
    re.IGNORECASE,
)
"""A closing tag may be cut off at the end: registers keep so many characters of a name."""
_CLOSING = re.compile(r"</([a-z])\s*+>", re.IGNORECASE)

_HIDDEN = re.compile(r"<!--|<!doctype\b|<(?:script|style)\b[^<>]*+>", re.IGNORECASE)
_ENDS = {"<!--": "-->", "<!d": ">", "<sc": "</script>", "<st": "</style>"}


def _without_hidden(text: str) -> str:
    """Comments, scripts and styles are nothing that a reader would have seen."""
    shown, begin, lower = [], 0, text.lower()
    while hidden := _HIDDEN.search(text, begin):
        end = next(end for start, end in _ENDS.items() if lower.startswith(start, hidden.start()))
        place = lower.find(end, hidden.end())
        if place < 0:
            break
        shown.append(text[begin : hidden.start()])
        begin = place + len(end)
    return "".join((*shown, text[begin:]))
