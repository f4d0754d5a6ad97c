"""The token that Evotor shows for one user's data: we make it, Evotor keeps it, and here only its hash is stored.

It is derived, not drawn: however often and however many at once ask for it, all get the same, which is valid. A hash
made under an earlier SECRET_KEY goes on opening until the link is made again.
"""

import hashlib
import hmac

import sqlalchemy as sa

from app.context import settings
from app.db import db, reading
from app.models import EvotorConnection


def user_token(user_id: int, evotor_user_id: str) -> str:
    text = f"evotor user token {user_id} {evotor_user_id}"
    return hmac.new(settings().secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def user_id_of(token: str) -> int | None:
    """Ends the transaction that it looked in."""
    with reading():
        query = sa.select(EvotorConnection.user_id).where(EvotorConnection.user_token_hash == hash_of(token))
        found: int | None = db.session.scalar(query)
        db.session.commit()
    return found
