"""What bin/demo tells a newcomer is there in the sandbox."""

import re
from pathlib import Path

from flask.testing import FlaskClient

from app.sandbox.seed import ADMIN
from app.sandbox.state import World

from .conftest import Vk

DEMO = (Path(__file__).resolve().parents[2] / "bin" / "demo").read_text(encoding="utf-8")


def told(pattern: str) -> str:
    (found,) = set(re.findall(pattern, DEMO))
    return str(found)


def test_the_keys_and_the_free_community_are_good_for_a_new_owner(http: FlaskClient) -> None:
    world: World = http.application.config["WORLD"]
    token = world.vk.tokens[told(r"VK key +(\S+)")]
    club = world.vk.clubs[int(told(r"FREE_CLUB=(\d+)"))]
    assert told(r"EVOTOR_KEY=(\S+)") in world.evotor.tokens
    assert club.levels[token.user_id] == ADMIN and club.market_enabled and club.currency["id"] == 643
    assert club.id != int(told(r"\bCLUB=(\d+)"))


def test_the_window_shows_one_item_by_its_address(http: FlaskClient, vk: Vk) -> None:
    first, second = vk.add(name="Первый товар"), vk.add(name="Второй товар")
    club = told(r"\bCLUB=(\d+)")
    page = http.get(f"/ui/club{club}?w=product-{club}_{first}").text
    assert "Первый товар" in page and "Второй товар" not in page and first != second
    assert "Второй товар" in http.get(f"/ui/club{club}").text
