"""What is stored of a connection."""

from app.db import db
from app.models import VkConnection


def stored_vk() -> VkConnection | None:
    return db.session.query(VkConnection).one_or_none()
