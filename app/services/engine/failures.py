"""How a run ends that could not go on."""

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from app.clients.vk.errors import FAULT_HOLDS, OWNER_HOLDS, Treatment, VkError
from app.db import is_contention
from app.logs import get_logger
from app.models import RunStatus
from app.services.engine.context.vk_findings import FoundState, VkFindings
from app.services.runs import records
from app.services.runs.codes import ACCOUNT_DELETED, CHANGED_MEANWHILE, DATABASE_LOST, INTERNAL
from app.services.runs.ending import End
from app.services.vendors.faults import vk_code, vk_state

log = get_logger()

_TWICE_OR_GONE = (
    *("UniqueViolation", "ForeignKeyViolation"),
    *("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_FOREIGNKEY"),
)
"""How databases call the breach of a rule that two writers together commit, each of them by itself in the right."""
_FROM_VK = "vk_item_id"
"""Ids that stand in a record by VK's word alone: that one stands there twice is no page's doing."""


def end_after_vk_error(findings: VkFindings, error: VkError) -> End:
    """The owner's problem stops this user's run and is noted of the connection; VK's own passes by itself."""
    code = vk_code(error)
    if error.token_rejected or error.treatment is Treatment.ASK:
        if findings.use.current() is None:  # nobody asks for that token or community any more
            return End(RunStatus.CONTINUED, CHANGED_MEANWHILE, at_once=True)
        findings.note_state(FoundState(vk_state(error), code, error.redirect_uri))
        return End(RunStatus.STOPPED, code, error.message, error.holds or OWNER_HOLDS)
    if error.treatment is Treatment.STOP:
        log.error("vk_refuses_application", user_id=findings.use.user_id, code=code)
        return End(RunStatus.FAILED, code, error.message, error.holds or OWNER_HOLDS)
    return End(RunStatus.CONTINUED, code, error.message, error.holds or FAULT_HOLDS)


def end_after_unforeseen(error: Exception, user_id: int, run_id: int) -> End:
    """After a rollback. Raises a database error where the database is away."""
    if isinstance(error, OperationalError | InterfaceError) and not is_contention(error):
        log.error(DATABASE_LOST, user_id=user_id, run_id=run_id, error=type(error.orig).__name__)
        return End(RunStatus.FAILED, DATABASE_LOST, pauses=FAULT_HOLDS)
    if not records.is_there(run_id):
        log.info(ACCOUNT_DELETED, user_id=user_id, run_id=run_id)
        return End(RunStatus.STOPPED, ACCOUNT_DELETED)
    if _wrote_the_same_rows(error):
        # The owner's pages and this run did; the next run plans by what stands there now.
        log.info(CHANGED_MEANWHILE, user_id=user_id, run_id=run_id)
        return End(RunStatus.CONTINUED, CHANGED_MEANWHILE, pauses=(1, *FAULT_HOLDS))
    log.error("run_failed", user_id=user_id, run_id=run_id, exc_info=error)
    return End(RunStatus.FAILED, INTERNAL, pauses=FAULT_HOLDS)


def _wrote_the_same_rows(error: Exception) -> bool:
    if isinstance(error, IntegrityError):
        kind = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
        return kind in _TWICE_OR_GONE and _FROM_VK not in str(error.orig)
    return is_contention(error) or isinstance(error, StaleDataError | ObjectDeletedError)
