"""All tables. Importing this module makes the whole schema known to Alembic."""

from app.models.catalog import (
    CatalogCount,
    CatalogGroup,
    CatalogProduct,
    CatalogStore,
    CatalogUnreadable,
    StoreState,
)
from app.models.connection import (
    ConnectionState,
    EvotorConnection,
    EvotorKeptToken,
    Vendor,
    VendorCircuit,
    VkConnection,
    VkPendingAccess,
    VkSignIn,
)
from app.models.event import AccountEvent, EventKind
from app.models.listing import AlbumState, ForeignItem, Listing, VkAlbum, VkCategoryList
from app.models.mail import MailKind, OutgoingMail
from app.models.photo import Photo, Pictured
from app.models.plan import KeptPart, KeptPlan
from app.models.run import EntryOutcome, RunStage, RunStatus, RunTrigger, SyncApproval, SyncRun, SyncRunEntry
from app.models.session import SignInFailures, UserSession
from app.models.sync import Lane, OwnerOrder, QueueSlots, RuleChange, SyncConfig, SyncFilter, SyncState
from app.models.user import User

__all__ = [
    "AccountEvent",
    "AlbumState",
    "CatalogCount",
    "CatalogGroup",
    "CatalogProduct",
    "CatalogStore",
    "CatalogUnreadable",
    "ConnectionState",
    "EntryOutcome",
    "EventKind",
    "EvotorConnection",
    "EvotorKeptToken",
    "ForeignItem",
    "KeptPart",
    "KeptPlan",
    "Lane",
    "Listing",
    "MailKind",
    "OutgoingMail",
    "OwnerOrder",
    "Photo",
    "Pictured",
    "QueueSlots",
    "RuleChange",
    "RunStage",
    "RunStatus",
    "RunTrigger",
    "SignInFailures",
    "StoreState",
    "SyncApproval",
    "SyncConfig",
    "SyncFilter",
    "SyncRun",
    "SyncRunEntry",
    "SyncState",
    "User",
    "UserSession",
    "Vendor",
    "VendorCircuit",
    "VkAlbum",
    "VkCategoryList",
    "VkConnection",
    "VkPendingAccess",
    "VkSignIn",
]
