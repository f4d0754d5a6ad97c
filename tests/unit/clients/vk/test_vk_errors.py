import pytest

from app.clients.vk.error_table import classify, suffix_of
from app.clients.vk.errors import Treatment

INVALID = "One of the parameters specified was missing or invalid: "

BY_CODE: list[tuple[Treatment, list[int | None]]] = [
    (Treatment.RETRY, [None, 1, 8, 10, 32, 36]),
    (Treatment.WAIT, [6, 9, 43]),
    (Treatment.REFRESH, [5, 1117, 3609]),
    (Treatment.UPLOAD, [22, 105, 118, 121, 122, 129]),
    (Treatment.POSTPONE, [29]),
    (Treatment.STOP, [2, 3, 4, 11, 16, 20, 21, 23, 42, 103, 9999]),
    (Treatment.HEAL, [104, 114, 1400, 1402, 1403]),
    (Treatment.ADJUST, [1408, 1409, 1410]),
    (Treatment.SKIP, [1405, 1406, 1407, 1446, 1457, 1458, 1526]),
    (Treatment.OK, [1404, 1431, 1432, 1518]),
    (Treatment.FAIL, [12, 13, 19, 100, 424242]),
    (Treatment.FAIL, [*range(1411, 1420), 1421, *range(1423, 1428), 1429, 1430, 1433, 1434, 1435, 1436, 1456]),
    (Treatment.ASK, [7, 14, 15, 17, 18, 24, 25, 27, 28, 37, 101, 113, 125, 200, 203, 205, 260, 1438, 1525]),
    (Treatment.ASK, [*range(3300, 3306), 3610, 3611, 11500]),
]
ROWS = [(code, treatment) for treatment, codes in BY_CODE for code in codes]

BY_SUFFIX = [
    ("nothing to change", Treatment.OK),
    ("name should be at least 4 letters length", Treatment.FAIL),
    ("photo not found or already assigned to another item", Treatment.HEAL),
    ("photo is undefined", Treatment.RETRY),
    ("upload_response is undefined", Treatment.FAIL),
    ("failed to save crop photo", Treatment.FAIL),
    ("only groups supported", Treatment.FAIL),
    ("Nothing to change", Treatment.OK),
    ("category_id is invalid", Treatment.ADJUST),
    ("", Treatment.FAIL),
]


@pytest.mark.parametrize(("code", "treatment"), ROWS)
def test_a_code_has_its_treatment(code: int | None, treatment: Treatment) -> None:
    assert classify(code).treatment is treatment


@pytest.mark.parametrize(("suffix", "treatment"), BY_SUFFIX)
def test_code_100_is_read_by_its_suffix(suffix: str, treatment: Treatment) -> None:
    assert classify(100, message=INVALID + suffix).treatment is treatment


@pytest.mark.parametrize(("subcode", "treatment"), [(1133, Treatment.STOP), (1134, Treatment.STOP), (1, Treatment.ASK)])
def test_access_denied_is_read_by_its_subcode(subcode: int, treatment: Treatment) -> None:
    assert classify(15, subcode).treatment is treatment


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (5, "User authorization failed: access_token was given to another ip address.", "ip"),
        (5, "User authorization failed: token is bound to another IP.", "ip"),
        (5, "User authorization failed: invalid access_token (4).", ""),
        (5, "User authorization failed: recipient unknown", ""),
        (42, "Your ip address is not allowed", ""),
    ],
)
def test_a_token_of_another_address_is_told_by_vk_s_words(code: int, message: str, reason: str) -> None:
    verdict = classify(code, message=message)
    assert verdict.reason == reason and verdict.treatment is classify(code).treatment


@pytest.mark.parametrize(("method", "treatment"), [("market.delete", Treatment.OK), ("market.edit", Treatment.HEAL)])
def test_a_missing_item_is_fine_only_when_deleting(method: str, treatment: Treatment) -> None:
    assert classify(1403, method=method).treatment is treatment


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        (9, (60, 600, 6 * 3600)),
        (43, (900, 6 * 3600)),
        (29, (86_400,)),
        (14, (3600, 7200, 4 * 3600, 8 * 3600, 86_400)),
        (1, ()),
        (205, ()),
    ],
)
def test_long_waits_grow_and_are_told_in_seconds(code: int, seconds: tuple[float, ...]) -> None:
    assert classify(code).holds == seconds


@pytest.mark.parametrize(
    ("code", "pauses"), [(1, (1, 2, 4, 8)), (32, (5, 5, 5, 5)), (6, (1.1,) * 10), (8, (1,)), (9, ()), (205, ())]
)
def test_short_pauses_are_in_the_table(code: int, pauses: tuple[float, ...]) -> None:
    assert classify(code).pauses == pauses


@pytest.mark.parametrize(("code", "unclear"), [(None, True), (1, True), (10, True), (32, True), (36, True), (6, False)])
def test_only_some_failures_leave_the_outcome_unclear(code: int | None, unclear: bool) -> None:
    assert classify(code).unclear is unclear


@pytest.mark.parametrize(
    ("code", "left"), [(1, Treatment.FAIL), (10, Treatment.FAIL), (22, Treatment.FAIL), (5, Treatment.REFRESH)]
)
def test_repeats_used_up_leave_another_treatment(code: int, left: Treatment) -> None:
    assert classify(code).left is left


def test_the_suffix_is_what_follows_the_first_colon() -> None:
    assert suffix_of(INVALID + "price: too high") == "price: too high"


def test_a_message_without_a_colon_has_no_suffix() -> None:
    assert suffix_of("Access denied") == ""
