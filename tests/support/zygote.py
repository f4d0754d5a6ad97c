"""A process that has the product imported and forks for every `flask` command: as real as a new one, and at once there.

Reads a JSON list of arguments per line, answers with the pid of the child and, when it has ended, with its exit code
(below 0: the signal). What the child prints goes to the file named on the command line.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """The harness' end of it."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.zygote", str(log)],
            cwd=ROOT,
            env={**os.environ, "FLASK_APP": "wsgi.py", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, on_start: Callable[[int], object] = int) -> int:
        """The exit code of `flask ARGUMENTS`; `on_start` is told its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        on_start(self._answer())
        return self._answer()

    def run_well(self, *arguments: str) -> None:
        code = self.run(*arguments)
        assert code == 0, f"flask {' '.join(arguments)}: {code}\n{self.log.read_text()[-3000:]}"

    def stop(self) -> None:
        self._process.communicate(timeout=10)

    def _answer(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the zygote ended\n{self.log.read_text()[-3000:]}"
        return int(line)


def serve(log: str) -> None:
    import wsgi

    assert wsgi.app
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            become_flask(json.loads(line), log)
        _tell(pid)
        _tell(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def become_flask(arguments: list[str], log: str) -> None:
    from flask.cli import main

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["flask", *arguments]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
