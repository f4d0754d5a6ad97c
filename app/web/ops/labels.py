"""States as operators read them: what asks the owner to do something asks nothing of them."""

from app.models import ConnectionState, EvotorConnection, RunStatus, SyncRun, VkConnection
from app.services.ops.figures import Withdrawn
from app.web import labels
from app.web.labels import Label

RUN = labels.RUN | {RunStatus.NEEDS_APPROVAL: Label("Ждёт решения владельца", "warning")}
CONNECTION: dict[str, Label] = {
    **{str(state): label for state, label in labels.CONNECTION.items()},
    ConnectionState.NEEDS_OWNER: Label("Нужно участие владельца", "warning"),
    Withdrawn.UNINSTALLED: labels.CONNECTION_BY_CODE["evotor_uninstalled"],
    Withdrawn.TERMINATED: labels.CONNECTION_BY_CODE["evotor_terminated"],
}


def connection(row: EvotorConnection | VkConnection | None) -> Label:
    found = labels.connection(row)
    return CONNECTION[ConnectionState.NEEDS_OWNER] if found == labels.CONNECTION[ConnectionState.NEEDS_OWNER] else found


def run(row: SyncRun) -> Label:
    if row.status == RunStatus.SUCCEEDED and not row.done:
        return Label("Без изменений", "success")
    return RUN[RunStatus(row.status)]
