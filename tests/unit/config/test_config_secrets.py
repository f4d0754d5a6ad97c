"""Secrets and the folders they lie in: what production refuses, what development makes."""

import base64
import secrets
import uuid
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

import config
from config import load_settings
from settings_checks import strength
from tests.support.settings import KEY, OTHER_KEY, PRODUCTION, SECRETS, refusal


@pytest.mark.parametrize(
    "weak",
    [
        *(
            "",
            "change-me",
            "x" * 31,
            "x" * 64,
            "abcabc" * 10,
            "change-me-" * 4,
            "1234567890" * 4,
            "0123456789abcdef" * 2,
        ),
        *("change-me-to-a-long-random-string-in-production", "CHANGE_ME_8f3Kq0ZxW7vT2yPn5LrB9sDhJ4mGc6A"),
        *("my-very-secret-key-for-this-shop-window", "correct-horse-password-battery-staple-42"),
        *(
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "zyxwvutsrqponmlkjihgfedcba9876543210",
            "0011223344556677889900aabbccddee",
        ),
        *(
            "qwertyuiopasdfghjklzxcvbnm0192837465",
            "0110100110010110100101100110100101101001",
            "evosync-is-our-shop-window-since-2024",
        ),
    ],
)
def test_production_refuses_a_missing_or_weak_secret(weak: str) -> None:
    said = refusal(PRODUCTION | {"SECRET_KEY": weak})
    assert said.startswith("SECRET_KEY: ") and "\n" not in said and (not weak or weak not in said)


@pytest.mark.parametrize(
    "weak",
    [
        *("x", "6f1e0d5a-8c1b-4222", "00000000-0000-4000-8000-000000000000", "change-me-change-me-change-me-4711"),
        *(f"evosync:{'ab' * 20}", "a-long-login-that-nobody-guesses-8f3Kq0ZxW7vT2yPn5:short"),
    ],
)
def test_production_refuses_a_weak_secret_of_evotor(weak: str) -> None:
    said = refusal(PRODUCTION | {"EVOTOR_WEBHOOK_SECRET": weak})
    assert said.startswith("EVOTOR_WEBHOOK_SECRET: ") and "\n" not in said and weak not in said.split()


def test_production_takes_none_a_uuid_and_a_login_with_one() -> None:
    assert load_settings(PRODUCTION).evotor_webhook_secret == ""
    for _ in range(300):
        made = str(uuid.uuid4())
        for secret in (made, f"evosync:{made}"):
            assert load_settings(PRODUCTION | {"EVOTOR_WEBHOOK_SECRET": secret}).evotor_webhook_secret == secret


def test_no_random_secret_is_taken_for_a_weak_one() -> None:
    for _ in range(3_000):
        for made in (
            secrets.token_urlsafe(48),
            secrets.token_hex(32),
            secrets.token_hex(16),
            secrets.token_urlsafe(24),
        ):
            assert not strength.is_guessable(made), made
        assert not strength.is_guessable(base64.urlsafe_b64decode(Fernet.generate_key()).decode("latin-1"))


@pytest.mark.parametrize(
    "key", [b"\0" * 32, b"k" * 32, bytes(range(32)), b"change-me-change-me-change-me-32", b"ab" * 16]
)
def test_production_refuses_a_token_key_that_can_be_guessed(key: bytes) -> None:
    weak = base64.urlsafe_b64encode(key).decode()

    for keys in (weak, f"{KEY},{weak}"):
        said = refusal(PRODUCTION | {"TOKEN_KEYS": keys})
        assert said.startswith("TOKEN_KEYS: ") and weak not in said


def test_secrets_for_trying_out_need_not_be_good() -> None:
    assert load_settings(SECRETS | {"SECRET_KEY": "change-me"}).secret_key == "change-me"


# Production


@pytest.mark.parametrize("url", ["http://evosync.example.ru", "http://192.168.1.5:8000", "http://localhost.example.ru"])
def test_production_is_not_reached_in_clear(url: str) -> None:
    assert refusal(PRODUCTION | {"PUBLIC_URL": url}).startswith("PUBLIC_URL: ")


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000", "http://shop.localhost", "https://shop.ru"],
)
def test_production_may_be_reached_safely_or_from_this_machine(url: str) -> None:
    assert load_settings(PRODUCTION | {"PUBLIC_URL": url}).public_url == url


@pytest.mark.parametrize("switch", ["1", "true", "on", "yes"])
def test_production_refuses_the_debugger(switch: str) -> None:
    assert refusal(PRODUCTION | {"FLASK_DEBUG": switch}) == "FLASK_DEBUG: must be off in production"


@pytest.mark.parametrize("switch", ["", "0", "false", "No"])
def test_a_debugger_that_is_off_is_no_reason_to_refuse(switch: str) -> None:
    assert load_settings(PRODUCTION | {"FLASK_DEBUG": switch}).is_production


@pytest.mark.parametrize("keys", ["", "  ", ","])
def test_production_refuses_missing_token_keys(keys: str) -> None:
    assert refusal(PRODUCTION | {"TOKEN_KEYS": keys}).startswith("TOKEN_KEYS: ")


def test_production_starts_with_good_secrets() -> None:
    assert load_settings(PRODUCTION).is_production


def test_production_makes_no_secrets(instance: Path) -> None:
    refusal({"EVOSYNC_ENV": "production"})

    assert not list(instance.glob("*_key*"))


def test_development_makes_its_secrets_once(instance: Path) -> None:
    first, second = load_settings({}), load_settings({})

    assert (first.secret_key, first.token_keys) == (second.secret_key, second.token_keys)
    assert len(first.secret_key) >= strength.SECRET_LENGTH
    assert sorted(path.name for path in instance.iterdir()) == ["photos", "secret_key", "token_keys"]


def test_made_secrets_are_for_their_owner_alone(instance: Path) -> None:
    load_settings({})

    assert [oct(path.stat().st_mode & 0o077) for path in [instance, *instance.iterdir()]] == ["0o0"] * 4


def test_a_folder_that_was_open_to_others_is_closed(instance: Path) -> None:
    instance.mkdir(mode=0o755)
    load_settings({})

    assert instance.stat().st_mode & 0o077 == 0


def test_the_folder_of_the_default_database_exists(instance: Path) -> None:
    load_settings(PRODUCTION)

    assert instance.is_dir()


def test_the_folder_of_the_photos_is_made_where_it_is_wanted(tmp_path: Path) -> None:
    given = tmp_path / "data" / "photos"

    assert load_settings({**SECRETS, "PHOTO_DIR": str(given)}).photo_dir == str(given)
    assert given.is_dir()


def test_a_folder_for_photos_counts_from_the_project(instance: Path) -> None:
    assert load_settings({**SECRETS, "PHOTO_DIR": "shop-photos"}).photo_dir == str(config.ROOT / "shop-photos")


@pytest.mark.parametrize("name", ["file", "file/photos", "no/such/place", "nul\0byte"])
def test_a_folder_into_which_nobody_may_write_stops_the_start(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")

    said = refusal({**SECRETS, "PHOTO_DIR": str(tmp_path / name)})
    assert said == "PHOTO_DIR: not a folder into which we may write"


def test_token_keys_are_read_newest_first() -> None:
    assert load_settings({**SECRETS, "TOKEN_KEYS": f"{KEY}, {OTHER_KEY}"}).key_ring == [KEY, OTHER_KEY]
