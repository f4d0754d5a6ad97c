"""What becomes of a file that an owner uploads."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.services.errors import BadPhoto
from app.services.photos import making, picture_process
from app.services.photos.making import make
from tests.support.hostile_pictures import corpus, endless, lossless, webp
from tests.support.pictures import BLUE, GREEN, RED, bomb, halves, opened, picture

NEAR = 12
"""How far JPEG may take a colour."""


def is_near(one: object, other: tuple[int, int, int]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(seen - wanted) <= NEAR for seen, wanted in zip(one, other, strict=True))


def refusal(content: bytes) -> str:
    with pytest.raises(BadPhoto) as refused:
        make(content)
    return refused.value.code


def animated(kind: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (600, 800), colour) for colour in (RED, BLUE)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def jpeg_with(**saving: object) -> bytes:
    file = io.BytesIO()
    halves((1200, 900), RED, BLUE).save(file, "JPEG", quality=95, **saving)
    return file.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    found = Image.Exif()
    found[0x0112], found[0x010F], found[0x8825] = orientation, "Phone", {1: "N", 2: (55.0, 45.0, 0.0)}
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_three_formats_become_a_jpeg(kind: str) -> None:
    made = make(picture(kind=kind))
    image = opened(made.jpeg)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (900, 1200))
    assert (made.width, made.height) == (900, 1200)
    assert is_near(image.getpixel((10, 10)), RED)


def test_a_film_behind_the_photo_does_not_matter() -> None:
    made = make(picture(progressive=True) + b"\xff\xda\0\x08" * 1000)
    assert (made.width, made.height) == (900, 1200)


def test_the_same_file_is_the_same_picture() -> None:
    assert make(picture()).digest == make(picture()).digest != make(picture(colour=BLUE)).digest


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "photo_missing"),
        (b"\0" * (making.LARGEST_FILE + 1), "photo_too_large"),
        (b"not a picture", "photo_not_image"),
        (picture(kind="GIF", mode="P", colour=0), "photo_not_image"),
        (picture(kind="BMP"), "photo_not_image"),
        (picture(kind="TIFF"), "photo_not_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo_not_image"),
        (picture()[:3000], "photo_broken"),
        (picture(kind="PNG")[:-30], "photo_broken"),
        (picture(kind="WEBP")[:200], "photo_broken"),
        (picture((399, 900)), "photo_too_small"),
        (picture((400, 2001)), "photo_too_long"),
        (bomb(), "photo_too_many_pixels"),
        (bomb(9_000, 9_000), "photo_too_many_pixels"),
        (bomb(7_000, 7_000), "photo_broken"),
        (endless(3000), "photo_too_slow"),
        (endless(3000, start=b"\xff\xff"), "photo_too_slow"),
        (endless(3000, between=b"\xff\x01"), "photo_too_slow"),
        (webp(b"VP8L", lossless(16_383, 16_383)), "photo_too_many_pixels"),
        (webp(b"VP8L", lossless(4_000, 4_000)), "photo_too_many_pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_serve_is_refused(content: bytes, code: str) -> None:
    assert refusal(content) == code


def test_spoilt_files_are_refused_and_never_break_anything() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = bytearray(picture((500, 500), kind))
        for place in range(0, len(whole), max(1, len(whole) // 150)):
            spoilt = bytes(whole[:place]) + bytes([whole[place] ^ 0xFF]) + bytes(whole[place + 1 :])
            with contextlib.suppress(picture_process.Refused):
                assert picture_process.read(spoilt, lambda _seconds: None).mode == "RGB"


def test_hostile_pictures_are_refused() -> None:
    """A sample; bench/hostile_pictures tries all."""
    named = list(corpus())
    assert len(named) > 150
    for name, content in named[::24]:
        assert refusal(content), name


def limits_of_the_child() -> dict[str, str]:
    """As the kernel tells them of a child that waits for its picture."""
    with subprocess.Popen(making._CHILD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}) as child:
        assert child.stdin
        child.stdin.write(b"x" * 100_000)  # taken only by a child that reads, and it confines itself before
        child.stdin.flush()
        text = Path(f"/proc/{child.pid}/limits").read_text()
        child.stdin.close()
    return {line[:26].strip(): line[26:].split()[1] for line in text.splitlines()[1:]}


def test_the_child_may_take_little_and_leave_nothing() -> None:
    limits = limits_of_the_child()
    assert int(limits["Max address space"]) <= 320 * 1024 * 1024 and int(limits["Max cpu time"]) <= 10
    assert limits["Max core file size"] == limits["Max file size"] == limits["Max processes"] == "0"
    assert int(limits["Max open files"]) <= 16


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by its environment, nor by what it says."""
    monkeypatch.setenv("SECRET_KEY", "hidden")
    monkeypatch.setattr(
        making, "_CHILD", (sys.executable, "-c", "import os; print(1, int('SECRET_KEY' in os.environ))")
    )
    assert make(b"x").height == 0


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os; os.kill(os.getpid(), 11)", "photo_broken"),
        ("import os; os.kill(os.getpid(), 9)", "photo_busy"),
        ("import os; os.kill(os.getpid(), 24)", "photo_too_slow"),
        ("raise ZeroDivisionError", "photo_broken"),
        ("print('<b>bold</b>'); raise SystemExit(1)", "photo_broken"),
    ],
)
def test_a_child_that_falls_is_a_refusal(monkeypatch: pytest.MonkeyPatch, program: str, code: str) -> None:
    monkeypatch.setattr(making, "_CHILD", (sys.executable, "-c", program))
    assert refusal(b"x") == code


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_CHILD", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(making, "PATIENCE", 0.1)
    assert refusal(b"x") == "photo_busy"


@pytest.mark.parametrize(
    ("kind", "size", "saving"),
    [
        ("JPEG", (8000, 6000), {}),
        ("JPEG", (4000, 3000), {"progressive": True}),
        ("PNG", (4000, 3000), {"compress_level": 1}),
        ("WEBP", (4000, 3000), {"method": 0}),
        ("WEBP", (4000, 3000), {"lossless": True, "method": 0}),
    ],
)
def test_pictures_of_phones_pass(kind: str, size: tuple[int, int], saving: dict[str, Any]) -> None:
    made = make(picture(size, kind, **saving))
    assert (made.width, made.height) == (2560, 1920)


@pytest.mark.parametrize(("orientation", "top_left"), [(1, RED), (3, BLUE), (6, RED), (8, BLUE)])
def test_a_photo_is_turned_upright(orientation: int, top_left: tuple[int, int, int]) -> None:
    image = opened(make(jpeg_with(exif=exif(orientation))).jpeg)
    assert image.size == ((1200, 900) if orientation in (1, 3) else (900, 1200))
    assert is_near(image.getpixel((20, 20)), top_left)


def test_nothing_but_pixels_is_kept() -> None:
    given = jpeg_with(exif=exif(), comment=b"secret place", xmp=b"<x:xmpmeta>secret</x:xmpmeta>", dpi=(300, 300))
    assert b"secret" in given and b"Phone" in given
    made = make(given)
    image = opened(made.jpeg)
    assert b"secret" not in made.jpeg and b"Phone" not in made.jpeg and b"Exif" not in made.jpeg
    assert not image.getexif() and not {"comment", "icc_profile", "xmp"} & image.info.keys()


def test_a_large_photo_is_scaled_down_with_its_sides_in_proportion() -> None:
    made = make(picture((6000, 4000)))
    assert (made.width, made.height) == (2560, 1707)
    assert make(picture((3200, 640))).height >= picture_process.SHORTEST_SIDE


def test_transparency_becomes_white() -> None:
    made = make(picture(kind="PNG", mode="RGBA", colour=(200, 30, 30, 0)))
    assert is_near(opened(made.jpeg).getpixel((5, 5)), (255, 255, 255))


def test_a_palette_with_a_transparent_colour_becomes_white_too() -> None:
    file = io.BytesIO()
    Image.new("P", (500, 500), 0).save(file, "PNG", transparency=0)
    assert is_near(opened(make(file.getvalue()).jpeg).getpixel((5, 5)), (255, 255, 255))


def test_grey_of_16_bits_keeps_its_lightness() -> None:
    made = make(picture(kind="PNG", mode="I;16", colour=0x8000))
    assert is_near(opened(made.jpeg).getpixel((5, 5)), (128, 128, 128))


def test_colours_for_print_become_colours_of_a_screen() -> None:
    made = make(picture(mode="CMYK", colour=(0, 255, 255, 0)))
    assert is_near(opened(made.jpeg).getpixel((5, 5)), (255, 0, 0))


def test_a_spoilt_colour_profile_costs_no_photo() -> None:
    assert is_near(opened(make(jpeg_with(icc_profile=b"nonsense")).jpeg).getpixel((20, 20)), RED)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_a_moving_picture_the_first_frame_is_taken(kind: str) -> None:
    assert is_near(opened(make(animated(kind)).jpeg).getpixel((5, 5)), RED)


def test_a_small_one_is_made_for_pages() -> None:
    small = opened(making.small(make(picture((1600, 2400), colour=GREEN)).jpeg))
    assert small.size == (480, 720)
