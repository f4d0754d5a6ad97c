"""The pace of one token in several processes, by the word of a real Redis."""

import socket
from collections.abc import Callable, Iterator

import msgspec
import pytest
import redis
from flask import Flask

from app.clients.pacing import Pacer
from app.services.connections import vk
from app.services.vendors import clients, shared_pace
from app.services.vendors.shared_pace import PATIENCE, REST, PaceServer, SharedPace
from tests.factories import make_user
from tests.support.clock import TurnedClock
from tests.support.redis_server import RedisServer
from tests.support.sandbox import CLUB, VK_TOKEN

pytestmark = pytest.mark.redis

SECOND, WAY = 1.01, 0.08
Process = Callable[..., SharedPace]


@pytest.fixture
def process(redis_server: RedisServer) -> Iterator[Process]:
    """One more process that calls with a token."""
    servers = []

    def made(token: str = "one", per_second: float = 3, patience: float = PATIENCE) -> SharedPace:
        servers.append(PaceServer(redis_server.url))
        return SharedPace(servers[-1], token, per_second, patience=patience)

    yield made
    for server in servers:
        server.close()


def wait(pace: SharedPace, way: float = WAY) -> float:
    place = pace.take(way)
    assert place is not None
    return place.wait


def test_a_second_holds_no_more_calls_of_all_processes_together_than_may_be(process: Process) -> None:
    run, page = process(), process()
    assert [wait(run), wait(page), wait(run)] == [0, 0, 0]
    assert SECOND < wait(page) <= SECOND + WAY


def test_who_comes_later_waits_behind_those_who_wait(process: Process) -> None:
    run, page = process(per_second=1), process(per_second=1)
    waits = [round(wait(one)) for one in (run, page, run, page)]
    assert waits == [0, 1, 2, 3]


def test_another_token_has_a_pace_of_its_own(process: Process) -> None:
    mine, other = process("mine", 1), process("other", 1)
    assert (wait(mine), wait(other)) == (0, 0)


def test_less_than_a_call_a_second_is_kept_as_well(process: Process) -> None:
    pace = process(per_second=0.5)
    wait(pace)
    assert wait(pace) == pytest.approx(2 * SECOND + WAY, abs=0.5)


def test_a_call_that_was_answered_soon_holds_its_place_no_longer(process: Process) -> None:
    run, page = process(per_second=1), process(per_second=1)
    first = run.take(0.9)
    assert first is not None
    run.settle(first, -0.9)
    assert wait(run) <= SECOND
    assert wait(page) > SECOND


def test_who_has_waited_hears_that_the_call_before_was_late(process: Process) -> None:
    run, page = process(per_second=1), process(per_second=1)
    first = run.take(WAY)
    mine = page.take(WAY)
    assert first is not None and mine is not None
    run.settle(first, 30)
    for _ in range(10):
        run.take(WAY)
    again = page.take(WAY, mine)
    assert again is not None
    assert mine.wait + 28 < again.wait < mine.wait + 30


def test_an_answer_to_a_place_that_is_taken_anew_says_nothing(process: Process) -> None:
    pace = process(per_second=1)
    first = pace.take(WAY)
    assert first is not None
    wait(pace)
    wait(pace)
    pace.settle(first, 3600)
    assert wait(pace) < 5


def test_a_hold_is_for_all(process: Process) -> None:
    run, page = process(), process()
    run.hold(7)
    assert 6 < wait(page) <= 7


def test_a_shorter_hold_ends_no_longer_one(process: Process) -> None:
    run, page = process(), process()
    run.hold(7)
    page.hold(1)
    assert 6 < wait(run) <= 7


def test_half_the_pace_is_for_all(process: Process) -> None:
    run, page = process(per_second=1), process(per_second=1)
    run.slow_down(60)
    assert wait(page) == 0
    assert 2 * SECOND - 0.5 < wait(page) <= 2 * SECOND + WAY


def test_who_would_wait_for_too_long_goes_on_without_a_place(process: Process) -> None:
    run, page = process(), process(patience=5)
    run.hold(7)
    assert page.take(WAY) is None
    assert wait(run) > 6


def test_nothing_is_kept_for_ever_nor_less_long_than_it_is_of_use(process: Process, redis_server: RedisServer) -> None:
    pace = process()
    wait(pace)
    with redis.Redis(port=redis_server.port) as there:
        assert 10 < there.ttl("one") < 20
        pace.slow_down(3600)
        wait(pace)
        assert 3600 < there.ttl("one") < 3700


# A Redis that is away


def test_without_a_redis_nobody_waits_for_one(
    process: Process, redis_server: RedisServer, clock: TurnedClock, capfd: pytest.CaptureFixture[str]
) -> None:
    pace = process()
    wait(pace)
    redis_server.kill()
    assert [pace.take(WAY) for _ in range(3)] == [None] * 3
    pace.hold(7)

    redis_server.start()
    assert pace.take(WAY) is None, "left alone for a while"
    clock.move(seconds=REST + 1)
    assert wait(pace) == 0
    said = capfd.readouterr().err
    assert said.count("event=pace_not_shared") == 1
    assert said.count("event=pace_shared_again") == 1


def test_a_redis_that_does_not_answer_is_asked_once(clock: TurnedClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = PaceServer(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        pace = SharedPace(server, "one", 3, patience=PATIENCE)
        assert [pace.take(WAY) for _ in range(100)] == [None] * 100
        server.close()


def test_without_a_redis_the_process_keeps_its_own_pace(clock: TurnedClock) -> None:
    pacer = Pacer(3, SharedPace(PaceServer("redis://127.0.0.1:9/0"), "one", 3, patience=PATIENCE))
    for _ in range(3):
        with pacer.turn():
            pass
    assert clock.slept == pytest.approx([0.34, 0.34])


# What the settings say


@pytest.fixture
def with_redis(app: Flask, redis_server: RedisServer) -> Iterator[redis.Redis]:
    settings = app.extensions["settings"]
    app.extensions["settings"] = msgspec.structs.replace(settings, ratelimit_storage_uri=redis_server.url)
    with redis.Redis(port=redis_server.port) as there:
        yield there
    shared_pace._server(redis_server.url).close()


def test_clients_share_their_pace_by_the_redis_of_the_settings(with_redis: redis.Redis) -> None:
    vk.connect_vk(make_user(), VK_TOKEN, CLUB)
    (key,) = with_redis.keys("evosync:pace:*")
    assert int(with_redis.hget(key, "taken") or 0) >= 5


def test_no_token_is_known_to_the_redis(with_redis: redis.Redis) -> None:
    with clients.vk_client(VK_TOKEN) as client:
        client.me()
    kept = [*with_redis.keys("*"), *(value for key in with_redis.keys("*") for value in with_redis.hgetall(key))]
    assert kept
    assert not [text for text in kept if VK_TOKEN.encode() in text]


def test_without_a_redis_in_the_settings_there_is_nothing_to_share(app: Flask) -> None:
    assert shared_pace.shared_pace("vk", VK_TOKEN, 3, is_reader=False) is None
