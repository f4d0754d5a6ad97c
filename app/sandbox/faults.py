"""Switchable faults of both services (docs/contracts/vk.md §13.4, docs/contracts/evotor.md §10.2)."""

from dataclasses import asdict, dataclass
from typing import Any

from app.sandbox.chaos import HALF, Chaos

VK_ERROR_KINDS = {
    "too_many": 6,
    "flood": 9,
    "internal": 10,
    "captcha": 14,
    "rate_limit": 29,
    "auth": 5,
    "access": 205,
    "no_right": 15,
    "market_off": 1438,
}
SLOW_KINDS = frozenset({"slow"})
BEFORE_KINDS = frozenset({"http_500", "http_502", "garbage", "timeout", "drop_before"})
AFTER_KINDS = frozenset(
    {"http_500_after", "http_502_after", "garbage_after", "timeout_after", "drop_after", "truncated", "error_after"}
)
EXECUTE_KINDS = frozenset({"not_a_list", "one_fewer", "one_error_more"})
UPLOAD_KINDS = frozenset({"http_500", "http_502", "garbage", "timeout", "drop", "bad_image"})
UPLOAD_AFTER_KINDS = frozenset({"truncated", "drop_after"})
EVOTOR_STATUS_KINDS = frozenset({"401", "402", "403", "404", "429", "500", "502", "503"})
EVOTOR_BODY_KINDS = frozenset(
    {"truncated", "html", "empty_page", "repeat_cursor", "null_cursor", "cut", "empty_list", "partial", "drop"}
)
VKID_WORDS = frozenset({"server_error", "temporarily_unavailable", "slow_down"})
"""What VK ID says while it is not well; nothing changes then."""
VKID_KINDS = VKID_WORDS | {"no_refresh_token", "bare"}
"""And answers that lack something: the second is all that may be left out."""
SERVICES = ("vk", "vkid", "upload", "evotor")


class FaultError(ValueError):
    """The control call described a fault that the sandbox does not know."""


@dataclass
class Fault:
    id: int
    service: str
    kind: str
    target: str | None = None
    token: str | None = None
    store: str | None = None
    times: int | None = None
    after: int = 0
    retry_after: str | int | None = None
    body: str | None = None
    suffix: str = ""
    hits: int = 0

    @property
    def name(self) -> str:
        return self.kind.partition(":")[0]

    @property
    def number(self) -> float:
        return float(self.kind.partition(":")[2] or 0)

    def matches(self, service: str, target: str, token: str | None, store: str | None) -> bool:
        return (
            self.service == service
            and self.target in {None, target}
            and self.token in {None, token}
            and self.store in {None, store}
        )


def _known_kinds(service: str) -> frozenset[str]:
    return {
        "vk": frozenset({*VK_ERROR_KINDS, *EXECUTE_KINDS, "slow", "error", "lag", HALF, "moderation"})
        | BEFORE_KINDS
        | AFTER_KINDS,
        "vkid": frozenset({"http_502", "garbage", "drop_before", "drop_after", "slow", *VKID_KINDS}),
        "upload": UPLOAD_KINDS | UPLOAD_AFTER_KINDS | {"slow"},
        "evotor": EVOTOR_STATUS_KINDS | EVOTOR_BODY_KINDS | {"slow"},
    }[service]


class Faults:
    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.chaos = Chaos()
        self._by_chance: list[Fault] = []
        self._last_id = 0

    def add(self, description: dict[str, Any]) -> Fault:
        facts = dict(description)
        if "method" in facts:
            facts["target"] = facts.pop("method")
        facts["kind"] = str(facts.get("kind", ""))
        self._last_id += 1
        try:
            fault = Fault(**{**facts, "id": self._last_id})
            known = fault.service in SERVICES and fault.name in _known_kinds(fault.service)
            _ = fault.number
        except (TypeError, ValueError) as error:
            raise FaultError(str(error)) from None
        if not known:
            raise FaultError(f"unknown service or kind: {fault.service} {fault.kind}")
        self.active.append(fault)
        return fault

    def draw(self, service: str, special: tuple[str, ...] = ()) -> None:
        """Let chance decide about the call that begins; what the one before it did not meet is over."""
        self._by_chance = [Fault(id=0, service=service, **drawn) for drawn in self.chaos.draw(service, special)]

    def clear(self, fault_id: int | None = None) -> None:
        if fault_id is None:
            self.chaos.probability = 0
        self.active = [fault for fault in self.active if fault_id is not None and fault.id != fault_id]

    def forget(self, name: str, token: str) -> None:
        self.active = [fault for fault in self.active if fault.name != name or fault.token not in {None, token}]

    def take(
        self,
        service: str,
        target: str,
        kinds: frozenset[str],
        *,
        token: str | None = None,
        store: str | None = None,
        is_inner: bool = False,
    ) -> Fault | None:
        """The first fault of these kinds that this call must meet; counts the call against it.

        `is_inner`: a call within another one, which met already what names no target.
        """
        for fault in (*self.active, *self._by_chance):
            if is_inner and fault.target is None:
                continue
            if fault.name in kinds and fault.matches(service, target, token, store):
                if fault.after > 0:
                    fault.after -= 1
                    continue
                self._spend(fault)
                return fault
        return None

    def _spend(self, fault: Fault) -> None:
        fault.hits += 1
        if fault in self._by_chance:
            self._by_chance.remove(fault)
            self.chaos.count(fault.service, fault.kind if fault.name.startswith("error") else fault.name)
            return
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.active.remove(fault)

    def describe(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.active]
