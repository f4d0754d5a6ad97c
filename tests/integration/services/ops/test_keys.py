"""Stored tokens: encrypted at rest, readable by any key of the ring, moved to the newest."""

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask import Flask, current_app

from app.crypto import KeyRing
from app.db import db
from app.models import EvotorConnection, VkConnection
from app.services.ops import keys
from tests.factories import make_user

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))
TOKENS = {"evotor-secret", "vk-secret", "vk-refresh-secret"}


@pytest.fixture(autouse=True)
def _owner_with_tokens(app: Flask) -> None:
    """Stored under the old key."""
    use(OLD)
    user = make_user()
    db.session.add(EvotorConnection(user_id=user.id, token="evotor-secret"))
    db.session.add(VkConnection(user_id=user.id, group_id=1, token="vk-secret", refresh_token="vk-refresh-secret"))
    db.session.commit()


def use(*ring: str) -> None:
    current_app.extensions["key_ring"] = KeyRing(ring)
    db.session.expire_all()


def stored() -> list[str]:
    """As it lies in the database."""
    rows = db.session.execute(
        sa.text("SELECT token FROM evotor_connections UNION SELECT token FROM vk_connections")
    ).scalars()
    return [*rows, *db.session.execute(sa.text("SELECT refresh_token FROM vk_connections")).scalars()]


def read() -> set[str | None]:
    evotor, vk = (
        db.session.scalars(sa.select(EvotorConnection)).one(),
        db.session.scalars(sa.select(VkConnection)).one(),
    )
    return {evotor.token, vk.token, vk.refresh_token}


def test_no_token_lies_open() -> None:
    assert not any(token in secret for secret in stored() for token in TOKENS)


def test_every_key_of_the_ring_reads() -> None:
    use(NEW, OLD)

    assert read() == TOKENS


def test_after_rotation_the_old_key_may_go() -> None:
    use(NEW, OLD)
    assert keys.reencrypt() == (3, 0)
    db.session.commit()

    use(NEW)
    assert read() == TOKENS


def test_rotation_can_be_repeated() -> None:
    use(NEW, OLD)
    keys.reencrypt()

    assert keys.reencrypt() == (3, 0)


def test_what_no_key_reads_is_counted_and_left_as_it_is() -> None:
    before = stored()
    use(FOREIGN)

    assert keys.reencrypt() == (0, 3)
    assert stored() == before


def test_a_token_without_its_key_reads_as_none() -> None:
    use(FOREIGN)

    assert read() == {None}


def test_a_connection_without_a_token_needs_no_rotation() -> None:
    db.session.execute(sa.update(EvotorConnection).values(token=None))
    use(NEW, OLD)

    assert keys.reencrypt() == (2, 0)


def test_a_key_ring_does_not_show_its_keys() -> None:
    assert OLD not in repr(KeyRing([OLD]))
