"""Processes that all ask VK who their owner is, at once: `python -m tests.support.renewing NUMBER`.

Each says its pid, waits for the others, and tells how it ended: {"pid", "token", "error"}.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def ask_at_once(
    environment: Mapping[str, str], number: int, on_start: Callable[[int], object] = int
) -> list[dict[str, Any]]:
    """How each ended that was not killed; `on_start` hears the pids before any of them begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.renewing", str(number)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    for _ in range(number):
        on_start(int(process.stdout.readline()))
    told, _ = process.communicate("\n", timeout=60)
    return [json.loads(line) for line in told.splitlines()]


def _main(number: int) -> None:
    from wsgi import app

    begin, release = os.pipe()
    children = []
    for _ in range(number):
        if (pid := os.fork()) == 0:
            os.close(release)
            _child(app, begin)
        children.append(pid)
        _tell(str(pid))
    sys.stdin.readline()
    os.close(release)
    for pid in children:
        os.waitpid(pid, 0)


def _child(app: Any, begin: int) -> None:
    code = 1
    try:
        with app.app_context():
            use = _use()
            os.read(begin, 1)  # until the parent lets go
            _tell(json.dumps({"pid": os.getpid(), **_asked(use)}))
        code = 0
    finally:
        os._exit(code)


def _use() -> Any:
    import sqlalchemy as sa

    from app.db import db
    from app.models import User
    from app.services.vendors.connection_use import vk_use

    user = db.session.scalars(sa.select(User)).one()
    use = vk_use(user)
    db.session.remove()
    return use


def _asked(use: Any) -> dict[str, str | None]:
    from app.clients.vk.errors import VkError
    from app.services.vendors.clients import vk_client
    from app.services.vendors.faults import vk_code

    with vk_client(use) as client:
        try:
            client.me()
        except VkError as error:
            return {"token": None, "error": vk_code(error)}
        return {"token": client._vk._tokens.current(), "error": None}


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    _main(int(sys.argv[1]))
