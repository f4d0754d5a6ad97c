"""The product as an operator starts it: gunicorn on a free port, commands in processes of their own, one database."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import requests
from cryptography.fernet import Fernet
from werkzeug.routing import Rule

from app import create_app
from app.db import Base, db
from app.web.access import PUBLIC
from config import load_settings
from tests.support.sandbox import CLUB, Sandbox
from tests.support.zygote import ROOT, Zygote

GUNICORN = "gunicorn --log-level warning"
PATIENCE_SECONDS = 120
NO_PAGES = PUBLIC | {
    *("photos.card", "catalog.export_csv", "photos.photo"),
    *("connections.authorize_vk", "connections.vk_callback"),
}
"""For visitors, files, or steps on the way to VK and back."""


class Product:
    """Over a database that is migrated or made by `flask("db", "upgrade")`; `log` holds what its processes print."""

    def __init__(self, database: Path, sandbox: Sandbox, log: Path, *, workers: int = 1, **changed: str) -> None:
        self.sandbox, self._database, self._log = sandbox, database, log
        self._environment = {
            "EVOSYNC_ENV": "development",
            "DATABASE_URL": f"sqlite:///{database}",
            "SECRET_KEY": "a secret of the tests that is long enough",
            "SMTP_URL": "smtp://127.0.0.1:9",  # nobody listens there: mails wait
            "MAIL_FROM": "evosync@example.ru",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "EVOTOR_API_URL": sandbox.evotor_url,
            "VK_API_URL": sandbox.vk_url,
            "VK_REQUESTS_PER_SECOND": "10000",
            "EVOTOR_REQUESTS_PER_SECOND": "10000",
            "VK_READ_LAG_SECONDS": "1",
            "WEB_CONCURRENCY": str(workers),
            **changed,
        }
        self._app = create_app(load_settings(self._environment))
        self._zygote = Zygote(self._environment, log)
        self._server, self.url = start_server(self._environment, log)
        requests.get(f"{self.url}/login", timeout=PATIENCE_SECONDS).raise_for_status()

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(timeout=10)
        self._zygote.stop()
        with self._app.app_context():
            db.engine.dispose()

    def flask(self, *arguments: str) -> None:
        """A command that must end well."""
        self._zygote.run_well(*arguments)

    def sync(self) -> None:
        """What cron does every minute: everybody whose time has come."""
        self.flask("sync", "run", "--due")

    def shop_window(self, club: int = CLUB) -> str:
        """Address of what the buyers see."""
        return f"{self.sandbox.url}/ui/club{club}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Services and models at hand, in a session of their own, which is committed at the end."""
        with self._app.app_context():
            yield
            db.session.commit()
            db.session.remove()

    def pages(self, **examples: str) -> list[str]:
        """Addresses of all that a signed-in owner can open; those with parts that have no example are left out."""
        addresses = self._app.url_map.bind("")
        return [
            addresses.build(rule.endpoint, {name: examples[name] for name in rule.arguments})
            for rule in self._page_rules()
            if rule.arguments <= examples.keys()
        ]

    def parts_of_addresses(self) -> set[str]:
        """What the addresses of pages have in them: ids of stores, of runs."""
        return {name for rule in self._page_rules() for name in rule.arguments}

    def _page_rules(self) -> Iterator[Rule]:
        for rule in self._app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES:
                yield rule

    def empty(self) -> None:
        """The servers go on; nobody is registered any more."""
        with closing(sqlite3.connect(self._database, timeout=10)) as connection, connection:
            for table in [*(table.name for table in Base.metadata.sorted_tables), "sqlite_sequence"]:
                connection.execute(f"DELETE FROM {table}")


def start_server(environment: Mapping[str, str], log: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], str]:
    """Process and address. The socket is open before gunicorn is up: its first visitor needs no more than patience.

    `arguments`: of gunicorn, such as another application.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("ab") as output:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = subprocess.Popen(
            [sys.executable, "-m", *GUNICORN.split(), "--bind", f"fd://{listening.fileno()}", *arguments],
            cwd=ROOT,
            env={**os.environ, "PUBLIC_URL": url, **environment},
            pass_fds=[listening.fileno()],
            stderr=output,
        )
        return server, url
