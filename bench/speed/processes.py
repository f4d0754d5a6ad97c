"""Commands as processes of their own, as a person's shell starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLASK = str(Path(sys.executable).with_name("flask"))


@dataclass(frozen=True)
class Ended:
    seconds: float
    peak_mb: float
    """Of what it held in memory."""


def run_flask(environment: Mapping[str, str], *arguments: str) -> Ended:
    """Wall time; compiled modules are kept, as on a user's machine. Raises RuntimeError where it fails."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [FLASK, *arguments],
        cwd=ROOT,
        env={**inherited, "FLASK_SKIP_DOTENV": "1", **environment},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"flask {' '.join(arguments)}: {process.returncode}")
    return Ended(seconds, used.ru_maxrss / 1024)
