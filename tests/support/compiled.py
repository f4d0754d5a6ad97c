"""Templates, statements and addresses compiled once for all the applications of a test process."""

from collections.abc import Callable
from types import CodeType
from typing import Any

from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from werkzeug.routing import Rule


class CompiledTemplates(BytecodeCache):
    """A template that has changed meanwhile is another one: its checksum tells."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


class CompiledStatements:
    """Of all engines of a dialect together: SQLAlchemy keeps them by the dialect's identity, each in its own engine."""

    def __init__(self) -> None:
        self._shared: dict[str, tuple[Dialect, dict[Any, Any]]] = {}

    def share(self, engine: Engine) -> None:
        name, compiled = engine.dialect.name, dict[Any, Any]()
        if name in self._shared:
            engine.dialect, compiled = self._shared[name]
        else:
            mine = engine.dialect, compiled
            # Before it has seen a server a dialect does not know enough to be another engine's.
            event.listen(engine, "engine_connect", lambda _connection: self._shared.setdefault(name, mine), once=True)
        engine.update_execution_options(compiled_cache=compiled)


def share_addresses() -> None:
    """Werkzeug writes and compiles two functions for each route of each application; what they go by is their rule."""
    compiled: dict[Any, Callable[..., tuple[str, str]]] = {}
    compile_one = Rule._compile_builder

    def shared(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_one(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = shared  # type: ignore[assignment,method-assign]  # as itself, but for the class
