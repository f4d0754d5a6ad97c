"""Two real processes with one token against a vendor that counts: by the real time, for its clock is the matter."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from app.clients.vk.client import VkClient
from app.services.vendors.shared_pace import PATIENCE, PaceServer, SharedPace
from tests.support.redis_server import RedisServer
from tests.support.sandbox import CLUB, VK_TOKEN, Sandbox

pytestmark = pytest.mark.redis

CALLS = 8


def call(vk_url: str, redis_url: str) -> None:
    """As a run or a page does."""
    pace = SharedPace(PaceServer(redis_url), "one token", 3, patience=PATIENCE)
    with VkClient(vk_url, VK_TOKEN, per_second=3, shared_pace=pace) as client:
        for _ in range(CALLS):
            client.look_in(CLUB)


def test_two_processes_together_keep_the_pace_of_one_token(sandbox: Sandbox, redis_server: RedisServer) -> None:
    sandbox.control("rate", user=3)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        for made in [processes.submit(call, sandbox.vk_url, redis_server.url) for _ in range(2)]:
            made.result()
    counted = sandbox.log("vk")
    assert counted["calls"] == {"vk.market.get": 2 * CALLS}, "none was refused, and sent again"
    assert counted["peak_per_second"] == 3


def test_a_redis_that_is_killed_in_the_middle_ends_no_call(sandbox: Sandbox, redis_server: RedisServer) -> None:
    pace = SharedPace(PaceServer(redis_server.url), "one token", 10_000, patience=PATIENCE)
    with VkClient(sandbox.vk_url, VK_TOKEN, per_second=10_000, shared_pace=pace) as client:
        for number in range(10):
            if number == 5:
                redis_server.kill()
            client.look_in(CLUB)
    assert sandbox.log("vk")["calls"] == {"vk.market.get": 10}
