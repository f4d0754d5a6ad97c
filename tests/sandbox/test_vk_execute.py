"""`execute`: scripts as public clients send them, and answers that do not fit (docs/contracts/vk.md §13.3)."""

import json
from typing import Any

import pytest

from app.sandbox.seed import CLUB_ID
from app.sandbox.spoilt_answers import ConnectionDropped

from .conftest import Control, Vk

LOOP = """var calls = {calls};
var answers = [];
var i = 0;
while (i < calls.length) {{
    answers.push(API.{method}(calls[i]));
    i = i + 1;
}}
return answers;"""
Json = dict[str, Any]


def body(vk: Vk, code: str, **more: Any) -> Json:
    return dict(vk.raw("execute", code=code, **more).get_json())


def loop(vk: Vk, method: str, *calls: Json, **more: Any) -> Json:
    return body(vk, LOOP.format(calls=json.dumps(calls, ensure_ascii=False), method=method), **more)


def pages(vk: Vk, count: int) -> Json:
    return loop(vk, "market.get", *[{"owner_id": -CLUB_ID, "offset": at, "count": 1} for at in range(count)])


def test_a_loop_over_a_literal_answers_each_call_in_its_order(vk: Vk) -> None:
    ids = [page["items"][0]["id"] for page in pages(vk, 4)["response"]]
    assert ids == vk.listed(with_disabled=1)


def test_nothing_is_said_of_errors_where_there_were_none(vk: Vk) -> None:
    assert pages(vk, 1).keys() == {"response"}


def test_a_refused_call_is_false_and_has_its_error(vk: Vk) -> None:
    album = {"owner_id": -CLUB_ID, "title": "Чай «Утро»"}
    answer = loop(vk, "market.addAlbum", album, {"title": "Без сообщества"}, album)
    assert [bool(value) for value in answer["response"]] == [True, False, True]
    (error,) = answer["execute_errors"]
    assert (error["method"], error["error_code"]) == ("market.addAlbum", 100)


def test_writes_within_a_batch_are_stored_and_counted(vk: Vk, control: Control) -> None:
    loop(vk, "market.addAlbum", *[{"owner_id": -CLUB_ID, "title": f"Полка {number}"} for number in range(3)])
    dump = control.get("dump")
    assert (dump["writes"], dump["calls"], dump["inner_calls"]) == (3, {"vk.execute": 1}, {"vk.market.addAlbum": 3})


def test_a_batch_is_one_call_of_the_pace(vk: Vk, control: Control) -> None:
    control.post("rate", user=1)
    assert len(pages(vk, 20)["response"]) == 20
    assert vk.code("users.get") == 6


def test_the_twenty_sixth_call_breaks_the_script(vk: Vk) -> None:
    assert len(pages(vk, 25)["response"]) == 25
    assert pages(vk, 26)["error"]["error_code"] == 13


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return 1;", 1),
        ("return [1, -2.5, \"a\", 'b', true, false, null];", [1, -2.5, "a", "b", True, False, None]),
        ('return {"a": {b: [1]}};', {"a": {"b": [1]}}),
        ("var a = [1, 2]; a.push(3); return a.length;", 3),
        ('var o = {"a": [1, {"b": 5}]}; return o.a[1]["b"];', 5),
        ("return {}.a;", None),
        ("var i = 0; while (i < 3 && i != 5) { i = i + 1; } return i;", 3),
        ("if (1 > 2) { return 1; } else { return 2; }", 2),
        ("return (1 + 2) * 3 - 4;", 5),
        ("return !(1 == 2) || false;", True),
        ('return "a\\"\\n«ё»";', 'a"\n«ё»'),
        ("return API.users.get()[0].first_name;", "Анна"),
        ('var me = API.users.get({"fields": "sex"}); return me[0].id;', 50001234),
        ("var products = [{id: 5}]; return -products[0].id;", -5),
        ("1 + 1;", None),
    ],
)
def test_what_scripts_of_clients_are_made_of_works(vk: Vk, code: str, value: Any) -> None:
    assert body(vk, code) == {"response": value}


@pytest.mark.parametrize(
    "code",
    [
        "",
        "return 1",
        "return",
        "return (1;",
        "var = 1;",
        "var while = 1;",
        "while (true) {",
        "return [1 2];",
        'return {1: "a"};',
        'return "a\\u0441";',
        'return "a\nb";',
        'return "a\u2028b";',
        "return 'a",
        "return a.1;",
        "i++;",
        "for (;;) {}",
        "return 1 === 1;",
        "return 4 / 2;",
        "return `a`;",
        "return " + "(" * 200 + "1" + ")" * 200 + ";",
    ],
)
def test_what_is_not_known_to_be_vkscript_does_not_compile(vk: Vk, code: str) -> None:
    assert body(vk, code)["error"]["error_code"] in ((12,) if code else (100,))


@pytest.mark.parametrize(
    "code",
    [
        "return unknown;",
        'return 1 + "a";',
        "while (true) { 1; }",
        "var a = 1; a.push(2);",
        "var a = []; a.push(1, 2);",
        "return API.users.get(1);",
        "var a = {}; return a();",
        "return API[1]();",
    ],
)
def test_what_cannot_go_on_breaks_the_script(vk: Vk, code: str) -> None:
    assert body(vk, code)["error"]["error_code"] == 13


@pytest.mark.parametrize("method", ["market.nothing", "execute", "market", "market.get.more"])
def test_a_method_that_does_not_exist_is_refused_within_the_batch(vk: Vk, method: str) -> None:
    answer = body(vk, f'return [API.{method}({{"code": "return 1;"}})];')
    assert (answer["response"], answer["execute_errors"][0]["error_code"]) == ([False], 3)


def test_the_kind_and_the_rights_of_the_token_hold_within_the_batch(vk: Vk) -> None:
    call = {"owner_id": -CLUB_ID}
    refused = [loop(vk, "market.get", call, token=token) for token in ("demo-group", "demo-noscope")]
    assert [answer["execute_errors"][0]["error_code"] for answer in refused] == [27, 15]
    assert vk.code("execute", code="return 1;", token="demo-service") == 28


def test_parameters_are_read_as_those_of_a_form(vk: Vk) -> None:
    (item,) = vk.listed(count=1)
    named = {"item_ids": [f"-{CLUB_ID}_{item}"], "extended": True}
    assert loop(vk, "market.getById", named)["response"][0]["items"][0]["albums_ids"] is not None


def test_a_fault_of_a_method_is_met_within_the_batch(vk: Vk, control: Control) -> None:
    control.fault("vk", "flood", method="market.get", times=1, after=1)
    answer = pages(vk, 3)
    assert [value is False for value in answer["response"]] == [False, True, False]
    assert answer["execute_errors"][0]["error_code"] == 9


def test_a_fault_that_names_no_method_is_met_by_the_whole_batch(vk: Vk, control: Control) -> None:
    control.fault("vk", "drop_after", times=1)
    with pytest.raises(ConnectionDropped):
        loop(vk, "market.addAlbum", *[{"owner_id": -CLUB_ID, "title": f"Полка {number}"} for number in range(3)])
    assert control.get("dump")["writes"] == 3


def test_a_change_whose_answer_says_failure_is_stored_all_the_same(vk: Vk, control: Control) -> None:
    control.fault("vk", "error_after:10", method="market.addAlbum", times=1)
    answer = loop(vk, "market.addAlbum", {"owner_id": -CLUB_ID, "title": "Полка"})
    assert (answer["response"], answer["execute_errors"][0]["error_code"]) == ([False], 10)
    assert control.get("dump")["writes"] == 1


@pytest.mark.parametrize(("kind", "stored"), [("drop_before", 1), ("drop_after", 2)])
def test_a_batch_may_break_off_in_its_middle(vk: Vk, control: Control, kind: str, stored: int) -> None:
    control.fault("vk", kind, method="market.addAlbum", times=1, after=1)
    calls = [{"owner_id": -CLUB_ID, "title": f"Полка {number}"} for number in range(3)]
    with pytest.raises(ConnectionDropped):
        loop(vk, "market.addAlbum", *calls)
    assert control.get("dump")["writes"] == stored


def test_a_batch_may_break_off_after_its_first_calls(vk: Vk, control: Control) -> None:
    control.fault("vk", "half", method="execute", times=1)
    calls = [{"owner_id": -CLUB_ID, "title": f"Полка {number}"} for number in range(4)]
    with pytest.raises(ConnectionDropped):
        loop(vk, "market.addAlbum", *calls)
    assert control.get("dump")["writes"] == 2
    assert loop(vk, "market.addAlbum", *calls)["response"][3]


@pytest.mark.parametrize(
    ("kind", "code"), [("no_right", 15), ("error:3", 3), ("error:12", 12), ("error:13", 13), ("too_many", 6)]
)
def test_the_whole_batch_may_be_refused(vk: Vk, control: Control, kind: str, code: int) -> None:
    control.fault("vk", kind, method="execute")
    assert pages(vk, 2)["error"]["error_code"] == code
    assert control.get("dump")["inner_calls"] == {}


def test_an_answer_may_not_fit_its_calls(vk: Vk, control: Control) -> None:
    control.fault("vk", "not_a_list", method="execute", times=1)
    assert isinstance(pages(vk, 2)["response"], dict)
    control.fault("vk", "one_fewer", method="execute", times=1)
    assert len(pages(vk, 2)["response"]) == 1
    control.fault("vk", "one_error_more", method="execute", times=1)
    assert len(pages(vk, 2)["execute_errors"]) == 1


def test_an_answer_may_be_too_large(vk: Vk, control: Control) -> None:
    control.post("vk/settings", execute_signs=len(json.dumps(pages(vk, 2), ensure_ascii=False)))
    assert "response" in pages(vk, 2)
    assert pages(vk, 3)["error"]["error_msg"].endswith("response size is too big")
