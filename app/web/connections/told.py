"""What is said after a connection was made or checked."""

from app.models import ConnectionState
from app.web.messages import message


def connected(text: str, pause_reason: str | None) -> tuple[str, str]:
    return (f"{text} {message(pause_reason)}", "warning") if pause_reason else (text, "success")


def checked(state: ConnectionState, code: str | None, missing: str) -> tuple[str, str]:
    if state is ConnectionState.OK:
        return (message(code), "warning") if code else ("Проверили: всё работает.", "success")
    return message(missing if state is ConnectionState.DISCONNECTED else code or missing), "danger"
