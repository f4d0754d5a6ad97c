"""The sandbox as a process of its own, and our clients pointed at it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from app.clients.evotor.client import EvotorClient
from app.clients.vk.client import VkClient
from tests.support.clock import TurnedClock, turn

ROOT = Path(__file__).parents[3]
READY = "sandbox ready on "


class Sandbox:
    """What a test may do behind the clients' backs."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/_control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str, **params: Any) -> Any:
        return requests.get(f"{self.url}/_control/{path}", params=params, timeout=10).json()

    def fault(self, service: str, kind: str, **where: Any) -> None:
        self.post("faults", service=service, kind=kind, **where)

    def calls(self, name: str) -> int:
        count: int = self.get("calls")["calls"].get(name, 0)
        return count

    def items(self, club: int) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("dump", club=club)["vk"]["clubs"][str(club)]["items"]
        return items

    def evotor(self, token: str) -> EvotorClient:
        return EvotorClient(f"{self.url}/evotor", token, per_second=1000)

    def vk(self, token: str) -> VkClient:
        return VkClient(f"{self.url}/method", token, per_second=1000)


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    command = [sys.executable, "-m", "app.sandbox", "--port", "0", "--vk-rate", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline().strip()
        assert line.startswith(READY), "the sandbox did not start"
        yield line.removeprefix(READY)
        process.terminate()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the clients would have slept."""
    turned = TurnedClock()
    turn(monkeypatch, turned)
    return turned.slept


@pytest.fixture
def sandbox(sandbox_url: str, slept: list[float]) -> Sandbox:
    found = Sandbox(sandbox_url)
    found.post("reset")
    return found


@pytest.fixture
def evotor(sandbox: Sandbox) -> Iterator[EvotorClient]:
    with closing(sandbox.evotor("0b9d8c1e-0000-4000-8000-00000000d3a0")) as client:
        yield client


@pytest.fixture
def vk(sandbox: Sandbox) -> Iterator[VkClient]:
    with closing(sandbox.vk("demo-user")) as client:
        yield client
