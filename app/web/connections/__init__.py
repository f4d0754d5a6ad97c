"""Evotor and VK: their state, connecting, checking, disconnecting."""

from flask import Blueprint

blueprint = Blueprint("connections", __name__)

from app.web.connections import views, vk_id_views  # noqa: E402, F401
