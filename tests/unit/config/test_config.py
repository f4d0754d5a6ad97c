"""Settings: every wrong one is named in one line, and none shows its value."""

from pathlib import Path

import pytest

from config import load_settings
from tests.support.settings import KEY, PRODUCTION, SECRETS, STRONG, refusal


@pytest.mark.parametrize("wrong", ["-1", "one", "1.5"])
def test_proxies_are_counted(wrong: str) -> None:
    assert load_settings({**SECRETS, "TRUSTED_PROXIES": "2"}).trusted_proxies == 2
    assert refusal({**SECRETS, "TRUSTED_PROXIES": wrong}).startswith("TRUSTED_PROXIES: ")


def test_the_defaults_are_those_of_the_contract(instance: Path) -> None:
    settings = load_settings(SECRETS)

    assert {
        "evosync_env": settings.evosync_env,
        "database_url": settings.database_url,
        "evotor_api_url": settings.evotor_api_url,
        "vk_api_url": settings.vk_api_url,
        "vk_requests_per_second": settings.vk_requests_per_second,
        "evotor_requests_per_second": settings.evotor_requests_per_second,
        "vk_batch_size": settings.vk_batch_size,
        "vk_photo_batch_size": settings.vk_photo_batch_size,
        "vk_uploads_at_once": settings.vk_uploads_at_once,
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
        "vk_batch_size": 25,
        "vk_photo_batch_size": 5,
        "vk_uploads_at_once": 3,
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
        ("CELERY_BROKER_URL", "sqs://hidden@"),
        ("CELERY_BROKER_URL", "redis://"),
        ("CELERY_BROKER_URL", "amqp://guest:hidden@host:none/name"),
        ("VK_REQUESTS_PER_SECOND", "0"),
        ("VK_REQUESTS_PER_SECOND", "many"),
        ("VK_REQUESTS_PER_SECOND", "nan"),
        ("EVOTOR_REQUESTS_PER_SECOND", "-1"),
        ("VK_BATCH_SIZE", "0"),
        ("VK_BATCH_SIZE", "26"),
        ("VK_PHOTO_BATCH_SIZE", "0"),
        ("VK_PHOTO_BATCH_SIZE", "11"),
        ("VK_UPLOADS_AT_ONCE", "0"),
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
