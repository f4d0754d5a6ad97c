"""One pace for all processes that call with the same token, kept in a Redis: docs/contracts/vk.md §1.5."""

import hashlib
import hmac
import threading
from collections import deque
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from app import clock
from app.clients.pacing import Place, seconds_and_places
from app.context import settings
from app.logs import get_logger

if TYPE_CHECKING:
    from redis import Redis

log = get_logger()

ANSWERS_WITHIN = 0.25
"""Seconds. Calls do not wait for a Redis that is slow."""
REST = 10.0
"""Seconds that it is left alone after it did not answer."""
PATIENCE, READER_PATIENCE = 60.0, 5.0
"""Seconds that a run waits for its place at most, and a page. No wait that was meant is longer than a run's."""
_MICRO = 1_000_000
_KEEP = """
local function keep_for(key, micros)
  redis.call('PEXPIRE', key, math.max(redis.call('PTTL', key), math.ceil(micros / 1000) + 10000))
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
"""
# The vendor counts a call when it arrives, so a place is free a second after its last call has arrived at the latest.
# Places are numbered, and kept for more rounds than anybody waits: who has waited looks again whether the call before
# was late.
_TAKE = f"""{_KEEP}
local second, places, way, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local function slot(number) return string.format('%.0f', number % (16 * places)) end
for at = 6, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], slot(ARGV[at])) == ARGV[at + 1] then
    redis.call('HSET', KEYS[1], slot(ARGV[at]), string.format('%.0f', ARGV[at + 1] + ARGV[at + 2]))
  end
end
local kept = redis.call('HMGET', KEYS[1], 'taken', 'held', 'slow')
local taken, held, slow = tonumber(kept[1] or 0), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
local number = tonumber(ARGV[5]) or taken
local arrived = tonumber(redis.call('HGET', KEYS[1], slot(number + 15 * places)) or 0)
local start = math.max(now, held, arrived + second)
if start < slow then start = math.max(start, arrived + 2 * second) end
if start - now > patience then return false end
local arrives = string.format('%.0f', start + way)
redis.call('HSET', KEYS[1], slot(number), arrives, 'taken', string.format('%.0f', math.max(taken, number + 1)))
keep_for(KEYS[1], start + way + 2 * second - now)
return {{start - now, number, arrives}}
"""
_NOTE = f"""{_KEEP}
local moment = now + ARGV[2]
if moment > tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0) then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', moment))
  keep_for(KEYS[1], ARGV[2])
end
return true
"""


def shared_pace(vendor: str, whose: str, per_second: float, *, is_reader: bool) -> "SharedPace | None":
    """Of the token, or of what stays while tokens are renewed; None where the settings name no Redis."""
    uri = settings().ratelimit_storage_uri
    if not uri.startswith("redis"):
        return None
    # Never the token itself, nor anything that it could be found by.
    name = hmac.new(settings().secret_key.encode(), f"{vendor} {whose}".encode(errors="replace"), hashlib.sha256)
    patience = READER_PATIENCE if is_reader else PATIENCE
    return SharedPace(_server(uri), f"evosync:pace:{name.hexdigest()[:32]}", per_second, patience=patience)


@cache
def _server(uri: str) -> "PaceServer":
    """One for the process."""
    return PaceServer(uri)


class PaceServer:
    """A Redis; while it is away each process keeps its own pace, and asks again after a while."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.replace("redis+unix:", "unix:", 1)
        self._lock = threading.Lock()
        self._rests_until = float("-inf")
        self._is_away = False

    def close(self) -> None:
        self._redis.close()

    def run(self, script: str, key: str, *given: bytes | int | str) -> Any:
        """What the script returns; None as well where the Redis is away."""
        from redis import RedisError

        if clock.monotonic() < self._rests_until:
            return None
        try:
            answer = self._redis.register_script(script)(keys=[key], args=list(given))
        except (RedisError, OSError) as error:
            self._note_away(error)
            return None
        self._note_there()
        return answer

    @cached_property
    def _redis(self) -> "Redis":
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return Redis.from_url(
            self._uri,
            socket_connect_timeout=ANSWERS_WITHIN,
            socket_timeout=ANSWERS_WITHIN,
            retry=Retry(NoBackoff(), 0),
        )

    def _note_away(self, error: Exception) -> None:
        with self._lock:
            is_new, self._is_away = not self._is_away, True
            self._rests_until = clock.monotonic() + REST
        if is_new:
            log.warning("pace_not_shared", error=type(error).__name__)

    def _note_there(self) -> None:
        if self._is_away:
            self._is_away = False
            log.info("pace_shared_again")


class SharedPace:
    """Of one token, as one client keeps it. Whoever would wait longer than `patience` seconds goes without a place.

    `key` names the token to all processes, and to nobody else.
    """

    def __init__(self, server: PaceServer, key: str, per_second: float, *, patience: float) -> None:
        second, places = seconds_and_places(per_second)
        self._server, self._key = server, key
        self._given = (_micros(second), places)
        self._patience = _micros(patience)
        self._settled: deque[tuple[int, bytes, int]] = deque(maxlen=8)

    def take(self, way: float, waited_for: Place | None = None) -> Place | None:
        """The next free place within a second; None where there is nobody to ask, or it is too far.

        `way`: how long the call is on its way to the vendor, in seconds. `waited_for`: look at this one again.
        """
        number = waited_for.slot[0] if waited_for is not None else ""
        settled = [part for one in self._told() for part in one]
        answer = self._server.run(_TAKE, self._key, *self._given, _micros(way), self._patience, number, *settled)
        if answer is None:
            return None
        wait, number, arrives = answer
        return Place(wait / _MICRO, (number, arrives))

    def settle(self, place: Place, later: float) -> None:
        """The call arrives so many seconds later than was told, or sooner: the Redis hears of it with the next one."""
        self._settled.append((*place.slot, _micros(later)))

    def hold(self, seconds: float) -> None:
        self._server.run(_NOTE, self._key, "held", _micros(seconds))

    def slow_down(self, seconds: float) -> None:
        self._server.run(_NOTE, self._key, "slow", _micros(seconds))

    def _told(self) -> list[tuple[int, bytes, int]]:
        """Each once, whichever thread comes for them."""
        told = []
        while self._settled:
            try:
                told.append(self._settled.popleft())
            except IndexError:
                break
        return told


def _micros(seconds: float) -> int:
    return round(seconds * _MICRO)
