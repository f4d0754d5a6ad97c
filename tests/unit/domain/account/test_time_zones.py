"""Time zones as their owner names them."""

import zoneinfo
from collections.abc import Iterator
from datetime import datetime

import pytest

from app.domain.account.time_zones import NEAR, RUSSIAN, USUAL, against_moscow, choices, listed

WINTER, SUMMER = datetime(2026, 1, 15, 12), datetime(2026, 7, 15, 12)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Moscow", "МСК"),
        ("Europe/Kaliningrad", "МСК−1"),
        ("Asia/Yekaterinburg", "МСК+2"),
        ("Asia/Kamchatka", "МСК+9"),
        ("UTC", "МСК−3"),
        ("Asia/Kolkata", "МСК+2:30"),
        ("America/St_Johns", "МСК−6:30"),
    ],
)
def test_a_zone_is_named_by_its_distance_from_moscow(zone: str, words: str) -> None:
    assert against_moscow(zone, WINTER) == words


def test_the_distance_is_that_of_the_season() -> None:
    assert [against_moscow("Europe/Chisinau", now) for now in (WINTER, SUMMER)] == ["МСК−1", "МСК"]


def test_russia_comes_first_from_west_to_east() -> None:
    found = choices(WINTER)
    assert list(found) == ["Россия", "Рядом", "Другие"]
    assert found["Россия"][0] == ("Europe/Kaliningrad", "Калининград (МСК−1)")
    apart = [int(words.partition("МСК")[2].rstrip(")").replace("−", "-") or 0) for _, words in found["Россия"]]
    assert apart == sorted(apart)
    assert ("America/Sao_Paulo", "America/Sao Paulo (МСК−6)") in found["Другие"], "and those say how far they are, too"
    ids = [zone for zones in found.values() for zone, _ in zones]
    assert len(ids) == len(set(ids)) and {"UTC", "Asia/Dubai", "Europe/Berlin"} < set(ids)


@pytest.fixture
def _no_zones_of_the_machine() -> Iterator[None]:
    zoneinfo.reset_tzpath([])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("_no_zones_of_the_machine")
def test_every_zone_is_there_on_a_machine_without_any() -> None:
    for zone in {USUAL, *RUSSIAN, *NEAR}:
        assert zoneinfo.ZoneInfo(zone).key == zone


def test_a_zone_that_cannot_be_chosen_gives_way_to_the_usual_one() -> None:
    chosen = [listed(zone) for zone in ("Asia/Omsk", "Europe/Minsk", "UTC", "Etc/GMT+3", "no zone", "")]
    assert chosen == ["Asia/Omsk", "Europe/Minsk", "UTC", *["Europe/Moscow"] * 3]
