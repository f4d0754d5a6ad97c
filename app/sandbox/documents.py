"""JSON objects, in which both vendors speak."""

from typing import Any

Json = dict[str, Any]
