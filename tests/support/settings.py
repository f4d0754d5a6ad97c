"""Settings as tests give them."""

import base64
import random

import msgspec
import pytest
from flask import Flask, current_app

from config import SettingsError, load_settings

KEY, OTHER_KEY = (base64.urlsafe_b64encode(random.Random(seed).randbytes(32)).decode() for seed in (1, 2))
STRONG = "Zq7fV2xK9mB4tR8wL1nC6yH3dG5jP0sA"
SECRETS = {"SECRET_KEY": STRONG, "TOKEN_KEYS": KEY}
PRODUCTION = {"EVOSYNC_ENV": "production", "PUBLIC_URL": "https://evosync.example.ru", **SECRETS}


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    return str(refused.value)


def with_settings(app: Flask, **changed: object) -> None:
    app.extensions["settings"] = msgspec.structs.replace(app.extensions["settings"], **changed)


def calls_go(*, together: int = 25, pictures: int = 5) -> None:
    """How many calls to VK go in one request from now on, and how many pictures."""
    with_settings(current_app, vk_batch_size=together, vk_photo_batch_size=pictures)


def calls_go_singly() -> None:
    calls_go(together=1, pictures=1)
