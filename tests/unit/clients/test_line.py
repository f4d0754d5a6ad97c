"""What counts as a vendor's answer, and what as silence."""

from contextlib import suppress
from typing import Any

import pytest
import requests
import requests_mock

from app.clients.budget import Budget
from app.clients.http import Transport, TransportError
from app.clients.line import Line

URL = "https://vendor.test"


@pytest.fixture
def line() -> Line:
    return Line()


def asked(line: Line, vendor: requests_mock.Mocker, **more: Any) -> tuple[bool, bool]:
    """Whether anything was ever heard, and whether nothing was heard last."""
    vendor.get(URL, **more)
    with suppress(TransportError):
        Transport(URL, line=line, largest_body=10).send("GET", "")
    return line.has_answered, line.is_silent


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429, 500])
def test_an_error_is_an_answer(line: Line, vendor: requests_mock.Mocker, status: int) -> None:
    assert asked(line, vendor, status_code=status) == (True, False)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_stands_in_front_of_a_vendor_is_not_the_vendor(
    line: Line, vendor: requests_mock.Mocker, status: int
) -> None:
    assert asked(line, vendor, status_code=status) == (False, True)


@pytest.mark.parametrize("error", [requests.ConnectTimeout, requests.ReadTimeout, requests.ConnectionError])
def test_no_connection_a_lost_one_and_a_timeout_are_silence(
    line: Line, vendor: requests_mock.Mocker, error: type[Exception]
) -> None:
    assert asked(line, vendor, exc=error) == (False, True)


def test_the_last_call_tells_whether_it_is_silent_now(line: Line, vendor: requests_mock.Mocker) -> None:
    asked(line, vendor)
    assert asked(line, vendor, exc=requests.ReadTimeout) == (True, True)
    assert asked(line, vendor) == (True, False)


def test_an_answer_that_is_too_long_is_no_silence(line: Line, vendor: requests_mock.Mocker) -> None:
    assert asked(line, vendor, text="x" * 100) == (False, False)


def test_a_call_that_was_not_made_tells_nothing(line: Line) -> None:
    transport = Transport(URL, line=line, budget=Budget(0))
    with pytest.raises(TransportError):
        transport.send("GET", "")
    assert (line.has_answered, line.is_silent) == (False, False)
