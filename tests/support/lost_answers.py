"""Calls whose answer nobody hears, and the tiny shop as it stands once all is known again."""

from collections.abc import Callable
from typing import NoReturn

from app.clients.http import Response
from app.models import RunStatus
from tests.support.shop import Killed, Shop

ALL = {"P1": "100.00", "P2": "200.00", "P3": "300.00"}
ALBUMS = {"Чай": ["P1"], "Мёд": ["P2"]}


def dies_after(call: Callable[[], Response]) -> NoReturn:
    call()
    raise Killed


def dies_before(_call: Callable[[], Response]) -> NoReturn:
    raise Killed


def all_is_well(shop: Shop) -> None:
    """Each product once, each album once, and nothing left to do."""
    assert shop.prices() == ALL
    assert len(shop.sandbox.items(shop.club)) == len(ALL)
    assert shop.album_titles() == sorted(ALBUMS)
    assert shop.albums() == ALBUMS
    shop.forget_calls()
    assert shop.run().status == RunStatus.SUCCEEDED
    assert shop.writes() == 0
