"""An owner who is about to decide."""

import pytest

from app.db import db
from app.models import EvotorConnection, User
from tests.factories import add_group, add_product, add_store, make_user


@pytest.fixture
def owner() -> User:
    """Connected to Evotor, with two stores, nothing chosen yet."""
    user = make_user()
    db.session.add(EvotorConnection(user_id=user.id, token="secret"))
    db.session.commit()
    add_store(user, "S1", "Лавка")
    add_store(user, "S2", "Киоск")
    add_group(user, "G", "Чай")
    add_product(user, "P1", group_id="G")
    add_product(user, "P2")
    return user
