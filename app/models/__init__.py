"""Tables, a file per subject. `from app.models import …` has them all; one file imported by itself has its own.

A command that reads two tables is not to pay for thirty.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.orm import Mapper

if TYPE_CHECKING:
    from app.models.all import *  # noqa: F403  # the names stand there
else:

    def __getattr__(name: str) -> Any:
        return getattr(import_module("app.models.all"), name)


@event.listens_for(Mapper, "before_configured")
def _have_all() -> None:
    """Relations name the classes of other files."""
    import_module("app.models.all")
