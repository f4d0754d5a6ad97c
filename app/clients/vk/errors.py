"""VK's error codes by name, how we treat each, and the error that a call ends with."""

from enum import StrEnum

from app.clients.errors import ApiError


class Treatment(StrEnum):
    RETRY = "retry"
    """The same call again, after a pause."""
    WAIT = "wait"
    """Leave the whole token alone for a while, then the same call again."""
    REFRESH = "refresh"
    """Renew the token once, then the same call again; refused again: ask the user to reconnect."""
    UPLOAD = "upload"
    """Take a new upload address and send the picture again."""
    POSTPONE = "postpone"
    """Stop the run and go on another time: after `retry_after`."""
    ASK = "ask"
    """Stop this user's run and tell the user what to do."""
    STOP = "stop"
    """Stop this user's run and alert us: the application or our code is at fault."""
    FAIL = "fail"
    """Mark this product failed with its reason and go on."""
    ADJUST = "adjust"
    """Leave out what VK refused (links; stock and variants), repeat once, else fail."""
    SKIP = "skip"
    """A limit or a lesser step: leave it out, go on, tell the user."""
    HEAL = "heal"
    """Our records are behind: correct them and go on."""
    OK = "ok"
    """What was asked is already so."""


MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
OWNER_HOLDS = (HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, DAY)
"""What only a person can mend is asked about less and less often."""
FAULT_HOLDS = (5 * MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR)
"""What mends itself is tried again soon, then less often."""
# Every code that a part of the program knows; what is done about it stands in the table, app.clients.vk.error_table.
INVALID_TOKEN = 5
TOO_MANY_PER_SECOND = 6
NOT_PERMITTED = 7
FLOOD = 9
SCRIPT_BROKE = 13
CAPTCHA = 14
ACCESS_DENIED = 15
VALIDATION = 17
USER_DELETED = 18
UPLOAD_FAILED = 22
COMMUNITY_TOKEN = 27
SERVICE_TOKEN = 28
METHOD_QUOTA = 29
USER_BANNED = 37
SECTION_OFF = 43
WRONG_PARAMETER = 100
BAD_APPLICATION_ID = 101
OUT_OF_LIMITS = 103
NOT_FOUND = 104
BAD_USER_ID = 113
UNKNOWN_ALBUM = 114
BAD_GROUP_ID = 125
NO_ACCESS_TO_COMMUNITY = 200
NO_ACCESS_TO_GROUP = 203
NO_MARKET_RIGHTS = 205
HIDDEN_COMMUNITIES = 260
EXPIRED_TOKEN = 1117
ALBUM_GONE = 1402
ITEM_GONE = 1403
SHOP_FULL = 1405
ALBUM_FULL = 1406
ALBUMS_FULL = 1407
BAD_LINKS = 1408
NOT_EXTENDED, NO_VARIANTS = 1409, 1410
SHOP_OFF, SHOP_DISABLED = 1438, 1525
TOKEN_NEEDS_EXTENSION = 3609
USER_DEACTIVATED, USER_NOT_ACTIVE = 3610, 3611

PAGE_CODES = (CAPTCHA, VALIDATION)
"""VK has a page that a person must open."""
COMMUNITY_CODES = (
    *(BAD_GROUP_ID, NO_ACCESS_TO_COMMUNITY, NO_ACCESS_TO_GROUP, NO_MARKET_RIGHTS, HIDDEN_COMMUNITIES),
    *(SHOP_OFF, SHOP_DISABLED),
)
"""Another community may do where these came."""
KEY_CODES = (
    *(
        INVALID_TOKEN,
        EXPIRED_TOKEN,
        TOKEN_NEEDS_EXTENSION,
        NOT_PERMITTED,
        ACCESS_DENIED,
        COMMUNITY_TOKEN,
        SERVICE_TOKEN,
    ),
    *(USER_DELETED, USER_BANNED, USER_DEACTIVATED, USER_NOT_ACTIVE, BAD_APPLICATION_ID, BAD_USER_ID),
)
"""The same token will not do the next time either."""


TOO_LARGE = "size"
"""As the reason of an error: less at once may do."""


def stored(code: int) -> str:
    """As a code of VK stands in our records and is looked up among the sentences: vk_205."""
    return f"vk_{code}"


class VkError(ApiError):
    """`code` None means that no VK error came: no connection, HTTP 5xx, not JSON, a needed field missing.

    `message` is VK's `error_msg`, `suffix` its part after the colon for code 100, `redirect_uri` the page that a
    person has to open (captcha, validation). `treatment` is what is left to do after our own repeats, `holds` the
    seconds to leave the token alone the first, second, … time in a row. `method` is what was called. `reason` tells
    one case of a code from the others.
    """

    def __init__(
        self,
        treatment: Treatment,
        *,
        code: int | None = None,
        subcode: int | None = None,
        message: str = "",
        suffix: str = "",
        redirect_uri: str | None = None,
        permanent: bool = False,
        holds: tuple[float, ...] = (),
        method: str = "",
        token_rejected: bool = False,
        outcome_unknown: bool = False,
        status: int | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(
            "vk",
            f"error {code}, {treatment}" if code is not None else f"no answer, {treatment}",
            permanent=permanent,
            retry_after=holds[0] if holds else None,
            token_rejected=token_rejected,
            outcome_unknown=outcome_unknown,
            status=status,
        )
        self.treatment = treatment
        self.holds = holds
        self.method = method
        self.code = code
        self.subcode = subcode
        self.message = message
        self.suffix = suffix
        self.redirect_uri = redirect_uri
        self.reason = reason
