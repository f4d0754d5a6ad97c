"""What hashing may cost."""

import runpy
import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from app.services.accounts import passwords, users

MEMORY_OF_A_WORKER = 64 * 1024
"""KiB, for whatever number of sign-ins at once."""


@pytest.mark.parametrize("module", [passwords, users])
def test_nothing_is_hashed_at_import(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
    monkeypatch.setattr(PasswordHasher, "hash", lambda *_args: pytest.fail("hashed"))

    runpy.run_path(str(module.__file__))


def test_a_flood_is_worked_on_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        at_work = most = 0
        both = threading.Barrier(2)

        def verify(self, _hash: str, _password: str) -> bool:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            self.both.wait(timeout=10)  # two do work side by side
            self.at_work -= 1
            raise VerifyMismatchError

    passwords.matches(None, "warm up")
    monkeypatch.setattr(passwords, "_hasher", slow := Slow())

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _number: passwords.matches("a hash", "guess"), range(16)))

    assert slow.most == 2


def test_a_workers_hashing_fits_a_small_server() -> None:
    hasher = runpy.run_path(str(passwords.__file__))["_hasher"]

    parameters = extract_parameters(hasher.hash("a password"))

    assert parameters.type.name == "ID"
    assert 2 * parameters.memory_cost <= MEMORY_OF_A_WORKER
    assert parameters.memory_cost * parameters.time_cost >= 2 * 19 * 1024, "OWASP's least"
