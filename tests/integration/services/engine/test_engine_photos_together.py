"""Several pictures by one upload and one request: what comes of each is as if it had gone alone."""

import threading
from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from app.clients.http import Response
from app.db import db
from app.models import EntryOutcome, Photo, Pictured, RunStatus
from app.services.pages.sync.problem_kinds import Kind
from app.services.pages.sync.problems import problems
from app.services.photos import cards, files, gallery
from app.services.photos.gallery import Subject
from tests.support.lost_answers import ALL
from tests.support.owners import switches_off
from tests.support.pictures import picture
from tests.support.settings import calls_go
from tests.support.shop import TINY, Killed, Shop

ADDRESS, ONE, SEVERAL = "market.getProductPhotoUploadServer", "market.saveProductPhoto", "market.saveProductPhotoBulk"


def calls(shop: Shop) -> tuple[int, int, int]:
    """Single questions for an address, single saves, saves of several."""
    return shop.calls(ADDRESS), shop.calls(ONE), shop.calls(SEVERAL)


def all_are_pictured(shop: Shop, count: int) -> bool:
    return len({item["photo_id"] for item in shop.sandbox.items()}) == count


def resting(shop: Shop) -> set[str]:
    connection = shop.owner.vk
    return set(connection.resting) if connection else set()


def test_pictures_go_five_at_once_and_a_last_one_by_itself(shop: Shop) -> None:
    shop.fill(8)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert calls(shop) == (0, 1, 2)
    assert all_are_pictured(shop, 11)


def test_the_setting_of_operators_sends_each_by_itself(shop: Shop) -> None:
    shop.fill(8)
    calls_go(pictures=1)

    shop.run()

    assert calls(shop) == (0, 11, 0)
    assert resting(shop) == set()


def test_new_photos_of_items_that_stand_in_vk_go_together_too(shop: Shop) -> None:
    shop.run()
    shop.forget_calls()
    for number, name in enumerate(ALL):
        gallery.put(shop.owner, Subject(Pictured.PRODUCT, TINY, name), picture(colour=(number * 50, 0, 0)))
    db.session.commit()

    assert shop.run().status == RunStatus.SUCCEEDED

    assert (calls(shop), shop.calls("market.edit"), shop.calls("execute")) == ((1, 0, 1), 0, 1)
    assert all_are_pictured(shop, 3)
    assert {photo.digest for photo in db.session.query(Photo)} == {
        row.photo_hash for name in ALL if (row := shop.listing(name))
    }
    shop.forget_calls()
    shop.run()
    assert shop.writes() == 0


@pytest.mark.parametrize("code", [3, 7, 15, 22, 29, 100, 121])
def test_where_vk_refuses_several_they_go_singly_and_it_is_remembered(shop: Shop, code: int) -> None:
    shop.fill(8)
    shop.sandbox.fault("vk", f"error:{code}", SEVERAL)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert shop.calls(SEVERAL) == 1
    assert all_are_pictured(shop, 11)
    assert resting(shop) == {SEVERAL}
    assert Kind.QUOTA not in {problem.kind for problem in problems(shop.owner, {})}, "single saves did it all"
    shop.fill(12)
    shop.run()
    assert shop.calls(SEVERAL) == 1
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)
    shop.fill(20)
    shop.run()
    assert shop.calls(SEVERAL) == 3, "tried again the next day"


def test_where_vk_saved_three_of_five_all_are_sent_again_singly(shop: Shop) -> None:
    shop.fill(2)
    shop.sandbox.fault("vk", "half", SEVERAL)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert calls(shop) == (1 + 5, 5, 1)
    assert all_are_pictured(shop, 5)
    assert resting(shop) == {SEVERAL}


@pytest.mark.parametrize("answer", ["1", "{}", "[1, 2]", '[{"photo_id": "x"}, {}, {}, {}, {}]', "null"])
def test_an_odd_answer_to_several_counts_as_a_refusal(shop: Shop, answer: str) -> None:
    shop.fill(2)
    shop.on_call(f"/{SEVERAL}", lambda _call: Response(200, {}, f'{{"response": {answer}}}'.encode()))

    assert shop.run().status == RunStatus.SUCCEEDED

    assert all_are_pictured(shop, 5)
    assert resting(shop) == {SEVERAL}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "http_502", "error:10"])
def test_a_save_of_several_that_got_no_answer_is_no_refusal(shop: Shop, kind: str) -> None:
    shop.fill(8)
    shop.sandbox.fault("vk", kind, SEVERAL, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert calls(shop) == (5, 5 + 1, 2)
    assert all_are_pictured(shop, 11)
    assert resting(shop) == set()


@pytest.mark.parametrize("kind", ["http_500", "drop", "garbage", "truncated", "drop_after"])
def test_an_upload_that_fails_is_repeated_singly(shop: Shop, kind: str) -> None:
    shop.fill(2)
    shop.sandbox.fault("upload", kind, times=1)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert all_are_pictured(shop, 5)
    assert resting(shop) == set()


def test_one_picture_that_vk_refuses_spoils_no_other_and_is_no_refusal_of_the_form(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.fill(2)
    draw = cards.draw
    monkeypatch.setattr(cards, "draw", lambda name: b"no picture" if name == "Товар N001" else draw(name))

    assert shop.run().status == RunStatus.SUCCEEDED

    failed = {entry.product_id: entry.error_code for entry in shop.entries() if entry.outcome == EntryOutcome.FAILED}
    assert failed == {"N001": "vk_22"}
    assert all_are_pictured(shop, 4)
    assert resting(shop) == set()


@pytest.mark.parametrize("code", [5, 14, 205, 1438])
def test_what_ends_a_run_ends_it_at_a_save_before_anything_is_added(shop: Shop, code: int) -> None:
    shop.fill(8)
    shop.sandbox.fault("vk", f"error:{code}", SEVERAL)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, f"vk_{code}")
    assert (shop.sandbox.items(), shop.calls(SEVERAL), shop.calls(ONE)) == ([], 1, 0)


def test_uploads_that_hang_are_given_up_at_the_end_of_the_run(shop: Shop) -> None:
    """A process does not exit before its threads."""
    shop.fill(30)
    shop.sandbox.fault("upload", "slow:3000")
    uploading: SimpleQueue[threading.Thread] = SimpleQueue()
    told: list[Response] = []

    def uploads(call: Callable[[], Response]) -> Response:
        uploading.put(threading.current_thread())
        return call()

    def addresses(call: Callable[[], Response]) -> Response:
        if told:
            uploading.put(uploading.get(timeout=5))
            return Response(200, {}, b'{"error": {"error_code": 5}}')
        told.append(call())
        return told[0]

    shop.on_batches_of(ADDRESS, addresses)
    shop.on_uploads(uploads)

    assert shop.run().status == RunStatus.STOPPED

    hanging = uploading.get(timeout=5)
    hanging.join(timeout=1)
    assert not hanging.is_alive()


def test_a_quota_of_pictures_leaves_the_rest_for_the_next_day(shop: Shop) -> None:
    shop.fill(8)
    calls_go(pictures=1)
    shop.sandbox.fault("vk", "error:29", ONE, after=4)

    outcome = shop.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_29")
    assert (len(shop.sandbox.items()), shop.calls(ONE)) == (4, 5)
    shop.sandbox.clear_faults()
    shop.clock.move(hours=25)
    assert shop.run().status == RunStatus.SUCCEEDED
    assert all_are_pictured(shop, 11)


def test_the_next_pictures_are_on_their_way_while_the_first_are_saved(shop: Shop) -> None:
    shop.fill(47)
    uploads: Counter[str] = Counter()
    uploads_at_save: list[int] = []
    sixth = threading.Event()

    def counted(call: Callable[[], Response]) -> Response:
        uploads["all"] += 1
        if uploads["all"] > 5:
            sixth.set()
        return call()

    def saved(call: Callable[[], Response]) -> Response:
        assert sixth.wait(20), "the next request's pictures are not sent before this one is made"
        uploads_at_save.append(uploads["all"])
        return call()

    shop.on_uploads(counted)
    shop.on_call(f"/{SEVERAL}", saved)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert uploads_at_save[0] > 5
    assert all_are_pictured(shop, 50)


def test_no_more_pictures_are_made_than_two_requests_hold(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.fill(97)
    drawn: list[str] = []
    draw = cards.draw

    def noted(name: str) -> bytes:
        drawn.append(name)
        return draw(name)

    monkeypatch.setattr(cards, "draw", noted)
    made_before_the_first_save: list[int] = []

    def saved(call: Callable[[], Response]) -> Response:
        made_before_the_first_save.append(len(drawn))
        return call()

    shop.on_call(f"/{SEVERAL}", saved)

    shop.run()

    assert made_before_the_first_save[0] <= 50
    assert len(drawn) == 100


def test_a_worker_that_dies_while_pictures_are_on_their_way_leaves_no_item_behind(shop: Shop) -> None:
    shop.fill(12)

    def dies(_call: Callable[[], Response]) -> Response:
        raise Killed

    shop.on_uploads(dies)
    shop.run_killed()
    shop.stop_hooks()

    assert shop.run().status == RunStatus.SUCCEEDED
    assert all_are_pictured(shop, 15)


def test_a_picture_that_was_on_its_way_is_not_taken_for_another_one(shop: Shop) -> None:
    """The owner chose another photo between two passes of one run."""
    assert shop.run().status == RunStatus.SUCCEEDED
    calls_go(together=2, pictures=1)

    def choose(name: str, colour: tuple[int, int, int]) -> None:
        gallery.put(shop.owner, Subject(Pictured.PRODUCT, TINY, name), picture(colour=colour))
        db.session.commit()

    for number, name in enumerate(ALL):
        choose(name, (number * 50, 0, 0))
    shop.put("N9")
    sent: list[bytes] = []

    def noted(call: Callable[[], Response]) -> Response:
        ((_, content, _),) = call.keywords["files"].values()  # type: ignore[attr-defined]  # a partial
        sent.append(content)
        return call()

    shop.on_uploads(noted)
    shop.sandbox.fault("vk", "http_502", "market.add", times=1)  # lost, and looked for by another pass

    def sleep(seconds: float) -> None:
        choose("P3", (100, 200, 200))
        shop.clock.sleep(seconds)

    assert shop.run(sleep=sleep).status == RunStatus.SUCCEEDED

    for name in ALL:
        row = shop.listing(name)
        assert row is not None
        assert files.read(shop.owner_id, row.photo_hash or "") in sent


def test_a_last_picture_that_is_on_its_way_already_is_not_sent_twice(shop: Shop) -> None:
    shop.fill(23)
    uploads: list[int] = []

    def counted(call: Callable[[], Response]) -> Response:
        uploads.append(1)
        return call()

    shop.on_uploads(counted)

    assert shop.run().status == RunStatus.SUCCEEDED

    assert len(uploads) == 6


@pytest.mark.parametrize(("method", "at_once"), [(ADDRESS, 5), (ONE, 1)])
def test_where_vk_takes_no_pictures_today_none_is_made_and_nothing_asked(shop: Shop, method: str, at_once: int) -> None:
    shop.fill(47)
    calls_go(pictures=at_once)
    shop.sandbox.fault("vk", "error:29", method)
    assert (shop.run().status, shop.last_run().error_code) == (RunStatus.CONTINUED, "vk_29")
    shop.forget_calls()
    shop.clock.move(hours=1)

    assert shop.run().status == RunStatus.CONTINUED

    assert (calls(shop), shop.calls("execute"), shop.sandbox.items()) == ((0, 0, 0), 0, [])


def test_a_stop_is_heard_between_addresses_that_are_asked_for_singly(shop: Shop) -> None:
    shop.fill(22)
    calls_go(pictures=1)
    shop.sandbox.fault("vk", "error:3", "execute")

    def stop(call: Callable[[], Response]) -> Response:
        switches_off()
        return call()

    shop.on_call(f"/{ADDRESS}", stop)

    assert shop.run().status == RunStatus.STOPPED

    assert shop.calls(ADDRESS) == 1


def test_a_process_that_is_told_to_end_does_so_between_two_saves(shop: Shop) -> None:
    shop.fill(22)

    outcome = shop.run(is_stopping=lambda: shop.calls(SEVERAL) > 0)

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "time_slice")
    assert (shop.calls(SEVERAL), shop.sandbox.items()) == (1, [])
