"""A real browser's window, and what no page of ours may do in it."""

import os
import shutil
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}

COMPLAIN = """
(() => {
  const checkWidth = () => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) console.error(`scrolls sideways: ${scrollWidth} > ${clientWidth}`);
  };
  addEventListener("load", checkWidth);
  addEventListener("htmx:afterSettle", checkWidth);
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    console.error(`against the policy: ${violatedDirective} ${blockedURI}`));
})();
"""
"""Runs in every page before anything of its own."""


def chromium() -> str:
    """The browser of this machine, never one that is downloaded. Raises FileNotFoundError where there is none."""
    if path := shutil.which(os.environ.get("CHROMIUM", "chromium")):
        return path
    raise FileNotFoundError("no Chromium here: install the package chromium, or name one in CHROMIUM")


@dataclass
class Watch:
    """Listens to all that a browser's windows do; `complaints` must stay empty."""

    context: BrowserContext
    refused: set[int] = field(default_factory=set)
    """Statuses that the test provokes."""
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.add_init_script(COMPLAIN)
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self._complain(error.page, f"script: {error.error}"))
        self.context.on("response", self._on_response)
        self.context.on("requestfailed", self._on_failure)

    def check(self) -> None:
        assert not self.complaints, "\n".join(self.complaints)

    def _complain(self, page: Page | None, what: str) -> None:
        self.complaints.append(f"{page.url if page else 'nowhere'}: {what}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # Of statuses the answers tell more.
        if message.type in ("error", "warning") and "the server responded with a status" not in message.text:
            self._complain(message.page, f"console: {message.text}")

    def _on_response(self, answer: Response) -> None:
        if answer.status >= 400 and answer.status not in self.refused:
            self.complaints.append(f"{answer.status} {answer.request.method} {answer.url}")

    def _on_failure(self, request: Request) -> None:
        # The page was left before the answer came: a poll for progress may be under way.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure} {request.method} {request.url}")
