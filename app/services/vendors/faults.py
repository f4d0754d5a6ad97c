"""What a vendor's error means for the connection that met it."""

from app.clients.evotor.errors import EvotorError, EvotorFault
from app.clients.vk.errors import (
    ACCESS_DENIED,
    COMMUNITY_TOKEN,
    NO_ACCESS_TO_COMMUNITY,
    NO_ACCESS_TO_GROUP,
    NO_MARKET_RIGHTS,
    NOT_PERMITTED,
    SERVICE_TOKEN,
    SHOP_DISABLED,
    SHOP_OFF,
    Treatment,
    VkError,
    stored,
)
from app.clients.vk.tokens import ID_EXPIRED, ID_UNREACHABLE
from app.models import ConnectionState

UNREACHABLE = "vk_unreachable"
EVOTOR_SILENT = tuple(f"evotor_{kind}" for kind in (EvotorFault.UNREACHABLE, EvotorFault.SERVER_ERROR))
_NO_RIGHT = {
    NOT_PERMITTED,
    ACCESS_DENIED,
    COMMUNITY_TOKEN,
    SERVICE_TOKEN,
    NO_ACCESS_TO_COMMUNITY,
    NO_ACCESS_TO_GROUP,
    NO_MARKET_RIGHTS,
}
_SHOP_CLOSED = {SHOP_OFF, SHOP_DISABLED}


def evotor_state(error: EvotorError) -> ConnectionState:
    if error.kind is EvotorFault.UNAUTHORIZED:
        return ConnectionState.TOKEN_REJECTED
    return ConnectionState.FORBIDDEN if error.kind is EvotorFault.FORBIDDEN else ConnectionState.UNAVAILABLE


def evotor_code(error: EvotorError) -> str:
    return f"evotor_{error.kind}"


def vk_state(error: VkError) -> ConnectionState:
    if error.token_rejected:
        return ConnectionState.TOKEN_REJECTED
    if error.code in _NO_RIGHT:
        return ConnectionState.FORBIDDEN
    if error.code in _SHOP_CLOSED:
        return ConnectionState.SHOP_CLOSED
    return ConnectionState.NEEDS_OWNER if error.treatment is Treatment.ASK else ConnectionState.UNAVAILABLE


def vk_code(error: VkError) -> str:
    """vk_205; vk_5_ip where the code alone does not tell."""
    if error.code is None:
        return UNREACHABLE
    if error.reason in (ID_EXPIRED, ID_UNREACHABLE):
        return error.reason
    return f"{stored(error.code)}_{error.reason}" if error.reason else stored(error.code)
