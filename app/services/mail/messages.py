"""A letter as the net takes it, with the headers that tell programs what it is."""

from datetime import UTC
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from app.clock import utcnow
from app.context import settings
from app.services.errors import NotAnAddress
from app.services.mail.letters import Letter

_POLICY = SMTP.clone(max_line_length=900)
"""An address in a header stays in one piece, unlike in the lines of 78 that others prefer."""


def message_of(letter: Letter, recipient: str) -> EmailMessage:
    """Whatever stands in a header is bounded and in one line: the library refuses anything else.

    Raises NotAnAddress where programs would read other recipients in the header than the one.
    """
    name, address = settings().mail_sender
    message = EmailMessage(_POLICY)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = _to(recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(utcnow().replace(tzinfo=UTC))
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    if letter.stop_url:
        message["List-Unsubscribe"] = f"<{letter.stop_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text, cte="base64")
    message.add_alternative(letter.html, subtype="html", cte="base64")
    return message


def _to(recipient: str) -> str:
    try:
        read = [address.addr_spec for address in _POLICY.header_factory("To", recipient).addresses]
    except (ValueError, HeaderParseError):
        raise NotAnAddress from None
    if read != [recipient]:
        raise NotAnAddress
    return recipient
