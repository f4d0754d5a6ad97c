"""The workers of a town: each may be killed at any moment, and who ends unasked is started again, as by systemd."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from bench.many.workers import start_worker

RESTART_SECONDS = 5.0
"""As `RestartSec` in deploy/systemd/."""
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Seat:
    """A worker's: how it is started."""

    name: str
    with_beat: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    log_folder: Path | None = None
    """Another one than that of the others."""


class Crew:
    def __init__(self, environment: Mapping[str, str], seats: Sequence[Seat], threads: int, folder: Path) -> None:
        self._environment, self._seats, self._threads, self._folder = environment, seats, threads, folder
        self.ended: list[str] = []
        """Who ended though nobody had asked for it."""
        self._is_over = Event()
        self._processes = [self._start(seat) for seat in seats]
        self._watch = Thread(target=self._watch_over, daemon=True)
        self._watch.start()

    def kill(self, places: Sequence[int], away: float) -> None:
        """SIGKILL to these; they are started again after so many seconds."""
        for place in places:
            old, self._processes[place] = self._processes[place], None
            if old is not None:
                os.killpg(old.pid, signal.SIGKILL)
                old.wait()
        time.sleep(away)
        for place in places:
            self._processes[place] = self._start(self._seats[place])

    def stop(self) -> list[str]:
        """Told to end; who did not do so in time, or not well."""
        self._is_over.set()
        self._watch.join()
        at_work = [(seat, one) for seat, one in zip(self._seats, self._processes, strict=True) if one is not None]
        for _, process in at_work:
            process.terminate()
        return [problem for seat, process in at_work if (problem := _farewell(seat, process))]

    def _start(self, seat: Seat) -> "subprocess.Popen[bytes] | None":
        options = ["--threads", str(self._threads), *(["--beat"] if seat.with_beat else [])]
        log = (seat.log_folder or self._folder) / f"{seat.name}.log"
        return start_worker({**self._environment, **seat.environment}, options, log)

    def _watch_over(self) -> None:
        while not self._is_over.wait(0.5):
            for place, process in enumerate(self._processes):
                if process is not None and process.poll() is not None:
                    self.ended.append(f"{self._seats[place].name} ended with {process.returncode}")
                    self._is_over.wait(RESTART_SECONDS)
                    if self._processes[place] is process:
                        self._processes[place] = self._start(self._seats[place])


def _farewell(seat: Seat, process: "subprocess.Popen[bytes]") -> str | None:
    try:
        code = process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"{seat.name} did not end when it was told to"
    return f"{seat.name} ended with {code} when it was told to" if code else None
