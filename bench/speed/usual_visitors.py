"""The same people behind the library with which scripts usually ask: its own work is then a part of each time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from bench.speed.visitors import PATIENCE_SECONDS, Answer, Refused, Visitor


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass
class UsualVisitor(Visitor):
    session: requests.Session = field(default_factory=_session)

    def bare(self) -> None:
        answer = self.session.get(f"http://127.0.0.1:{self.bare_port}/", timeout=PATIENCE_SECONDS)
        if answer.status_code != 200:
            raise Refused(f"the bare page: {answer.status_code}")

    def _send(
        self,
        method: str,
        path: str,
        fields: Mapping[str, object] | None = None,
        more: Mapping[str, str] | None = None,
        *,
        packed: bool = True,
    ) -> Answer:
        answer = self.session.request(
            method,
            f"http://127.0.0.1:{self.port}{path}",
            data=fields,
            headers=more,
            allow_redirects=False,
            timeout=PATIENCE_SECONDS,
        )
        return Answer(answer.status_code, f"location: {answer.headers.get('Location', '')}".encode(), answer.content)
