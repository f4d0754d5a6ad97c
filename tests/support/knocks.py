"""Requests that no browser sends, at every route: the walk and the fuzz of tests/house, and the long one of bench."""

import gzip
import io
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import run_wsgi_app
from wtforms.fields.core import UnboundField

from app.web.forms import BaseForm
from tests.factories import add_group, add_product, add_store, make_user
from tests.support import story

OWNER, NEIGHBOUR = "owner@example.ru", "neighbour@example.ru"
MARKS = (NEIGHBOUR, "Чужая лавка", "Чужой чай", "Traceback", "sqlalchemy", "psycopg2", "werkzeug", "root:x:0:0")
"""What no answer may hold: another user's data, the inside of the program, files."""

URLENCODED, JSON = "application/x-www-form-urlencoded", "application/json"
MULTIPART = "multipart/form-data; boundary=cut"
Pairs = list[tuple[str, bytes]]
PLAUSIBLE = {
    "action": "delete",
    "decision": "take",
    "email": OWNER,
    "entity_id": "P1",
    "entity_ids": "P1",
    "entity_type": "product",
    "filter_mode": "include",
    "next": "/sync",
    "stock_rule": "hide",
}
IN_ADDRESS = {
    "store_id": ("S1", "N1"),
    "group_id": ("tea",),
    "product_id": ("P1", "NP"),
    "run_id": ("1", "2"),
    "user_id": ("1", "2"),
}
DIGEST = "0" * 64
ASKED_FOR = (
    *("day", "effect", "group", "marked", "next", "outcome", "page", "problem"),
    *("q", "reason", "show", "size", "sort", "state", "told", "v"),
)
"""Names of the parts of addresses."""


@dataclass(frozen=True)
class Knock:
    """One request as it goes over the line; headers in latin-1."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def having(self, **headers: str) -> "Knock":
        """`_` stands for `-`; an empty value takes the header away."""
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        kept = tuple(pair for pair in self.headers if pair[0] not in named)
        return replace(self, headers=kept + tuple(pair for pair in named.items() if pair[1]))

    def sending(self, body: bytes, kind: str) -> "Knock":
        return replace(self, body=body).having(content_type=kind, content_length=str(len(body)))

    def asking(self, values: Pairs) -> "Knock":
        return replace(self, target=f"{self.target.partition('?')[0]}?{urlencoded(values).decode()}")

    def bytes(self) -> bytes:
        head = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*head, "connection: close", "", ""]).encode("latin-1") + self.body

    def __str__(self) -> str:
        headers = [f"{name}: {value[:80]!r}" for name, value in self.headers if name != "cookie"]
        return f"{self.method} {self.target[:200]} {headers} {self.body[:200]!r}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode("utf-8", "replace")

    @property
    def faults(self) -> list[str]:
        text = self.text
        return [f"status {self.status}"] * (self.status >= 500) + [mark for mark in MARKS if mark in text]


@dataclass(frozen=True)
class Visitor:
    """Somebody's cookies, and the token that their forms carry."""

    name: str
    cookie: str
    token: str


# The shop that is knocked at, and its doors


def furnish() -> None:
    """Two owners; the second one's things must not be seen."""
    for email, store, product, words in ((OWNER, "S1", "P1", "Своя лавка"), (NEIGHBOUR, "N1", "NP", "Чужая лавка")):
        user = make_user(email)
        add_store(user, store, words)
        add_group(user, "tea", "Чай" if email == OWNER else "Чужой чай", store_id=store)
        add_product(user, product, store_id=store, name="Чай" if email == OWNER else "Чужой чай", group_id="tea")
        story.stopped(user)


def doors(app: Flask) -> list[tuple[str, Rule]]:
    """Every route with every method that it takes; the one that ends the visit is the last."""
    return [
        (method, rule)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.endpoint == "auth.logout", str(rule)))
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def target(rule: Rule, values: Mapping[str, str]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: quote(values.get(part[1], "x"), safe="%"), rule.rule)


def usual_values(rule: Rule) -> dict[str, str]:
    return {name: IN_ADDRESS[name][0] if name in IN_ADDRESS else DIGEST for name in rule.arguments}


def field_names() -> list[str]:
    """Of all forms of the product."""
    kinds, names = [BaseForm], set[str]()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        names |= {name for name in dir(kind) if isinstance(getattr(kind, name), UnboundField)}
    return sorted(names)


def knock_of(method: str, rule: Rule, visitor: Visitor) -> Knock:
    """As a browser would ask."""
    knock = Knock(method, target(rule, usual_values(rule))).having(host="localhost", cookie=visitor.cookie)
    return knock.sending(urlencoded(usual_fields(visitor)), URLENCODED) if method == "POST" else knock


def usual_fields(visitor: Visitor) -> Pairs:
    names = [name for name in field_names() if name not in ("password", "current_password")]
    return [("csrf_token", visitor.token.encode()), *((name, PLAUSIBLE.get(name, "1").encode()) for name in names)]


def urlencoded(values: Pairs) -> bytes:
    return b"&".join(f"{quote(name)}={quote_from_bytes(value)}".encode() for name, value in values)


def multipart(values: Pairs, files: tuple[str, ...] = (), nameless: bytes = b"") -> bytes:
    """`nameless` is more text in front, of a part whose name was left out."""
    parts = [b"--cut\r\nContent-Disposition: form-data" + nameless] if nameless else []
    for name, value in values:
        as_file = b'; filename="photo.jpg"\r\nContent-Type: image/jpeg' if name in files else b""
        parts.append(
            b'--cut\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + as_file + b"\r\n\r\n" + value
        )
    return b"\r\n".join([*parts, b"--cut--\r\n"])


# In this process


def knock_at(app: Flask, knock: Knock) -> Answer:
    """As gunicorn hands it over, beside whatever context is open here. Raises what the application lets through."""
    chunks, status, headers = Context().run(run_wsgi_app, app.wsgi_app, _environ(knock), buffered=True)
    return Answer(int(status.split()[0]), {name.lower(): value for name, value in headers}, b"".join(chunks))


def _environ(knock: Knock) -> dict[str, Any]:
    path, _, query = knock.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": knock.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": knock.target,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(knock.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in knock.headers:
        plain = name.upper().replace("-", "_")
        environ[plain if plain in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{plain}"] = value
    return environ


# What is odd

ODD_TEXTS = {
    "nul": b"a\x00b",
    "surrogates": b"\xed\xa0\x80\xed\xb2\xa9",
    "not utf-8": b"\xff\xfe\xc0\xaf",
    "control": b"\r\nSet-Cookie: a=b\x1b[0m\x7f",
    "directions": "\u202e\ufeff\u200b\u2028".encode(),
    "quotes": b"'\"`;--<script>{{7*7}}${7*7}%s%n",
    "climbing": b"../../../../etc/passwd",
    "number": b"9" * 400,
    "negative": b"-99999999999999999999",
    "float": b"1e999",
    "wide digits": "１２٣²".encode(),
    "elsewhere": b"//evil.example/\\@",
    "long": b"x" * 3000,
    "nothing": b"",
}
ODD_HOSTS = ("..", "a" * 64, "[:::]", "a..b", "localhost:0", "localhost:99999", "xn--", "évil", "a b", "@", "[::1", "")
ODD_COOKIES = (
    "evosync_remember=x|é",
    "evosync=é\xff; evosync_remember=é|é",
    "evosync=.eJw.x.y; evosync_remember=1|" + "0" * 128,
    'evosync="\\377\\000\\"; evosync_remember="\\012|\\351"',
    "evosync=" + "A" * 7000,
    ";;;=;=é;evosync;evosync_remember",
)
ODD_HEADERS: tuple[dict[str, str], ...] = (
    {"range": "bytes=-1,5-2,999999999999999999999-"},
    {"if_modified_since": "é", "if_none_match": 'W/"é", *', "if_range": "x", "if_match": "*"},
    {"accept_encoding": "gzip;q=é, *;q=-1, br;;", "accept_language": "ru;q=9" * 500, "accept": "é/*;q=nan"},
    {
        "x_http_method_override": "DELETE",
        "x_forwarded_host": "..",
        "x_forwarded_proto": "é",
        "x_forwarded_prefix": "//x",
    },
    {"x_forwarded_for": "é, ::1, 1" * 100, "forwarded": "for=é;host=..", "user_agent": "é" * 2000},
    {"hx_request": "true", "hx_current_url": "http://[é", "hx_target": "é\xff"},
    {"referer": "http://[::1", "origin": "null", "authorization": "Bearer é"},
    {"authorization": "Basic !!!", "cache_control": "max-age=é", "content_encoding": "gzip"},
)
ODD_KINDS = (
    f"{URLENCODED}; charset=utf-16",
    "application/x-www-form-urlencoded;charset=é",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "é" * 100,
    "text/xml",
    "é;;;=",
)
ODD_METHODS = ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "HEAD", "PROPFIND", "CONNECT")
DEEP = b"[" * 100_000
ODD_JSONS = (b'{"email": 5, "enabled": {"a": 1}, "csrf_token": []}', b"[1]", b'"\\ud800"', DEEP, b"{", b"1e999999")
NAMELESS = (b"\r\n\r\nx", b'; filename="x"\r\n\r\nx', b"; name*=utf-16''%FF%FE\r\n\r\nx", b"; name=\r\n\r\nx")

Odd = Callable[[Knock, Rule, Visitor], Iterator[Knock]]


def hosts(knock: Knock, _rule: Rule, _visitor: Visitor) -> Iterator[Knock]:
    return (knock.having(host=host) for host in ODD_HOSTS)


def cookies(knock: Knock, _rule: Rule, visitor: Visitor) -> Iterator[Knock]:
    beside = (f"{visitor.cookie}; {cookie}" for cookie in ODD_COOKIES)
    return (knock.having(cookie=cookie) for cookie in ("", *ODD_COOKIES, *beside))


def headers(knock: Knock, _rule: Rule, _visitor: Visitor) -> Iterator[Knock]:
    return (knock.having(**odd) for odd in ODD_HEADERS)


def methods(knock: Knock, _rule: Rule, _visitor: Visitor) -> Iterator[Knock]:
    return (replace(knock, method=method) for method in ODD_METHODS)


def addresses(knock: Knock, rule: Rule, _visitor: Visitor) -> Iterator[Knock]:
    for odd in ODD_TEXTS.values():
        for name in sorted(rule.arguments):
            spelled = target(rule, usual_values(rule) | {name: quote_from_bytes(odd, safe="/")})
            yield replace(knock, target=spelled)


def questions(knock: Knock, _rule: Rule, _visitor: Visitor) -> Iterator[Knock]:
    return (knock.asking([(name, odd) for name in ASKED_FOR]) for odd in ODD_TEXTS.values())


def kinds(knock: Knock, _rule: Rule, _visitor: Visitor) -> Iterator[Knock]:
    return (knock.sending(knock.body or b"a=b", kind) for kind in ODD_KINDS)


def jsons(knock: Knock, _rule: Rule, visitor: Visitor) -> Iterator[Knock]:
    return (knock.sending(body, JSON).having(x_csrftoken=visitor.token) for body in ODD_JSONS)


def fields(knock: Knock, _rule: Rule, visitor: Visitor) -> Iterator[Knock]:
    for odd in ODD_TEXTS.values():
        values = [(name, value if name == "csrf_token" else odd) for name, value in usual_fields(visitor)]
        yield knock.sending(urlencoded(values), URLENCODED)
        yield knock.sending(multipart(values), MULTIPART)
    usual = usual_fields(visitor)
    yield knock.sending(urlencoded([*usual, *usual]), URLENCODED)
    yield knock.sending(urlencoded([*usual, *((f"{name}[0][a]", value) for name, value in usual)]), URLENCODED)
    yield knock.sending(urlencoded([*usual, *(("x", b"1") for _ in range(10_000))]), URLENCODED)


def files(knock: Knock, _rule: Rule, visitor: Visitor) -> Iterator[Knock]:
    usual = usual_fields(visitor)
    yield knock.sending(multipart(usual, files=tuple(name for name, _ in usual if name != "csrf_token")), MULTIPART)
    yield knock.sending(multipart(usual, files=("csrf_token",)), MULTIPART)
    for nameless in NAMELESS:
        yield knock.sending(multipart(usual, nameless=nameless), MULTIPART)
        yield knock.sending(multipart([], nameless=nameless), MULTIPART).having(x_csrftoken=visitor.token)
    yield knock.sending(multipart(usual)[:-20], MULTIPART)


ASKED: tuple[Odd, ...] = (hosts, cookies, headers, methods, addresses, questions)
SENT: tuple[Odd, ...] = (kinds, jsons, fields, files)


def odd_knocks(app: Flask, visitor: Visitor) -> Iterator[Knock]:
    """At every door one of every kind of oddity; the others of the kind have their turn at the next doors."""
    turns = Counter[Odd]()
    for method, rule in doors(app):
        knock = knock_of(method, rule, visitor)
        for odd in ASKED + SENT if method == "POST" else ASKED:
            if variants := list(odd(knock, rule, visitor)):
                yield variants[turns[odd] % len(variants)]
                turns[odd] += 1


def random_knocks(app: Flask, visitors: list[Visitor], seed: int, count: int) -> Iterator[tuple[Visitor, Knock]]:
    """Several oddities at once, at a door by chance; the same ones for the same seed."""
    chance, known = random.Random(seed), doors(app)[:-1]
    for _ in range(count):
        visitor, (method, rule) = chance.choice(visitors), chance.choice(known)
        knock = knock_of(method, rule, visitor)
        for odd in chance.sample(ASKED, chance.randint(0, 2)) + [chance.choice(SENT)] * (method == "POST"):
            knock = _picked(chance, knock, rule, visitor, odd)
        yield visitor, _noised(chance, knock)


def _picked(chance: random.Random, knock: Knock, rule: Rule, visitor: Visitor, odd: Odd) -> Knock:
    return chance.choice([*odd(knock, rule, visitor), knock])


def _noised(chance: random.Random, knock: Knock) -> Knock:
    """Now and then a few bytes of the body are others; its length stays."""
    if not knock.body or chance.random() < 0.7:
        return knock
    body = bytearray(knock.body)
    for _ in range(chance.randint(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return replace(knock, body=bytes(body))
