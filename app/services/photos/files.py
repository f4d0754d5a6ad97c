"""The files of the owners' photos: one folder for every user, one file for every picture, named by its digest.

Two users with the same picture have a file each, so nobody's deletion touches another's. Who writes or deletes holds
the user's lock, and rows go first: a file without a row is swept, a row without a file is left out.
"""

import contextlib
import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from app.context import settings
from app.services.errors import BadPhoto

ENDING = ".jpg"
LONGEST_WAIT, LOOK_EVERY = 1.5, 0.05
"""Seconds that a web thread may wait for its turn."""


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """One picture at a time on a machine, for it takes up to 300 MB. Raises BadPhoto where the wait is too long."""
    folder = Path(settings().photo_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / f".{socket.gethostname()}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(lock)
        yield
    finally:
        os.close(lock)


def _wait_for(lock: int) -> None:
    end = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise BadPhoto("photo_busy") from None
            time.sleep(LOOK_EVERY)
        else:
            return


def _folder(user_id: int) -> Path:
    return Path(settings().photo_dir) / str(user_id)


def _path(user_id: int, digest: str) -> Path:
    return _folder(user_id) / (digest + ENDING)


def write(user_id: int, digest: str, content: bytes) -> None:
    """Whole or not at all, whenever the machine stops. Raises OSError."""
    folder = _folder(user_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=folder, suffix=".draft")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, _path(user_id, digest))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise
    _sync(folder)


def _sync(folder: Path) -> None:
    """The name of a new file is safe only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(user_id: int, digest: str) -> bytes:
    """Raises OSError where the file is not there any more."""
    return _path(user_id, digest).read_bytes()


def digests(user_id: int) -> frozenset[str]:
    """Of the pictures that lie there."""
    try:
        names = os.listdir(_folder(user_id))
    except OSError:
        return frozenset()
    return frozenset(name.removesuffix(ENDING) for name in names if name.endswith(ENDING))


def size_of_all(user_id: int) -> int:
    """Bytes of the user's pictures together."""
    with contextlib.suppress(FileNotFoundError), os.scandir(_folder(user_id)) as entries:
        return sum(entry.stat().st_size for entry in entries)
    return 0


def keep_only(user_id: int, named: Collection[str]) -> int:
    """Deletes what is not among these digests, drafts of dead processes too; returns how many."""
    kept = {digest + ENDING for digest in named}
    try:
        stray = [path for path in _folder(user_id).iterdir() if path.name not in kept]
    except FileNotFoundError:
        return 0
    for path in stray:
        path.unlink(missing_ok=True)
    if not kept:
        with contextlib.suppress(OSError):
            _folder(user_id).rmdir()
    return len(stray)


def user_ids() -> Iterator[int]:
    """Of all users with a folder; what else lies there is not ours."""
    for entry in sorted(Path(settings().photo_dir).glob("[0-9]*")):
        if entry.name.isascii() and entry.name.isdigit():
            yield int(entry.name)
