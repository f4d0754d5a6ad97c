"""An uploaded file made into the picture that we keep: checked, upright, not too large, and nothing but pixels."""

import hashlib
import io
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from app.logs import get_logger
from app.services.errors import BadPhoto

log = get_logger()

LARGEST_FILE = 15 * 1024 * 1024
SMALL_WIDTH = 480
PATIENCE = 20
"""Seconds by the clock, for a machine that has much else to do: the child's own limits are those of the processor."""

_CHILD = (sys.executable, "-I", str(Path(__file__).resolve().with_name("picture_process.py")))
_FAILURES = {
    -signal.SIGPROF: "photo_too_slow",
    -signal.SIGXCPU: "photo_too_slow",
    -signal.SIGKILL: "photo_busy",
}
"""By its own limit, by the kernel's, and by a machine that has no memory left."""


@dataclass(frozen=True, slots=True)
class MadePhoto:
    jpeg: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.jpeg).hexdigest()


def make(content: bytes) -> MadePhoto:
    """Raises BadPhoto."""
    if not content:
        raise BadPhoto("photo_missing")
    if len(content) > LARGEST_FILE:
        raise BadPhoto("photo_too_large")
    try:
        child = subprocess.run(  # noqa: S603  # our own program; the picture comes on stdin
            _CHILD, input=content, capture_output=True, timeout=PATIENCE, env={}, cwd="/", check=False
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        log.warning("photo_child_missing", error=type(error).__name__)
        raise BadPhoto("photo_busy") from None
    return _made(child)


def _made(child: subprocess.CompletedProcess[bytes]) -> MadePhoto:
    if child.returncode == 0:
        size, _, content = child.stdout.partition(b"\n")
        width, height = map(int, size.split())
        return MadePhoto(content, width, height)
    from app.services.photos import picture_process  # brings Pillow, which most commands do without

    code = child.stdout.decode("ascii", "replace")
    if child.returncode == picture_process.REFUSED and code in picture_process.CODES:
        raise BadPhoto(code)
    log.warning("photo_child_failed", status=child.returncode, said=child.stderr[-500:].decode(errors="replace"))
    raise BadPhoto(_FAILURES.get(child.returncode, "photo_broken"))


def small(content: bytes) -> bytes:
    """A picture of ours for a page: as wide as a phone shows it. Raises BadPhoto where its file is spoilt."""
    from PIL import Image

    from app.services.photos import picture_process

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            image.draft("RGB", (SMALL_WIDTH, SMALL_WIDTH))
            image.thumbnail((SMALL_WIDTH, SMALL_WIDTH * picture_process.LARGEST_RATIO))
            return picture_process.jpeg(image)
    except picture_process.UNREADABLE:
        raise BadPhoto("photo_broken") from None
