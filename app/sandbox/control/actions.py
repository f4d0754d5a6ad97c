"""Registration of control actions, shared by the modules that hold them."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from app.sandbox.documents import Json
from app.sandbox.state import World

Action = Callable[[World, Json], Any]
ACTIONS: dict[str, Action] = {}


def action(path: str) -> Callable[[Action], Action]:
    def register(function: Action) -> Action:
        ACTIONS[path] = function
        return function

    return register


def set_fields(target: Any, values: Json) -> Json:
    """Set known fields only, so that a misspelt switch does not pass unnoticed."""
    known = {field.name for field in fields(target)}
    if unknown := values.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        setattr(target, name, value)
    return {"ok": True}
