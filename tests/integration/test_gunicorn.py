"""What gunicorn itself makes of a neighbour's headers, as it is started in the project's folder."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of one that shows its environment, and its log."""
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as stderr:
        command = ["gunicorn", "werkzeug.testapp:test_app", "--no-control-socket", "--workers", "1"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--bind", f"fd://{listening.fileno()}"],
            cwd=ROOT,
            pass_fds=[listening.fileno()],
            stderr=stderr,
        )
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", log
    process.terminate()
    process.wait(timeout=30)


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO"])
def test_a_neighbour_does_not_say_where_the_site_is(server: tuple[str, Path], name: str) -> None:
    url, log = server
    answer = requests.get(f"{url}/login", headers={name: "/elsewhere"}, timeout=60)
    assert answer.status_code == 200 and "/elsewhere" not in answer.text
    assert "Traceback" not in log.read_text()
