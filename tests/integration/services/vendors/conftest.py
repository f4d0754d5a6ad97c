"""Shops: of an owner who signed in with VK ID, and of several owners."""

import msgspec
import pytest
from flask import current_app

from app.db import db
from app.services.connections import vk
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Shop
from tests.support.silent_vendor import several
from tests.support.vk_id import keys_of, settings_of


@pytest.fixture
def signed_in(shop_everywhere: Shop, sandbox: Sandbox) -> Shop:
    extensions = current_app.extensions
    extensions["settings"] = msgspec.structs.replace(extensions["settings"], **settings_of(sandbox))
    vk.connect_with(shop_everywhere.owner, keys_of(sandbox), CLUB)
    db.session.commit()
    return shop_everywhere


@pytest.fixture
def shops(shop: Shop) -> Shop:
    return several(shop)


@pytest.fixture
def shops_everywhere(shop_everywhere: Shop) -> Shop:
    """On both databases."""
    return several(shop_everywhere)
