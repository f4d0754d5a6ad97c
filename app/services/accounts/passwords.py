"""Which passwords are taken, and how they are kept.

Taken is what NIST SP 800-63B asks for: long enough, no rules of composition, but none that is guessed first.

They are kept in the form that is the same whatever a keyboard composes its signs of (NFKC); those that were once
kept as they were typed match as well, until they are renewed.

Argon2id, slow on purpose: never while a transaction is open, and never more than two at once in one process.

The profile is OWASP's for small servers (19 MiB, two passes): a flood of sign-ins then costs some 40 MB and a fraction
of a second, where 64 MiB a thread would take a machine's memory and all its time.
"""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path
from threading import BoundedSemaphore
from unicodedata import category

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.services.accounts.addresses import BLANK, trimmed
from app.services.errors import ServiceError

SHORTEST, LONGEST = 8, 128
"""Signs of a password."""

COMMON = Path(__file__).resolve().parents[2] / "assets" / "passwords" / "common.txt"
EXPECTED = ("evosync", "evotor", "эвотор", "vkontakte", "вконтакте", "password", "пароль")
"""Words that whoever guesses at an account here tries first; beside them are those of its address."""
LEFT_OVER = 5
"""So many signs beside such a word are no secret yet."""
LONGEST_PERIOD = 4
LOOK_BLANK = "\u115f\u1160\u3164\uffa0\u2800"
"""Letters and a sign of Braille that nobody sees either."""
_LAYOUT = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,.")

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = BoundedSemaphore(2)


class WeakPassword(ServiceError):
    """`code` says why: password_length, password_common, password_simple, password_expected, password_same,
    password_known."""


def check_new(password: str, email: str = "") -> None:
    """What is chosen anew, for the account of this address. Raises WeakPassword. Nobody is asked about older ones."""
    password = _normal(password)
    folded = trimmed(password.casefold())
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword("password_length")
    seen = "".join(sign for sign in folded if category(sign) not in BLANK and sign not in LOOK_BLANK)
    if not _common().isdisjoint(form for word in (folded, seen) for form in (word, word.translate(_LAYOUT))):
        raise WeakPassword("password_common")
    if _is_simple(folded):
        raise WeakPassword("password_simple")
    if any(word in folded and len(folded.replace(word, "")) < LEFT_OVER for word in (*EXPECTED, *_words_of(email))):
        raise WeakPassword("password_expected")


def check_other(password: str, current: str) -> None:
    """Where the current one is known, as its owner just proved. Raises WeakPassword."""
    if _normal(password) == _normal(current):
        raise WeakPassword("password_same")


def check_not_known(password: str, password_hash: str) -> None:
    """Where only the hash of the current one is known. Slow: no transaction may be open. Raises WeakPassword."""
    if matches(password_hash, password):
        raise WeakPassword("password_known")


def _is_simple(folded: str) -> bool:
    """A few signs again and again, or each the next one's neighbour."""
    periods = range(1, LONGEST_PERIOD + 1)
    is_repeated = any(folded == (folded[:period] * len(folded))[: len(folded)] for period in periods)
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    return is_repeated or steps in ({1}, {-1})


def _words_of(email: str) -> list[str]:
    """The address, and the parts of it that can be recognised."""
    address = email.casefold()
    return [word for word in (address, *re.split(r"[@.+_-]", address)) if len(word) >= LEFT_OVER - 1]


@cache
def _common() -> frozenset[str]:
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def hashed(password: str) -> str:
    with _at_once:
        return _hasher.hash(_normal(password))


def matches(password_hash: str | None, password: str) -> bool:
    """False where there is no hash, after the same work: an answer's time does not tell who is registered."""
    known = password_hash or _nobodys()
    is_known = any(_verified(known, form) for form in dict.fromkeys((_normal(password), password)))
    return is_known and password_hash is not None


def _verified(password_hash: str, form: str) -> bool:
    with _at_once:
        try:
            return _hasher.verify(password_hash, form)
        except (VerificationError, InvalidHashError):
            return False


def renewed(password_hash: str, password: str) -> str | None:
    """The hash as it is made today, where the stored one is older, or of the password as it was typed; else None."""
    normal = _normal(password)
    is_as_typed = normal != password and not _verified(password_hash, normal)
    return hashed(password) if is_as_typed or _hasher.check_needs_rehash(password_hash) else None


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return hashed("nobody has this password")
