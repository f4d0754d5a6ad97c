"""The generated picture of a product that has no photo: 1280×1706 JPEG (docs/contracts/vk.md §8.2)."""

import colorsys
import hashlib
import io
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.listing.card import CARD_VERSION

if TYPE_CHECKING:
    from PIL import ImageFont

WIDTH, HEIGHT = 1280, 1706
MARGIN = 130
LONGEST_TEXT_HEIGHT = 1050
SIZES = (132, 116, 100, 88, 76, 66, 58, 50)
JPEG_QUALITY = 88
FONT = Path(__file__).resolve().parents[2] / "assets" / "fonts" / "DejaVuSans-Bold.ttf"

_UNIT = re.compile(r"(\d) (г|гр|кг|мл|л|шт|см|мм|м)\b")
"""A number and its unit stay on one line."""

assert CARD_VERSION == "1", "another drawing needs another version, or nobody gets the new pictures"


def draw(name: str) -> bytes:
    """The same name always gives the same picture. Nothing on it goes out of date: no price, no stock."""
    from PIL import Image, ImageDraw

    hue = hashlib.sha256(name.encode()).digest()[0] / 255
    paper, shade, ink = _colour(hue, 0.16, 0.97), _colour(hue, 0.28, 0.91), _colour(hue, 0.55, 0.30)
    image = Image.new("RGB", (WIDTH, HEIGHT), paper)
    canvas = ImageDraw.Draw(image)
    canvas.ellipse((WIDTH - 620, -380, WIDTH + 380, 620), fill=shade)
    canvas.ellipse((-460, HEIGHT - 560, 460, HEIGHT + 360), fill=shade)
    font, lines = _fitting(name)
    step = round(font.size * 1.24)
    top = (HEIGHT - step * len(lines)) // 2
    canvas.rounded_rectangle((MARGIN, top - 84, MARGIN + 150, top - 70), radius=7, fill=ink)
    for number, line in enumerate(lines):
        canvas.text((MARGIN, top + number * step), line, font=font, fill=ink)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


@cache
def _font(size: int) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(str(FONT), size)


def _fitting(name: str) -> "tuple[ImageFont.FreeTypeFont, list[str]]":
    """The largest size at which the whole name fits."""
    for size in SIZES:
        font = _font(size)
        lines = _wrapped(name, font)
        if len(lines) * size * 1.24 <= LONGEST_TEXT_HEIGHT and all(_fits(line, font) for line in lines):
            return font, lines
    font = _font(SIZES[-1])
    return font, _wrapped(name, font, break_words=True)


def _fits(text: str, font: "ImageFont.FreeTypeFont") -> bool:
    return font.getlength(text) <= WIDTH - 2 * MARGIN


def _wrapped(text: str, font: "ImageFont.FreeTypeFont", *, break_words: bool = False) -> list[str]:
    lines = [""]
    for word in _UNIT.sub("\\1\u00a0\\2", text).split(" "):
        joined = f"{lines[-1]} {word}".strip()
        if _fits(joined, font):
            lines[-1] = joined
        else:
            lines += _pieces(word, font) if break_words else [word]
    return [line for line in lines if line]


def _pieces(word: str, font: "ImageFont.FreeTypeFont") -> list[str]:
    pieces = [""]
    for letter in word:
        if not _fits(pieces[-1] + letter, font):
            pieces.append("")
        pieces[-1] += letter
    return pieces
