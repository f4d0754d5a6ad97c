"""CSRF protection whose token looks different in every answer. A packed page tells by its length how much repeats:
whoever watches many of them while trying words in the address could read a token that stays the same (BREACH)."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from flask import Flask
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf


class MaskedCSRFProtect(CSRFProtect):  # type: ignore[misc]  # Flask-WTF has no types
    """Every POST carries what `csrf_token()` wrote into its form."""

    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = masked_token
        app.context_processor(lambda: {"csrf_token": masked_token})

    def _get_csrf_token(self) -> str | None:
        given = super()._get_csrf_token()
        return unmasked(given) if given else None


class MaskedFormCSRF(FlaskForm.Meta.csrf_class):  # type: ignore[misc]
    """The same token as a field of a form; MaskedCSRFProtect has checked it before."""

    def generate_csrf_token(self, csrf_token_field: object) -> str:
        return masked_token()


def masked_token() -> str:
    """The session's token under a one-time pad that is sent along."""
    token = generate_csrf().encode()
    pad = secrets.token_bytes(len(token))
    return urlsafe_b64encode(pad + _xor(token, pad)).decode()


def unmasked(text: str) -> str:
    """What was masked; of any other text something that is no token."""
    try:
        data = urlsafe_b64decode(text)
    except ValueError:
        return "unreadable"
    half = len(data) // 2
    return _xor(data[:half], data[half : 2 * half]).decode(errors="replace")


def _xor(left: bytes, right: bytes) -> bytes:
    """Of two that are equally long."""
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))
