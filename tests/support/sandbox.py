"""The sandbox as a process of its own, and its switches."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
EVOTOR_TOKEN = "0b9d8c1e-0000-4000-8000-00000000d3a0"
EVOTOR_OTHER_TOKEN = "0b9d8c1e-0000-4000-8000-00000000d3b0"
EVOTOR_FORBIDDEN_TOKEN = "0b9d8c1e-0000-4000-8000-00000000d3c0"
VK_TOKEN = "demo-user"
CLUB, EXTENDED_CLUB, CLOSED_CLUB = 777000111, 777000222, 777000444
STORE, SECOND_STORE = "20240305-1A2B-4C3D-80EF-0123456789AB", "20250710-77AA-40BB-80CC-00112233DDEE"
ACCOUNT = "01-000000000012345"


class Sandbox:
    def __init__(self) -> None:
        command = [sys.executable, "-m", "app.sandbox", "--port", "0", "--vk-rate", "0"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.url = line.removeprefix("sandbox ready on ").strip()
        assert self.url.startswith("http"), f"the sandbox said {line!r}"
        self.evotor_url, self.vk_url = f"{self.url}/evotor", f"{self.url}/method"
        self._session = requests.Session()
        self._session.trust_env = False  # it would look for a proxy at every call

    def stop(self) -> None:
        self._session.close()
        self._process.terminate()
        self._process.communicate(timeout=10)

    def control(self, name: str, **body: Any) -> Any:
        answer = self._session.post(f"{self.url}/_control/{name}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reset(self) -> None:
        self.control("reset")
        self.control("evotor/partner")
        self.control("rate", user=0, group=0)

    def fault(self, service: str, kind: str, target: str | None = None, **more: Any) -> None:
        self.control("faults", service=service, kind=kind, **({"target": target} if target else {}), **more)

    def clear_faults(self) -> None:
        self._session.delete(f"{self.url}/_control/faults", timeout=10).raise_for_status()

    def chaos(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._session.get(f"{self.url}/_control/chaos", timeout=10).json()
        return answer

    def dump(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._session.get(f"{self.url}/_control/dump", timeout=60).json()
        return answer

    def calls(self) -> int:
        """Of all services."""
        answer: dict[str, Any] = self._session.get(f"{self.url}/_control/calls", timeout=10).json()
        return sum(answer["calls"].values())

    def log(self, service: str) -> dict[str, Any]:
        """Counters of all services, and every call of this one."""
        params: dict[str, str | int] = {"service": service, "limit": 1_000_000}
        answer: dict[str, Any] = self._session.get(f"{self.url}/_control/calls", params=params, timeout=60).json()
        return answer

    def writes(self) -> int:
        """Changes stored at VK since the last reset of the counters, saved photos included."""
        return int(self.dump()["writes"])

    def items(self, club: int = CLUB) -> list[dict[str, Any]]:
        """Items of ours that VK has not deleted."""
        items = self.dump()["vk"]["clubs"][str(club)]["items"]
        return [item for item in items if str(item["sku"] or "").startswith("ev:") and not item["deleted"]]

    def strangers(self, club: int = CLUB) -> list[dict[str, Any]]:
        items = self.dump()["vk"]["clubs"][str(club)]["items"]
        return [item for item in items if not str(item["sku"] or "").startswith("ev:")]

    def empty_market(self, club: int = CLUB) -> None:
        """Of everything that stood there before us."""
        market = self.dump()["vk"]["clubs"][str(club)]
        self.control("vk/items", club=club, delete=[item["id"] for item in market["items"]])
        self.control("vk/albums", club=club, delete=[album["id"] for album in market["albums"]])

    def visible(self, club: int = CLUB) -> dict[str, dict[str, Any]]:
        """By product id."""
        return {item["sku"].removeprefix("ev:"): item for item in self.items(club) if not item["hidden"]}

    def put_product(self, product_id: str, store: str = STORE, **fields: Any) -> None:
        """Change a product at the register, or make it."""
        usual = {
            "id": product_id,
            "name": f"Товар {product_id}",
            "type": "NORMAL",
            "measure_name": "шт",
            "tax": "NO_VAT",
            "allow_to_sell": True,
            "price": 100,
            "quantity": 5,
        }
        self.control("evotor/products", store=store, upsert=[{**usual, **fields}])

    def patch_product(self, product_id: str, store: str = STORE, **fields: Any) -> None:
        self.control("evotor/products", store=store, patch=[{"id": product_id, **fields}])

    def drop_product(self, product_id: str, store: str = STORE) -> None:
        self.control("evotor/products", store=store, delete=[product_id])
