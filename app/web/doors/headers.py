"""Security headers on every answer."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Response

from app.context import settings

PICTURES = "img-src 'self' data:"
POLICY = (
    f"default-src 'self'; {PICTURES}; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
YEAR = 365 * 24 * 60 * 60


def init_app(app: Flask) -> None:
    app.after_request(_add)


def allow_pictures(answer: Response, addresses: Iterable[str]) -> None:
    """This page alone shows pictures that lie elsewhere; whose addresses those are was looked at before."""
    origins = sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses)})
    answer.headers["Content-Security-Policy"] = POLICY.replace(PICTURES, " ".join([PICTURES, *origins]))


def _add(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if settings().public_url.startswith("https://"):
        answer.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}; includeSubDomains")
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer
