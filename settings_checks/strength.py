"""Whether secrets are what they are called."""

import base64
import re
import secrets
from itertools import pairwise

from settings_checks.errors import SettingsError

SECRET_LENGTH = 32
_TOKEN_KEY_BYTES = 32
_TRIED_FIRST = re.compile(r"change.?me|replace.?me|secret|password|example|evosync|qwerty|1q2w3e")


def check_token_keys(keys: list[str]) -> None:
    if not keys:
        raise SettingsError("TOKEN_KEYS: production needs at least one Fernet key")
    for key in keys:
        try:
            is_fernet = len(base64.urlsafe_b64decode(key)) == _TOKEN_KEY_BYTES
        except ValueError:
            is_fernet = False
        if not is_fernet:
            raise SettingsError("TOKEN_KEYS: every key must be a Fernet key (32 bytes, url-safe base64)")


def new_token_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_KEY_BYTES)).decode()


def check_production(secret_key: str, token_keys: list[str], webhook_secret: str) -> None:
    """Raises SettingsError for what is good enough to try things out and no better."""
    if len(secret_key) < SECRET_LENGTH:
        raise SettingsError(f"SECRET_KEY: production needs a random secret of at least {SECRET_LENGTH} characters")
    if is_guessable(secret_key):
        raise SettingsError("SECRET_KEY: this one can be guessed; make a random one as .env.example shows")
    if any(is_guessable(base64.urlsafe_b64decode(key).decode("latin-1")) for key in token_keys):
        raise SettingsError("TOKEN_KEYS: one of them can be guessed; make a random one as .env.example shows")
    _check_webhook_secret(webhook_secret)


def _check_webhook_secret(secret: str) -> None:
    """A UUID, or login:password, of which the password counts. None at all is fine: then no webhook is answered."""
    counts = secret.partition(":")[2] or secret
    if secret and len(counts) < SECRET_LENGTH:
        raise SettingsError(f"EVOTOR_WEBHOOK_SECRET: needs at least {SECRET_LENGTH} characters, such as a UUID v4")
    if secret and is_guessable(counts):
        raise SettingsError("EVOTOR_WEBHOOK_SECRET: this one can be guessed; make a random one as .env.example shows")


def check_metrics_token(token: str) -> None:
    """None at all is fine: then there are no figures to read."""
    if token and (len(token) < SECRET_LENGTH or is_guessable(token)):
        raise SettingsError(f"METRICS_TOKEN: needs at least {SECRET_LENGTH} characters, made at random")


def is_guessable(secret: str) -> bool:
    """What begins a list of guesses: words, few signs again and again, rows such as 1234 or abcd."""
    text = secret.lower()
    triples = {text[at : at + 3] for at in range(len(text) - 2)}
    neighbours = sum(abs(ord(one) - ord(other)) <= 1 for one, other in pairwise(text))
    return _TRIED_FIRST.search(text) is not None or len(triples) < len(text) / 2 or neighbours > len(text) * 2 / 3
