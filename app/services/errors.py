"""What a service refuses to do, as codes; their Russian sentences are chosen in web/messages.py."""


class ServiceError(Exception):
    """Expected, and nothing was changed."""

    code = "refused"

    def __init__(self, code: str | None = None) -> None:
        super().__init__(code or self.code)
        self.code = code or self.code


class NotAnAddress(ServiceError):
    code = "not_an_address"


class EmailTaken(ServiceError):
    code = "email_taken"


class BadCredentials(ServiceError):
    code = "bad_credentials"


class LinkExpired(ServiceError):
    """The link of a mail is too old, was used, or was never given."""

    code = "link_expired"


class SessionEnded(ServiceError):
    """The device that asked was signed out while its request was under way."""

    code = "session_ended"


class TooManyAttempts(ServiceError):
    code = "too_many_attempts"

    def __init__(self, seconds_left: int) -> None:
        """Until the lock ends, if nobody proves to be the owner before."""
        super().__init__()
        self.seconds_left = seconds_left


class UnknownEntity(ServiceError):
    code = "unknown_entity"


class BadPhoto(ServiceError):
    """The file cannot serve as the photo of a product; the code says why."""


class ConnectionRefused(ServiceError):
    """A vendor did not accept the key; the code says why. `way_out`: a page of VK's that has to be opened first."""

    def __init__(self, code: str, way_out: str | None = None) -> None:
        super().__init__(code)
        self.way_out = way_out


class VkUnavailable(ServiceError):
    """VK was asked and did not tell; the code says why."""


class NotReady(ServiceError):
    """The configuration may not be enabled or confirmed yet; the code says why."""
