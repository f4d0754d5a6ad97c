"""A package beside which we are measured, in a virtual environment of its own among this user's caches."""

import os
import subprocess
import sys
from pathlib import Path

from bench.speed.figures import tell


def python_with(package: str, version: str) -> Path:
    """The Python that has it; installs it the first time."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = caches / "evosync-bench" / f"{package}-{version}"
    python, done = place / "bin" / "python", place / "installed"
    if not done.exists():
        tell(f"installing {package} {version} into {place} (the first time only)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*pip, f"{package}=={version}"], check=True, stderr=subprocess.DEVNULL)
        done.touch()
    return python
