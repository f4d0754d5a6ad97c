"""A command that is imported when it is called."""

from importlib import import_module
from typing import Any

import click


class LateCommand(click.Command):
    def __init__(self, place: str, said: str) -> None:
        """`place` is "module:object", the object called as the command; `said` is the command's own help."""
        self._module, _, self._object = place.partition(":")
        super().__init__(self._object.replace("_", "-"), help=said)

    def command(self) -> click.Command:
        found: click.Command = getattr(import_module(self._module), self._object)
        return found

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The command's own, which click then goes on with."""
        return self.command().make_context(info_name, args, parent, **extra)
