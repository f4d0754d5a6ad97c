"""Addresses that are known when the first of them is needed."""

import threading
from collections.abc import Callable

from werkzeug.routing import Map


class LateRules(Map):
    """Filled by `fill`, once, before anything is looked for, built or listed: Werkzeug calls `update` before each."""

    def __init__(self, fill: Callable[[], None]) -> None:
        super().__init__()
        self._fill = fill
        self._is_full = self._is_filling = False
        self._one_fills = threading.RLock()

    def update(self) -> None:
        if not self._is_full:
            with self._one_fills:
                if not self._is_full and not self._is_filling:
                    self._fill_once()
        super().update()

    def _fill_once(self) -> None:
        self._is_filling = True
        try:
            self._fill()
        finally:
            self._is_filling = False
        self._is_full = True
