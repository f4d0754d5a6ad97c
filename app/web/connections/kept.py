"""The key of the last try, in the session: the page never holds it."""

from flask import session

from app.domain.account.pasted import Service
from app.services.connections import kept_keys
from app.web.access import owner


def kept(service: Service) -> str | None:
    sealed = session.get(_name(service))
    return kept_keys.unseal(owner(), service, sealed) if isinstance(sealed, str) else None


def keep(service: Service, key: str) -> None:
    """In the place of an older one, also where it is too long to be kept itself."""
    forget(service)
    if (sealed := kept_keys.seal(owner(), service, key)) is not None:
        session[_name(service)] = sealed


def forget(service: Service) -> None:
    session.pop(_name(service), None)


def _name(service: Service) -> str:
    return f"kept_{service}_key"
