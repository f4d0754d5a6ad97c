"""Faults by chance, and the state of both services kept and put back."""

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.sandbox.chaos import KINDS
from app.sandbox.seed import CLUB_ID
from app.sandbox.spoilt_answers import ConnectionDropped

from .conftest import Control, Evotor, Vk, jpeg

STORE = "20240305-1A2B-4C3D-80EF-0123456789AB"


def outcome(vk: Vk, method: str = "users.get", **params: Any) -> str:
    try:
        answer = vk.raw(method, **params)
    except ConnectionDropped:
        return "dropped"
    if answer.status_code != 200 or answer.mimetype != "application/json":
        return f"{answer.status_code} {answer.mimetype}"
    try:
        body = json.loads(answer.text)
    except ValueError:
        return "cut"
    return f"code {body['error']['error_code']}" if "error" in body else "ok"


def test_the_same_seed_and_calls_meet_the_same_faults(vk: Vk, control: Control) -> None:
    def met(seed: int) -> list[str]:
        control.post("chaos", probability=0.5, seed=seed)
        return [outcome(vk) for _ in range(60)]

    assert met(7) == met(7)
    assert met(7) != met(8)


def test_about_the_given_part_of_the_calls_is_spoilt_in_every_way(vk: Vk, control: Control) -> None:
    control.post("chaos", probability=0.25, seed=1)
    outcomes = [outcome(vk) for _ in range(800)]
    assert 150 < sum(one != "ok" for one in outcomes) < 250
    assert set(outcomes) == {
        "ok",
        "dropped",
        "cut",
        "200 text/html",
        "500 text/html",
        "502 text/html",
        *(f"code {code}" for code in (1, 6, 9, 10, 29)),
    }
    hits = control.get("chaos")["hits"]
    assert sum(hits.values()) == sum(one != "ok" for one in outcomes)


def test_no_probability_and_no_faults_end_it(vk: Vk, control: Control) -> None:
    control.post("chaos", probability=1)
    assert outcome(vk) != "ok"
    control.post("chaos", probability=0)
    assert outcome(vk) == "ok"
    control.post("chaos", probability=1)
    control.http.delete("/_control/faults")
    assert outcome(vk) == "ok"


def test_only_the_kinds_named_are_met(vk: Vk, control: Control, evotor: Evotor) -> None:
    control.post("chaos", probability=1, kinds=["flood"])
    assert {outcome(vk) for _ in range(20)} == {"code 9"}
    assert evotor("/stores").status_code == 200


def test_an_internal_failure_may_come_before_or_after_the_change(vk: Vk, control: Control) -> None:
    drafts = [vk.draft() for _ in range(20)]
    control.post("chaos", probability=1, kinds=["internal"], seed=3)
    assert {outcome(vk, "market.add", **draft) for draft in drafts} == {"code 10"}
    control.post("chaos", probability=0)
    assert 0 < len(vk.listed()) - 4 < 20


def test_a_cut_answer_and_a_late_drop_belong_to_a_change_that_was_stored(vk: Vk, control: Control) -> None:
    for number, kind in enumerate(("truncated", "drop_after"), 1):
        draft = vk.draft()
        control.post("chaos", probability=1, kinds=[kind])
        assert outcome(vk, "market.add", **draft) in {"cut", "dropped"}
        control.post("chaos", probability=0)
        assert len(vk.listed()) == 4 + number


def test_lists_trail_a_write_by_chance_and_never_longer_than_asked(vk: Vk, control: Control) -> None:
    draft = vk.draft()
    control.post("chaos", probability=1, kinds=["lag"], lag=2)
    item_id = vk.ok("market.add", **draft)["market_item_id"]
    assert item_id not in vk.listed()
    control.post("clock", advance=2)
    assert item_id in vk.listed()
    assert control.get("chaos")["hits"] == {"vk.lag": 1}


def test_a_change_whose_answer_is_lost_may_lag_too(vk: Vk, control: Control) -> None:
    drafts = [vk.draft() for _ in range(20)]
    control.post("chaos", probability=1, kinds=["truncated", "lag"], lag=30)
    for draft in drafts:
        outcome(vk, "market.add", **draft)
    hits = control.get("chaos")["hits"]
    assert hits["vk.truncated"] + hits["vk.lag"] > 20
    control.post("chaos", probability=0)
    control.post("clock", advance=30)
    assert len(vk.listed()) == 24


def test_uploads_meet_chaos_too(vk: Vk, control: Control, http: FlaskClient) -> None:
    address = vk.ok("market.getProductPhotoUploadServer", group_id=CLUB_ID)["upload_url"]
    control.post("chaos", probability=1, kinds=["truncated"])
    answer = http.post(address, data={"file": (io.BytesIO(jpeg()), "photo.jpg")})
    with pytest.raises(ValueError, match="line 1"):
        json.loads(answer.text)


def test_evotor_meets_its_own_kinds_and_short_lists_on_first_pages_only(control: Control, evotor: Evotor) -> None:
    whole = len(evotor(f"/stores/{STORE}/products").get_json()["items"])
    control.post("chaos", probability=1, kinds=["partial"])
    assert len(evotor(f"/stores/{STORE}/products").get_json()["items"]) == whole // 2
    assert evotor(f"/stores/{STORE}").status_code == 200
    control.post("chaos", probability=1, kinds=["429"])
    assert evotor("/stores").headers["Retry-After"] == "1"


@pytest.mark.parametrize("wrong", [{"probability": 2}, {"probability": 0.1, "kinds": ["moth"]}, {"chance": 1}])
def test_chaos_that_makes_no_sense_is_refused(control: Control, wrong: dict[str, Any]) -> None:
    assert control.http.post("/_control/chaos", json=wrong).status_code == 400


def test_every_kind_of_chaos_is_in_the_description() -> None:
    from app.sandbox.control import views

    described = (views.__doc__ or "").partition("Chaos: ")[2]
    assert [kind for kinds in KINDS.values() for kind in kinds if kind not in described] == []


def test_a_snapshot_puts_everything_but_the_faults_back(vk: Vk, control: Control, evotor: Evotor) -> None:
    vk.add()
    control.post("snapshot")
    before = control.get("dump")
    products = evotor(f"/stores/{STORE}/products").get_json()
    control.fault("vk", "flood", method="users.get")
    for _ in range(2):
        vk.edit(before["vk"]["clubs"][str(CLUB_ID)]["items"][-1]["id"], price=1)
        vk.add(name="Второй товар")
        control.post("vk/albums", club=CLUB_ID, add=["Новый"])
        control.post("evotor/products", store=STORE, delete=[products["items"][0]["id"]])
        control.post("clock", advance=3600)
        control.post("restore")
        after = control.get("dump")
        assert {**after, "faults": []} == before
        assert evotor(f"/stores/{STORE}/products").get_json() == products
        control.post("calls/reset")
        control.post("restore")
    assert vk.code("users.get") == 9


def test_there_is_nothing_to_restore_after_a_reset(control: Control) -> None:
    control.post("snapshot")
    control.post("reset")
    assert control.http.post("/_control/restore").status_code == 400
