"""An upload server that does not work is not asked again for every picture."""

from collections.abc import Callable

import pytest

from app.clients.http import Response, TransportError
from app.models import RunStatus
from app.services.photos import cards
from tests.support.lost_answers import ALL
from tests.support.settings import calls_go
from tests.support.shop import Shop


def is_dead(_call: Callable[[], Response]) -> Response:
    raise TransportError("no connection", sent=False)


def redirects(_call: Callable[[], Response]) -> Response:
    return Response(302, {"Location": "https://example.com/"}, b"{}")


def breaks(_call: Callable[[], Response]) -> Response:
    return Response(502, {}, b"")


@pytest.mark.parametrize("hook", [is_dead, redirects, breaks])
@pytest.mark.parametrize("at_once", [1, 5])
def test_after_three_failures_of_the_upload_server_the_run_leaves_the_rest_for_later(
    shop: Shop, hook: Callable[[Callable[[], Response]], Response], at_once: int
) -> None:
    ids = [*shop.fill(25), *ALL]
    calls_go(pictures=at_once)
    shop.on_uploads(hook)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_unreachable")
    assert sum(shop.clock.slept) < 15, "three pictures, three times each"
    assert shop.sandbox.items() == []
    shop.stop_hooks()
    shop.clock.move(minutes=6)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert len(shop.sandbox.items()) == len(ids)


def test_pictures_that_are_refused_themselves_leave_the_others_their_turn(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.fill(8)
    draw = cards.draw
    monkeypatch.setattr(cards, "draw", lambda name: draw(name) if name == "Товар N007" else b"no picture")

    assert shop.run().status == RunStatus.SUCCEEDED

    assert [item["sku"] for item in shop.sandbox.items()] == ["ev:N007"]
