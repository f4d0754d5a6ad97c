"""Who calls: Evotor by the secret that was typed in its portal, or for one user by the token that it got from us."""

import binascii
import hashlib
import hmac
from base64 import b64decode

from flask import request

from app.context import settings
from app.services.connections.evotor_webhooks import user_tokens
from app.web.webhooks.refusals import WRONG_SECRET, Refusal


def by_secret() -> None:
    """Raises Refusal."""
    if not _is_secret(_shown()):
        raise Refusal(WRONG_SECRET, "wrong application secret")


def by_secret_or_user() -> int | None:
    """The user whose token it is; None for the secret, which is everybody's. Raises Refusal."""
    shown = _shown()
    if _is_secret(shown):
        return None
    user_id = user_tokens.user_id_of(shown.decode(errors="replace")) if shown and _has_secret() else None
    if user_id is None:
        raise Refusal(WRONG_SECRET, "wrong application secret or user token")
    return user_id


def _shown() -> bytes:
    """`Bearer <text>`, or the text of `Basic <base64 of login:password>`; empty for anything else."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    given = rest.strip().encode("latin-1", errors="replace")
    if scheme.lower() == "bearer":
        return given
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_secret(shown: bytes) -> bool:
    """In the same time whatever was shown, and however much of it is right."""
    known = settings().evotor_webhook_secret.encode()
    return hmac.compare_digest(_digest(known), _digest(shown)) and _has_secret()


def _has_secret() -> bool:
    return bool(settings().evotor_webhook_secret)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
