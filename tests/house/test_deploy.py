"""What starts EvoSync elsewhere names what is there."""

import configparser
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from config import ROOT, Settings

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
INSTALLED = Path("/srv/evosync")
SETTINGS = {field.encode_name for field in msgspec.structs.fields(Settings)}


def composed() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return services


def is_script(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_script_of_ours_for_its_own_user(unit: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as the library says it is to be done
    parser.read(unit)

    started = Path(parser["Service"]["ExecStart"].split()[0])
    assert is_script(ROOT / started.relative_to(INSTALLED))
    assert parser["Service"]["User"] == "evosync"


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_container_starts_a_script_of_ours_with_settings_that_there_are(name: str) -> None:
    service = composed()[name]

    assert is_script(ROOT / service["command"][0])
    assert service["environment"].keys() <= SETTINGS


def test_an_image_holds_neither_secrets_nor_data() -> None:
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", ".venv", "instance", ".git"} <= set(left_out)
