"""The style sheet: colours have names, and what is read on them can be read in both schemes."""

import re
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "app"
STYLE = (APP / "static" / "app.css").read_text(encoding="utf-8")
ROOTS = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in ROOTS[:2])
TONES = ("success", "info", "warning", "danger", "secondary")

READ = [
    *((ink, ground) for ink in ("ink", "muted", "accent", "accent-dark") for ground in ("paper", "surface")),
    *((ink, "accent-soft") for ink in ("ink", "accent-dark")),
    *(("on-accent", ground) for ground in ("accent", "accent-dark", "danger-ink")),
    *((f"{tone}-ink", ground) for tone in TONES for ground in (f"{tone}-soft", "paper", "surface")),
    *(("muted", f"{tone}-soft") for tone in ("info", "warning", "secondary")),
]
SEEN = [(line, ground) for line in ("control-line", "accent", "success-ink") for ground in ("paper", "surface")]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(scheme: dict[str, str], one: str, other: str) -> float:
    """As WCAG defines it: 1 to 21."""
    low, high = sorted((luminance(scheme[one]), luminance(scheme[other])))
    return (high + 0.05) / (low + 0.05)


def test_colours_stand_in_the_root_only() -> None:
    rules = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|(?:rgb|hsl)a?\(", rules)


def test_every_colour_that_is_used_has_a_name_in_both_schemes() -> None:
    assert set(LIGHT) == set(DARK)
    used = set(re.findall(r"var\(--(?!bs-)([a-z-]+)\)", STYLE))
    assert used <= set(LIGHT) | set(re.findall(r"--([a-z-]+): url", ROOTS[0]))


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_controls_stand_out(scheme: dict[str, str]) -> None:
    weak = [pair for pair in READ if contrast(scheme, *pair) < 4.5]
    weak += [pair for pair in SEEN if contrast(scheme, *pair) < 3]
    assert not weak, {pair: round(contrast(scheme, *pair), 2) for pair in weak}


def test_the_browser_s_frame_takes_the_colour_of_the_header() -> None:
    page = (APP / "templates" / "base.html").read_text(encoding="utf-8")
    frames = dict(re.findall(r'theme-color" media="\(prefers-color-scheme: (\w+)\)" content="(#\w+)"', page))
    assert frames == {"light": LIGHT["surface"], "dark": DARK["surface"]}
