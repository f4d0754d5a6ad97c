"""What the switches of docs/contracts/evotor.md §10.2 do to an answer."""

from app.sandbox.documents import Json
from app.sandbox.evotor.refusal import Refusal
from app.sandbox.faults import EVOTOR_STATUS_KINDS
from app.sandbox.state import World

TRANSPORT_KINDS = frozenset({"truncated", "html", "drop"})
LATER_PAGE_KINDS = frozenset({"repeat_cursor", "null_cursor"})
FIRST_PAGE_KINDS = LATER_PAGE_KINDS | {"empty_page", "cut", "empty_list", "partial"}


def refusal_of(world: World, token: str, resource: str, store_id: str | None) -> Refusal | None:
    fault = world.faults.take("evotor", resource, EVOTOR_STATUS_KINDS, token=token, store=store_id)
    if fault is None:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return Refusal(int(fault.name), headers=headers, body=fault.body)


def bend_list(kind: str, answer: Json, items: list[Json], *, again: str, dead_end: str) -> Json:
    """`again` leads back to the first page, `dead_end` to a 500."""
    page, paging = answer["items"], answer["paging"]
    bent: dict[str, Json] = {
        "empty_list": {"items": [], "paging": {}},
        "partial": {"items": items[: len(items) // 2], "paging": {}},
        "repeat_cursor": {"items": page, "paging": {"next_cursor": again}},
        "null_cursor": {"items": page, "paging": paging or {"next_cursor": None}},
        "empty_page": {"items": [], "paging": {"next_cursor": again}},
        "cut": {"items": page[: max(1, len(page) // 2)], "paging": {"next_cursor": dead_end}},
    }
    return bent[kind]
