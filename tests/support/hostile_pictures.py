"""Files that are made to hurt whoever opens them: each takes little room and asks for much, or is not what it says."""

import io
import random
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from tests.support.pictures import bomb, picture

SOI, EOI, SOS = b"\xff\xd8", b"\xff\xd9", b"\xff\xda"
PNG = b"\x89PNG\r\n\x1a\n"
ODD_MARKERS = (b"\x01", b"\x02", b"\xbf", b"\xc8", b"\xcc", b"\xd0", b"\xd7", b"\xdc", b"\xf0", b"\xfd", b"\xff")


def corpus() -> Iterator[tuple[str, bytes]]:
    """Name and content of well over a hundred, made one after another."""
    yield from _endless_scans()
    yield from _giants()
    yield from _png_bombs()
    yield from _webp_bombs()
    yield from _jpeg_oddities()
    yield from _strangers()
    yield from _spoilt()


# JPEG


def endless(scans: int, size: tuple[int, int] = (3000, 3000), between: bytes = b"", start: bytes = b"") -> bytes:
    """A small JPEG that asks for its last pass again and again; `between` stands before each."""
    plain = picture(size, mode="L", colour=90, progressive=True) if size[0] > 5000 else picture(size, progressive=True)
    begin = plain.rindex(SOS)
    return SOI + start + plain[2:begin] + (between + plain[begin:-2]) * scans + EOI


def _endless_scans() -> Iterator[tuple[str, bytes]]:
    yield "scans", endless(3000)
    yield "scans of 50 megapixels", endless(600, (7000, 7000))
    yield "scans of a small one", endless(20_000, (500, 500))
    yield "scans without an end", endless(3000)[:-2]
    for marker in ODD_MARKERS:
        yield f"scans behind FF {marker.hex()}", endless(3000, start=b"\xff" + marker)
        yield f"scans with FF {marker.hex()} between", endless(3000, between=b"\xff" + marker)
    yield "scans behind a hidden end", endless(3000, start=b"\xff\xfe\0\x04" + EOI)
    yield "scans with tables between", endless(3000, between=b"\xff\xfe\0\x04ab")


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _with_segments(*segments: bytes) -> bytes:
    return SOI + b"".join(segments) + picture((500, 500))[2:-200]


def _frame(width: int, height: int, kind: int = 0xC0, parts: int = 3) -> bytes:
    """A JPEG that ends where its pixels would begin."""
    layers = b"".join(bytes((number + 1, 0x44, 0)) for number in range(parts))
    header = _segment(kind, struct.pack(">BHHB", 8, height, width, parts) + layers)
    tables = _segment(0xDB, bytes(1) + bytes(range(1, 65)))
    scan = _segment(0xDA, bytes((parts,)) + b"".join(bytes((number + 1, 0)) for number in range(parts)) + b"\0\x3f\0")
    return SOI + tables + header + scan + bytes(200)


def _jpeg_oddities() -> Iterator[tuple[str, bytes]]:
    names = {0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless", 0xC9: "arithmetic", 0xCA: "arithmetic passes"}
    for kind, name in names.items():
        yield f"jpeg {name}", _frame(2000, 2000, kind)
        yield f"jpeg {name} of 49 megapixels", _frame(7000, 7000, kind)
    yield "jpeg of 255 layers", _frame(2000, 2000, parts=255)
    yield "jpeg without layers", _frame(2000, 2000, parts=0)
    yield "jpeg of four layers", _frame(6900, 6900, 0xC2, parts=4)
    yield "jpeg of comments alone", SOI + b"\xff\xfe\0\x02" * 500_000
    yield "jpeg of fill bytes", SOI + b"\xff" * 3_000_000
    yield "jpeg of starts", SOI * 1_000_000
    yield "jpeg of restarts", picture((500, 500), progressive=True)[:-2].replace(SOS, b"\xff\xd0" * 100_000 + SOS)
    loop = b"II*\0\x08\0\0\0" + b"\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    yield "exif that loops", _with_segments(_segment(0xE1, b"Exif\0\0" + loop))
    many = b"II*\0\x08\0\0\0" + b"\xff\xff" + struct.pack("<HHII", 0x0112, 2, 0xFFFFFFF0, 8) * 5000
    yield "exif of endless entries", _with_segments(_segment(0xE1, b"Exif\0\0" + many))
    parts = [b"ICC_PROFILE\0" + bytes((number, 255)) + b"\xff" * 60_000 for number in range(1, 200)]
    yield "profile of 12 MB", _with_segments(*(_segment(0xE2, part) for part in parts))
    yield (
        "xmp of megabytes",
        _with_segments(*[_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<x>" * 20_000)] * 99),
    )
    index = b"MM\0*\0\0\0\x08" + b"\0\x01" + struct.pack(">HHII", 0xB001, 4, 1, 0xFFFFFFFF) + bytes(4)
    yield "mpo of endless pictures", _with_segments(_segment(0xE2, b"MPF\0" + index))


# Sizes


def _giants() -> Iterator[tuple[str, bytes]]:
    for size in ((65_500, 65_500), (65_535, 400), (10_000, 5_001), (20_000, 20_000)):
        yield f"jpeg of {size[0]}×{size[1]}", _frame(*size)
        yield f"progressive of {size[0]}×{size[1]}", _frame(*size, 0xC2)
        yield f"png of {size[0]}×{size[1]}", bomb(*size)
    yield "png of 2^31", bomb(2**31 - 1, 2**31 - 1)
    yield "png of no width", bomb(0, 1000)
    yield "png of 49 megapixels", bomb(7_000, 7_000)
    yield "progressive of 49 megapixels", _frame(7_000, 7_000, 0xC2)


# PNG


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*chunks: bytes, size: tuple[int, int] = (2000, 2000), depth: int = 8, colour: int = 2, laced: int = 0) -> bytes:
    """Whose pixels end after a few lines."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, laced))
    return PNG + header + b"".join(chunks) + _chunk(b"IDAT", zlib.compress(bytes(50_000))) + _chunk(b"IEND", b"")


def _png_bombs() -> Iterator[tuple[str, bytes]]:
    packer = zlib.compressobj(1)
    much = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    yield "text bomb", png(_chunk(b"zTXt", b"a\0\0" + much))
    yield "international text bomb", png(_chunk(b"iTXt", b"a\0\x01\0\0\0" + much))
    yield "many text bombs", png(*[_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000)))] * 500)
    yield "profile bomb", png(_chunk(b"iCCP", b"a\0\0" + much))
    yield "exif of megabytes", png(_chunk(b"eXIf", b"II*\0" + b"\xff" * 5_000_000))
    yield "a million chunks", png(*[_chunk(b"abCd", b"")] * 300_000)
    yield "chunk longer than the file", PNG + struct.pack(">I", 2**31 - 1) + b"IHDR" + bytes(25)
    yield "palette without a palette", png(colour=3)
    yield "palette of 3 GB", png(struct.pack(">I", 3_000_000_000) + b"PLTE", colour=3)
    for depth, colour in ((16, 0), (16, 2), (16, 4), (16, 6), (8, 6), (1, 0), (7, 5), (99, 2)):
        for laced in (0, 1, 9):
            name = f"png of {depth} bits, colour {colour}, laced {laced}"
            yield name, png(size=(7_000, 7_000), depth=depth, colour=colour, laced=laced)
    frames = _chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    frame = _chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2**31 - 1, 2**31 - 1, 0, 0, 1, 1, 0, 0))
    yield "moving png of giants", png(frames, frame)
    yield "moving png of endless frames", png(frames, *[frame] * 100_000)


# WebP


def webp(kind: bytes, body: bytes, *chunks: bytes) -> bytes:
    inner = b"WEBP" + kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def lossless(width: int, height: int) -> bytes:
    return b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(8)


def canvas(width: int, height: int, flags: int = 0) -> bytes:
    return struct.pack("<I", flags) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]


def _webp_bombs() -> Iterator[tuple[str, bytes]]:
    for width, height in ((16_383, 16_383), (7_000, 7_000), (3_500, 3_500), (16_383, 400)):
        yield f"lossless webp of {width}×{height}", webp(b"VP8L", lossless(width, height))
        lossy = b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(20)
        yield f"webp of {width}×{height}", webp(b"VP8 ", lossy)
        frame = bytes(6) + canvas(width, height)[4:] + b"\x01\0\0\0" + webp(b"VP8L", lossless(width, height))[12:]
        moving = b"ANMF" + struct.pack("<I", len(frame)) + frame
        control = b"ANIM" + struct.pack("<I", 6) + bytes(6)
        yield f"moving webp of {width}×{height}", webp(b"VP8X", canvas(width, height, 2), control, moving * 50)
    yield "webp of 2^24", webp(b"VP8X", canvas(2**24, 2**24))
    profile = b"ICCP" + struct.pack("<I", 5_000_000) + bytes(5_000_000)
    yield "webp with a profile alone", webp(b"VP8X", canvas(3_000, 3_000, 32), profile)


# What is something else


def _strangers() -> Iterator[tuple[str, bytes]]:
    for kind in ("GIF", "BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "SGI"):
        yield f"{kind} by another name", picture((256, 256), kind, mode="L", colour=90)
    yield "svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9999 9999\n(/etc/passwd) (r) file\n"
    yield "psd", b"8BPS\0\x01" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3) + bytes(100)
    yield "html", b"<html><img src=x onerror=alert(1)>"
    yield "zip", b"PK\x03\x04" + bytes(1000)
    yield "html within a jpeg", SOI + _segment(0xFE, b"<script>alert(1)</script>") + EOI
    yield "zeros", bytes(14_000_000)
    yield "one byte", b"\xff"


def _spoilt() -> Iterator[tuple[str, bytes]]:
    """Cut at many places, and changed so that they cannot be read any more."""
    for kind in ("JPEG", "PNG", "WEBP"):
        file = io.BytesIO()
        Image.effect_noise((500, 500), 90).convert("RGB").save(file, kind)
        whole = file.getvalue()
        for part in (1, 4, 11, 20, 29, 60, 200, len(whole) // 3, len(whole) // 2):
            yield f"{kind} cut after {part}", whole[:part]
        chance = random.Random(kind)  # the same files every time
        for number in range(5):
            head = bytearray(whole[:40])
            for _ in range(10):
                head[chance.randrange(12, 40)] = chance.randrange(256)
            yield f"{kind} changed {number}", bytes(head) + chance.randbytes(2000)
