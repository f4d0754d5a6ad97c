"""A stranger's picture made into ours by a process of its own, which the kernel ends when it asks for too much.

The file comes on stdin. On stdout go the size in a line and the JPEG, or, with exit status 1, the code of a refusal.
Run as a script, it imports nothing of ours: it starts in a tenth of a second and knows no secret.
"""

import io
import resource
import signal
import struct
import sys
import warnings
from collections.abc import Callable
from math import ceil

from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.JpegImagePlugin import JpegImageFile

MEGABYTE = 1024 * 1024
MOST_PIXELS = 50_000_000
MOST_BYTES = 200_000_000
"""Of a decoded picture, with what its decoder needs beside it."""
MOST_ADDRESSES = 320 * MEGABYTE
"""Of the whole process: the program, the file, the decoded picture, and the one that is made."""
SECONDS, SECONDS_A_MEGABYTE, SECONDS_A_MEGAPIXEL, SECONDS_A_JPEG_MEGAPIXEL = 0.5, 0.1, 0.12, 0.015
"""Of processor time, about twice what the slowest good pictures take. Only a JPEG may ask for pass after pass over all
its pixels."""
MOST_SECONDS = 10
"""Whatever comes; the limits above end before."""
SHORTEST_SIDE = 400
"""VK's limit (docs/contracts/vk.md §8.2)."""
LONGEST_SIDE = 2560
LARGEST_RATIO = 5
"""Stricter than VK's: scaled down to the longest side, the other one is still long enough."""
QUALITY = 88
FORMATS = ("JPEG", "PNG", "WEBP")
STRIP = 64
"""Rows of the made picture that are converted at once: whole, a conversion needs the picture's memory again."""

REFUSED = 1
CODES = (
    "photo_not_image",
    "photo_broken",
    "photo_too_many_pixels",
    "photo_too_small",
    "photo_too_long",
)

UNREADABLE = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError, struct.error)
"""What Pillow is known to raise for spoilt files."""

_BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}
"""As Pillow keeps them; all other modes take four."""
_WEBP_BYTES_A_PIXEL = 16
"""Two canvases of the decoder, the frame, and the picture."""


class Refused(Exception):
    """With a code of CODES."""


def main() -> int:
    _confine()
    try:
        page = read(sys.stdin.buffer.read(), _allow)
    except Refused as refusal:
        sys.stdout.write(str(refusal))
        return REFUSED
    sys.stdout.buffer.write(b"%d %d\n" % page.size + jpeg(page))
    return 0


def _confine() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MOST_ADDRESSES),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))
    _allow(SECONDS)


def _allow(seconds: float) -> None:
    """From now on; then the kernel sends SIGPROF, in the middle of whatever library."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def read(content: bytes, allow: Callable[[float], None]) -> Image.Image:
    """Upright eight bits of RGB on white, no longer than LONGEST_SIDE; of a moving picture the first frame.

    The size is judged before a single pixel is decoded, and allows it so many seconds. Raises Refused.
    """
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses twice as many, of WebP before it makes a decoder
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        _check_size(*image.size)
        allow(_seconds_for(image, len(content)))
        if _memory_of(image) > MOST_BYTES:
            raise Refused("photo_too_many_pixels")
        image.load()
        return _upright(_plain(image), image)
    except (Image.DecompressionBombError, MemoryError):
        raise Refused("photo_too_many_pixels") from None
    except UnidentifiedImageError:
        raise Refused("photo_not_image") from None
    except UNREADABLE:
        raise Refused("photo_broken") from None


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise Refused("photo_too_many_pixels")
    if min(width, height) < SHORTEST_SIDE:
        raise Refused("photo_too_small")
    if max(width, height) > LARGEST_RATIO * min(width, height):
        raise Refused("photo_too_long")


def _seconds_for(image: Image.Image, size: int) -> float:
    rate = SECONDS_A_JPEG_MEGAPIXEL if isinstance(image, JpegImageFile) else SECONDS_A_MEGAPIXEL
    return SECONDS + SECONDS_A_MEGABYTE * size / MEGABYTE + rate * image.width * image.height / 1e6


def _memory_of(image: Image.Image) -> int:
    """Bytes of the decoded picture and of its decoder. A JPEG is told to decode no more pixels than are of use."""
    width, height = image.size
    if image.format == "WEBP":
        return width * height * _WEBP_BYTES_A_PIXEL
    coefficients = 0
    if isinstance(image, JpegImageFile):
        if "progressive" in image.info:
            coefficients = _coefficients_of(image)
        share = min(1, LONGEST_SIDE / max(width, height))
        image.draft("RGB", (ceil(width * share), ceil(height * share)))
        width, height = image.size
    return coefficients + width * height * _BYTES_A_PIXEL.get(image.mode, 4)


def _coefficients_of(image: JpegImageFile) -> int:
    """Two bytes for each, which a decoder keeps to the last scan."""
    across, down = zip(*((across, down) for _, across, down, _ in image.layer), strict=True)
    samples = sum(here * there for here, there in zip(across, down, strict=True)) / (max(across) * max(down))
    return int(2 * samples * image.size[0] * image.size[1])


def _plain(image: Image.Image) -> Image.Image:
    """On white, without a profile, and made smaller on the way: first every row, then all rows together."""
    width, height = image.size
    times = max(1, max(width, height) // LONGEST_SIDE)
    share = min(1, LONGEST_SIDE / max(width, height))
    new_width, new_height = round(width * share), round(height * share)
    transform = _to_srgb(image)
    page = Image.new("RGB", (new_width, ceil(height / times)))
    for top in range(0, height, STRIP * times):
        strip = image.crop((0, top, width, min(height, top + STRIP * times)))
        strip = _on_white(strip, transform).reduce(times)
        page.paste(strip.resize((new_width, strip.height)), (0, top // times))
    return page.resize((new_width, new_height))


def _to_srgb(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """A photo loses its colour profile here, so its colours have to be true without one."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None  # a spoilt profile is no reason to refuse the picture


def _on_white(strip: Image.Image, transform: ImageCms.ImageCmsTransform | None) -> Image.Image:
    if strip.mode.startswith("I"):  # 16 bits of grey; converting alone would cut off all but the darkest
        strip = strip.point(lambda value: value * (1 / 256)).convert("L")
    if not strip.has_transparency_data:
        return (transform and ImageCms.applyTransform(strip, transform)) or strip.convert("RGB")
    strip = strip.convert("RGBA")
    page = Image.new("RGB", strip.size, "white")
    page.paste(strip, mask=strip)
    return page


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(page: Image.Image, image: Image.Image) -> Image.Image:
    """As the camera was held, where the file tells it in a way that can be read."""
    try:
        turn = _TURNS.get(image.getexif().get(Base.Orientation, 1))
    except UNREADABLE:
        return page
    return page if turn is None else page.transpose(turn)


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
