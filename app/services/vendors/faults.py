"""What a vendor's error means for the connection that met it."""

from app.clients.evotor.errors import EvotorError, EvotorFault
from app.clients.vk.errors import Treatment, VkError
from app.models import ConnectionState

MARKET_RIGHT = 1 << 27
_NO_RIGHT = {7, 15, 27, 28, 200, 203, 205}
_SHOP_CLOSED = {1438, 1525}


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
    return ConnectionState.NEEDS_OWNER if error.action is Treatment.ASK else ConnectionState.UNAVAILABLE


def vk_code(error: VkError) -> str:
    """vk_205; vk_5_ip where the code alone does not tell."""
    return (
        "_".join(["vk", str(error.code), *filter(None, [error.reason])]) if error.code is not None else "vk_unreachable"
    )
