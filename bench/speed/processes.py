"""Commands as processes of their own, as a person's shell starts them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLASK = str(Path(sys.executable).with_name("flask"))
LAUNCHER = str(Path(__file__).with_name("launcher.py"))
NOWHERE = Path(os.devnull)


@dataclass(frozen=True)
class Ended:
    seconds: float
    cpu: float
    """Seconds of the processor's."""
    peak_mb: float
    """Of what it held in memory."""


def run_flask(environment: Mapping[str, str], *arguments: str, output: Path = NOWHERE) -> Ended:
    """Compiled modules are kept, as on a user's machine. Raises RuntimeError where it fails."""
    return run_process([FLASK, *arguments], {"FLASK_SKIP_DOTENV": "1", **environment}, output)


def run_process(command: Sequence[str], environment: Mapping[str, str], output: Path = NOWHERE) -> Ended:
    """From its start to its end; it is ended where we are. Raises RuntimeError where it fails."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    launcher = subprocess.Popen(
        [sys.executable, "-IS", LAUNCHER, str(output), *command],
        cwd=ROOT,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = launcher.communicate()
    except BaseException:
        os.killpg(launcher.pid, signal.SIGTERM)
        launcher.communicate()
        raise
    code, seconds, cpu, peak_mb = told.split()
    if int(code):
        raise RuntimeError(f"{' '.join(command)}: {code}")
    return Ended(float(seconds), float(cpu), float(peak_mb))
