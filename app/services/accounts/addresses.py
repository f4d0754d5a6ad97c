"""E-mail addresses in the one form in which they are kept and compared."""

import unicodedata

from app.services.errors import NotAnAddress

BLANK = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Categories of signs that nobody sees: copied along with an address, they are no part of it."""


def normalise_email(written: str) -> str:
    """In lower case, of usual width, the domain in IDNA's ASCII form. Asks nobody. Raises NotAnAddress."""
    from email_validator import EmailNotValidError, validate_email

    try:
        address = validate_email(_folded(written), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise NotAnAddress from None
    if "=?" in address.local_part:  # an encoded word: mail programs would read other addresses in it
        raise NotAnAddress
    return f"{address.local_part}@{address.ascii_domain}".lower()


def new_address(written: str) -> str:
    """For an account that its owner makes: most mail servers want ASCII before the @, too. An operator may know better.

    Raises NotAnAddress.
    """
    address = normalise_email(written)
    if not address.isascii():
        raise NotAnAddress
    return address


def comparable(written: str) -> str:
    """The normal form to look for; what is no address is looked for as it stands, and not found."""
    try:
        return normalise_email(written)
    except NotAnAddress:
        return _folded(written)


def _folded(written: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", written).lower())
    return trimmed(text).rstrip(".")


def trimmed(text: str) -> str:
    """Without what nobody sees at its ends."""
    seen = [at for at, char in enumerate(text) if unicodedata.category(char) not in BLANK]
    return text[seen[0] : seen[-1] + 1] if seen else ""
