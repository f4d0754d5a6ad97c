"""The sandbox as a process: readiness line, kept-alive connections, dropped connections, a clean stop."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from app.sandbox.seed import CLUB_ID

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "app.sandbox", "--port", "0", "--vk-rate", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as running:
        yield running
        running.kill()


@pytest.fixture(scope="module")
def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("sandbox ready on http://127.0.0.1:")
    return line.split()[-1]


def test_connections_are_kept_alive_through_an_unread_body_and_closed_by_a_drop(address: str) -> None:
    form = {"v": "5.199", "access_token": "demo-user", "owner_id": f"-{CLUB_ID}", "title": "Хлеб"}
    with requests.Session() as session:
        for path in ("method/users.get", "no-such-page", "method/users.get"):
            answer = session.post(f"{address}/{path}", data=form, timeout=5)
            assert "Connection" not in answer.headers
            assert answer.raw.version == 11
        fault = {"service": "vk", "kind": "drop_after", "method": "market.addAlbum", "times": 1}
        session.post(f"{address}/_control/faults", json=fault, timeout=5)
        with pytest.raises(requests.ConnectionError):
            session.post(f"{address}/method/market.addAlbum", data=form, timeout=5)
        albums = session.post(f"{address}/method/market.getAlbums", data=form, timeout=5).json()["response"]
    assert [album["title"] for album in albums["items"]].count("Хлеб") == 1


def test_the_date_of_an_answer_is_that_of_its_clock(address: str) -> None:
    week = 7 * 86_400
    now = requests.post(f"{address}/_control/clock", json={"advance": week, "freeze": True}, timeout=5).json()["now"]

    answer = requests.get(f"{address}/evotor/stores", timeout=5)

    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == int(now)
    requests.post(f"{address}/_control/clock", json={"advance": -week, "freeze": False}, timeout=5)


def test_a_signal_stops_it_quietly(process: subprocess.Popen[str], address: str) -> None:
    assert address
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert process.wait(timeout=5) == 0
    assert process.stderr.read() == ""
