"""An uploaded file made into the picture that we keep: checked, upright, not too large, and nothing but pixels."""

import hashlib
import io
import re
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.services.errors import BadPhoto

if TYPE_CHECKING:
    from PIL import Image

LARGEST_FILE = 15 * 1024 * 1024
MOST_PIXELS = 50_000_000
SHORTEST_SIDE = 400
"""VK's limit (contracts/vk.md 7.2)."""
LONGEST_SIDE = 2560
MOST_SCANS, MOST_PARTS = 100, 10_000
"""Of a JPEG. Cameras write about ten scans, and each is a pass over all pixels, however few its bytes."""
LARGEST_RATIO = 5
"""Stricter than VK's: scaled down to the longest side, the other one is still long enough."""
QUALITY = 88
SMALL_WIDTH = 480
FORMATS = ("JPEG", "PNG", "WEBP")

_UNREADABLE = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError, struct.error)
"""What Pillow is known to raise for spoilt files."""

_one_at_a_time = threading.Lock()
"""A large photo takes up to 200 MB while it is opened."""


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
    if _is_slow(content):
        raise BadPhoto("photo_broken")
    with _one_at_a_time:
        picture = _scaled(_plain(_opened(content)))
        return MadePhoto(_jpeg(picture), *picture.size)


def _opened(content: bytes) -> "Image.Image":
    """Upright; of a moving picture the first frame. The size is judged before a single pixel is decoded."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        _check_size(*image.size)
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        image.load()
        return ImageOps.exif_transpose(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPhoto("photo_too_many_pixels") from None
    except UnidentifiedImageError:
        raise BadPhoto("photo_not_image") from None
    except (*_UNREADABLE, MemoryError):
        raise BadPhoto("photo_broken") from None


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise BadPhoto("photo_too_many_pixels")
    if min(width, height) < SHORTEST_SIDE:
        raise BadPhoto("photo_too_small")
    if max(width, height) > LARGEST_RATIO * min(width, height):
        raise BadPhoto("photo_too_long")


_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_END, _SCAN = b"\xd9", b"\xda"


def _is_slow(content: bytes) -> bool:
    """A JPEG in too many pieces, up to its end, after which phones append films."""
    place, scans, parts = 2, 0, 0
    while content.startswith(b"\xff\xd8") and (marker := _MARKER.search(content, place)) and marker[1] != _END:
        scans, parts = scans + (marker[1] == _SCAN), parts + 1
        if scans > MOST_SCANS or parts > MOST_PARTS:
            return True
        place = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2], "big")
    return False


def _plain(image: "Image.Image") -> "Image.Image":
    """Eight bits of RGB on white, without a word of what the file said beside its pixels."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits of grey; converting alone would cut off all but the darkest
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    colours = _in_srgb(image)
    page = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        page.paste(colours, mask=image.convert("RGBA").getchannel("A"))
    else:
        page.paste(colours)
    return page


def _in_srgb(image: "Image.Image") -> "Image.Image":
    """A photo loses its colour profile here, so its colours have to be true without one."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass  # a spoilt profile is no reason to refuse the picture
    return image.convert("RGBA" if image.has_transparency_data else "RGB").convert("RGB")


def _scaled(picture: "Image.Image") -> "Image.Image":
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture


def _jpeg(picture: "Image.Image") -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()


def small(jpeg: bytes) -> bytes:
    """A picture of ours for a page: as wide as a phone shows it."""
    from PIL import Image

    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.draft("RGB", (SMALL_WIDTH, SMALL_WIDTH))
        image.thumbnail((SMALL_WIDTH, SMALL_WIDTH * LARGEST_RATIO))
        return _jpeg(image)
