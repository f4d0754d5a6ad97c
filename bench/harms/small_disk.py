"""A disk of a few megabytes, filled up and freed again: a tmpfs, which only root may mount."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BALLAST = "ballast"
_CHUNK = 64 * 1024


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """Raises OSError where it may not be mounted."""
    place.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place], check=True)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise OSError(f"no tmpfs may be mounted: {error}") from None
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(place: Path, *files: Path) -> None:
    """To the last byte, those included that these files of it have left in their last pages."""
    for path in (place / BALLAST, *files):
        with path.open("ab", buffering=0) as file:
            for size in (_CHUNK, 1):
                with suppress(OSError):
                    while file.write(b"\n" * size):
                        pass


def free(place: Path) -> None:
    (place / BALLAST).unlink(missing_ok=True)
