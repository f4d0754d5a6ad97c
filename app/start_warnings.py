"""What production allows and an operator should know of, said in the log at every start."""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy

import config
from app.logs import get_logger
from config import OTHERS, Settings, travels_in_clear


def warn(settings: Settings) -> None:
    for event, facts in _found(settings):
        get_logger().warning(event, **facts)


def _found(settings: Settings) -> Iterator[tuple[str, dict[str, object]]]:
    database = sqlalchemy.make_url(settings.database_url)
    if database.get_backend_name() == "sqlite":
        yield "sqlite_in_production", {}
    for name in ("evotor_api_url", "vk_api_url"):
        if travels_in_clear(getattr(settings, name)):
            yield "tokens_travel_in_clear", {"setting": name.upper()}
    for path in (config.ROOT / ".env", config.INSTANCE, *_data(settings, database)):
        if _is_open_to_others(path):
            yield "others_have_rights", {"path": path}


def _data(settings: Settings, database: sqlalchemy.URL) -> Iterator[Path]:
    yield Path(settings.photo_dir)
    if database.get_backend_name() == "sqlite" and database.database:
        yield Path(database.database)


def _is_open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False
