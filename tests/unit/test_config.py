"""Settings: every wrong one is named in one line, and none shows its value."""

import base64
import os
import random
import secrets
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cryptography.fernet import Fernet
from dotenv import dotenv_values

import config
from config import Settings, SettingsError, load_settings

KEY, OTHER_KEY = (base64.urlsafe_b64encode(random.Random(seed).randbytes(32)).decode() for seed in (1, 2))
STRONG = "Zq7fV2xK9mB4tR8wL1nC6yH3dG5jP0sA"
SECRETS = {"SECRET_KEY": STRONG, "TOKEN_KEYS": KEY}
PRODUCTION = {"EVOSYNC_ENV": "production", "PUBLIC_URL": "https://evosync.example.ru", **SECRETS}


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    return str(refused.value)


@pytest.mark.parametrize("wrong", ["-1", "one", "1.5"])
def test_proxies_are_counted(wrong: str) -> None:
    assert load_settings({**SECRETS, "TRUSTED_PROXIES": "2"}).trusted_proxies == 2
    assert refusal({**SECRETS, "TRUSTED_PROXIES": wrong}).startswith("TRUSTED_PROXIES: ")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where development keeps what it made, empty."""
    monkeypatch.setattr(config, "ROOT", tmp_path)
    monkeypatch.setattr(config, "INSTANCE", tmp_path / "instance")
    return tmp_path / "instance"


def test_the_defaults_are_those_of_the_contract(instance: Path) -> None:
    settings = load_settings(SECRETS)

    assert {
        "evosync_env": settings.evosync_env,
        "database_url": settings.database_url,
        "evotor_api_url": settings.evotor_api_url,
        "vk_api_url": settings.vk_api_url,
        "vk_requests_per_second": settings.vk_requests_per_second,
        "evotor_requests_per_second": settings.evotor_requests_per_second,
        "run_lease_seconds": settings.run_lease_seconds,
        "run_slice_seconds": settings.run_slice_seconds,
        "vk_read_lag_seconds": settings.vk_read_lag_seconds,
        "remove_after_days": settings.remove_after_days,
        "sync_interval_minutes": settings.sync_interval_minutes,
        "registration_open": settings.registration_open,
        "public_url": settings.public_url,
        "photo_dir": settings.photo_dir,
        "ratelimit_storage_uri": settings.ratelimit_storage_uri,
        "trusted_proxies": settings.trusted_proxies,
    } == {
        "evosync_env": "development",
        "database_url": f"sqlite:///{instance / 'evosync.db'}",
        "evotor_api_url": "https://api.evotor.ru",
        "vk_api_url": "https://api.vk.ru/method",
        "vk_requests_per_second": 3,
        "evotor_requests_per_second": 5,
        "run_lease_seconds": 300,
        "run_slice_seconds": 600,
        "vk_read_lag_seconds": 30,
        "remove_after_days": 7,
        "sync_interval_minutes": 15,
        "registration_open": True,
        "public_url": "http://localhost:8000",
        "photo_dir": str(instance / "photos"),
        "ratelimit_storage_uri": "memory://",
        "trusted_proxies": 0,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVOSYNC_ENV", "prod"),
        ("EVOTOR_API_URL", "api.evotor.ru"),
        ("VK_API_URL", "ftp://api.vk.ru"),
        ("PUBLIC_URL", "https://"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("RATELIMIT_STORAGE_URI", "memcached://127.0.0.1:11211"),
        ("RATELIMIT_STORAGE_URI", "redis:///0"),
        ("RATELIMIT_STORAGE_URI", "redis://:hidden@host:none/0"),
        ("VK_REQUESTS_PER_SECOND", "0"),
        ("VK_REQUESTS_PER_SECOND", "many"),
        ("VK_REQUESTS_PER_SECOND", "nan"),
        ("EVOTOR_REQUESTS_PER_SECOND", "-1"),
        ("RUN_LEASE_SECONDS", "5 minutes"),
        ("RUN_SLICE_SECONDS", "0"),
        ("VK_READ_LAG_SECONDS", "1.5"),
        ("REMOVE_AFTER_DAYS", "-1"),
        ("REMOVE_AFTER_DAYS", "1000"),
        ("SYNC_INTERVAL_MINUTES", "0"),
        ("REGISTRATION_OPEN", "perhaps"),
        ("TOKEN_KEYS", "not-a-fernet-key"),
        ("TOKEN_KEYS", f"{KEY},short"),
        ("TOKEN_KEYS", ","),
        ("DATABASE_URL", "evosync.db"),
        ("DATABASE_URL", "mysql://root@localhost/evosync"),
        ("DATABASE_URL", "postgresql://owner@host:port/evosync"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(name: str, value: str) -> None:
    message = refusal(SECRETS | {name: value})

    assert message.startswith(f"{name}: ")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKEN_KEYS", "not-a-fernet-key"), ("DATABASE_URL", "mysql://root:hunter2@db"), ("SECRET_KEY", "hunter2")],
)
def test_the_value_of_a_wrong_setting_is_not_told(name: str, value: str) -> None:
    assert value not in refusal(PRODUCTION | {name: value})


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(load_settings(SECRETS))

    assert STRONG not in shown
    assert KEY not in shown


# Secrets


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


def test_no_random_secret_is_taken_for_a_weak_one() -> None:
    for _ in range(3_000):
        for made in (
            secrets.token_urlsafe(48),
            secrets.token_hex(32),
            secrets.token_hex(16),
            secrets.token_urlsafe(24),
        ):
            assert not config._is_guessable(made), made
        assert not config._is_guessable(base64.urlsafe_b64decode(Fernet.generate_key()).decode("latin-1"))


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


def test_production_has_the_clock_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "moved").write_text("3600")

    assert refusal(PRODUCTION | {"EVOSYNC_CLOCK": str(tmp_path / "moved")}).startswith("EVOSYNC_CLOCK: ")


@pytest.mark.parametrize("content", [None, b"", b"soon", b"\xff\xfe"])
def test_a_clock_is_moved_by_a_file_that_holds_a_number(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "moved").write_bytes(content)

    assert refusal({"EVOSYNC_CLOCK": str(tmp_path / "moved")}).startswith("EVOSYNC_CLOCK: ")


def test_production_makes_no_secrets(instance: Path) -> None:
    refusal({"EVOSYNC_ENV": "production"})

    assert not list(instance.glob("*_key*"))


def test_development_makes_its_secrets_once(instance: Path) -> None:
    first, second = load_settings({}), load_settings({})

    assert (first.secret_key, first.token_keys) == (second.secret_key, second.token_keys)
    assert len(first.secret_key) >= config.SECRET_LENGTH
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


# Values


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://",
            "https://:443",
            "https://shop.ru:port",
            "https://shop.ru:99999",
            "https://..",
            "https://.shop.ru",
        ),
        *("https://-shop.ru", "https://shop ru", "https://" + "a" * 64 + ".ru", "https://[::1", "https://sh%6fp.ru"),
        *("https://user@shop.ru", "https://user:pass@shop.ru", "https://@shop.ru", "https://shop.ru/market"),
        *("https://shop.ru?x=1", "https://shop.ru#x", "https://shop.ru//", "//shop.ru", "shop.ru", "ftp://shop.ru"),
        *("https://" + "shop." * 60 + "ru", "https://<shop>.ru", "https://shop\\.ru"),
    ],
)
def test_an_address_that_no_browser_can_open_stops_the_start(url: str) -> None:
    said = refusal(SECRETS | {"PUBLIC_URL": url})
    assert said.startswith("PUBLIC_URL: ") and url not in said


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://Shop.RU/", "https://shop.ru"),
        ("https://shop.ru:443", "https://shop.ru"),
        ("http://localhost:80", "http://localhost"),
        ("https://магазин.рф:8443", "https://xn--80aairftm.xn--p1ai:8443"),
        ("http://[0:0::1]:8000", "http://[::1]:8000"),
    ],
)
def test_our_address_is_brought_into_the_form_of_browsers(given: str, read: str) -> None:
    assert load_settings(SECRETS | {"PUBLIC_URL": given}).public_url == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgres://owner@db/evosync", "postgresql+psycopg2://owner@db/evosync"),
        ("postgresql://owner@db/evosync", "postgresql+psycopg2://owner@db/evosync"),
        ("postgresql+psycopg2://owner@db/evosync", "postgresql+psycopg2://owner@db/evosync"),
        ("postgresql:///evosync?host=/run/postgresql", "postgresql+psycopg2:///evosync?host=/run/postgresql"),
        ("sqlite:////var/lib/evosync.db", "sqlite:////var/lib/evosync.db"),
    ],
)
def test_a_database_address_is_brought_into_the_usual_form(given: str, read: str) -> None:
    assert load_settings({**SECRETS, "DATABASE_URL": given}).database_url == read


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_switch_is_read_from_words_and_figures(text: str, value: bool) -> None:
    assert load_settings({**SECRETS, "REGISTRATION_OPEN": text}).registration_open is value


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_value_counts_as_absent(empty: str) -> None:
    assert load_settings({**SECRETS, "SYNC_INTERVAL_MINUTES": empty}).sync_interval_minutes == 15


def test_other_names_of_the_environment_are_left_alone() -> None:
    assert load_settings({**SECRETS, "PATH": "/usr/bin", "SECRET": "1"}).evosync_env == "development"


def test_settings_cannot_change() -> None:
    with pytest.raises(AttributeError):
        load_settings(SECRETS).evosync_env = "production"  # type: ignore[misc]  # that is the point


# .env


def test_the_file_is_read(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNC_INTERVAL_MINUTES", raising=False)
    (instance.parent / ".env").write_text("SYNC_INTERVAL_MINUTES=45\n")

    assert load_settings().sync_interval_minutes == 45


def test_the_environment_wins_over_the_file(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_INTERVAL_MINUTES", "60")
    (instance.parent / ".env").write_text("SYNC_INTERVAL_MINUTES=45\n")

    assert load_settings().sync_interval_minutes == 60


def test_the_example_file_names_every_setting_and_no_other() -> None:
    lines = (Path(__file__).resolve().parents[2] / ".env.example").read_text().splitlines()
    named = {line.lstrip("# ").partition("=")[0] for line in lines if "=" in line}

    assert named == {field.encode_name for field in msgspec.structs.fields(Settings)}


@pytest.mark.parametrize(
    "content",
    [
        "SECRET_KEY=Пароль\n".encode("cp1251"),
        *("SECRET_KEY=x\n".encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")),
        b"A=\xc3\x28",
    ],
)
def test_a_file_that_is_not_utf8_stops_the_start(instance: Path, content: bytes) -> None:
    (instance.parent / ".env").write_bytes(content)

    with pytest.raises(SettingsError, match=r"^\.env: not text in UTF-8$"):
        load_settings()


@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("is_filled_in", [False, True])
def test_a_dollar_in_a_value_is_part_of_it(
    instance: Path, monkeypatch: pytest.MonkeyPatch, quote: str, is_filled_in: bool
) -> None:
    """Also where the `flask` command has put the file into the environment before."""
    secret = "Zq7${HOME}fV2x$K9mB4${X:-t}R8wL1nC6yH3dG5"
    (instance.parent / ".env").write_text(f"SECRET_KEY={quote}{secret}{quote}\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    if is_filled_in:
        monkeypatch.setenv("SECRET_KEY", dotenv_values(instance.parent / ".env")["SECRET_KEY"] or "")

    assert load_settings().secret_key == secret


def test_a_file_that_cannot_be_read_stops_the_start(instance: Path) -> None:
    (instance.parent / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"^\.env: cannot be read$"):
        load_settings()


def test_the_mark_of_an_editor_hides_no_setting(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNC_INTERVAL_MINUTES", raising=False)
    (instance.parent / ".env").write_text("SYNC_INTERVAL_MINUTES=45\n", encoding="utf-8-sig")

    assert load_settings().sync_interval_minutes == 45


# The start


@pytest.mark.parametrize(
    ("name", "value"), [("EVOSYNC_ENV", "prod"), ("DATABASE_URL", "postgresql://owner@host:port/evosync")]
)
def test_a_wrong_value_stops_the_start_with_one_line(name: str, value: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=Path(__file__).resolve().parents[2],
        env={"PATH": os.environ["PATH"], **SECRETS, name: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert started.returncode != 0
    assert started.stdout == ""
    (line,) = started.stderr.splitlines()
    assert line.startswith(f"evosync: {name}: ")
