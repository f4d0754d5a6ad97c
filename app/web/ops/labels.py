"""States as operators read them: what asks the owner to do something asks nothing of them."""

from app.models import ConnectionState, EvotorConnection, RunStatus, VkConnection
from app.web import labels
from app.web.labels import Label

RUN = labels.RUN | {RunStatus.NEEDS_APPROVAL: Label("Ждёт решения владельца", "warning")}
CONNECTION = labels.CONNECTION | {ConnectionState.NEEDS_OWNER: Label("Нужно участие владельца", "warning")}


def connection(row: EvotorConnection | VkConnection | None) -> Label:
    found = labels.connection(row)
    return CONNECTION[ConnectionState.NEEDS_OWNER] if found == labels.CONNECTION[ConnectionState.NEEDS_OWNER] else found
