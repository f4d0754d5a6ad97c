"""Why a run ended, as it stands in its row. What a vendor's error is called: app.services.vendors.faults."""

from app.clients.vk.errors import METHOD_QUOTA, stored

CANCELLED, SWITCHED_OFF, CHANGED_MEANWHILE = "cancelled", "switched_off", "changed_meanwhile"
HALTED = "halted"
"""By an operator: `User.halted_at`."""
OTHER_ORDER = "other_order"
"""The owner ordered something in one piece, which comes first."""
TIME_SLICE = "time_slice"
NEEDS_APPROVAL = "needs_approval"
LOST_ANSWERS = "lost_answers"
ORDER_REFUSED = "order_refused"
QUOTA_USED_UP = stored(METHOD_QUOTA)
STRANGE_ERRORS = "vk_strange_errors"
"""One after another, and none of a kind that we know."""
ACCOUNT_DELETED = "account_deleted"
WORKER_LOST = "worker_lost"
DATABASE_LOST = "database_lost"
INTERNAL = "internal"
