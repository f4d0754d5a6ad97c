"""One text in short for many: to tell whether anything changed."""

import hashlib


def digest_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
