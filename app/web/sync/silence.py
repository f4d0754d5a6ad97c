"""What is said while a vendor answers nobody, and runs wait for it."""

from collections.abc import Mapping

from app.services.vendors import circuits
from app.services.vendors.circuits import Silence
from app.web import labels
from app.web.formatting import since


def not_answering(silence: Silence) -> str:
    """«ВК не отвечает сегодня с 14:05», without a full stop."""
    return f"{labels.VENDOR[silence.vendor]} не отвечает {since(silence.since)}"


def waiting(silence: Silence) -> str:
    """The same for whoever waits for an update."""
    return f"{not_answering(silence)}. Обновим сами, как только ответит."


def told_beside_connections() -> Mapping[str, str]:
    """By vendor: for owners whether they wait for an update or not."""
    return {
        vendor: f"{not_answering(Silence(vendor, moment))}. Делать ничего не нужно: мы сами узнаем, когда ответит."
        for vendor, moment in circuits.silent_since().items()
    }


def queued() -> str:
    """After a press that asks for an update."""
    silence = circuits.silence(circuits.needed(is_order=False))
    if silence is not None:
        return f"Обновление поставлено в очередь. {not_answering(silence)}: начнём, как только ответит."
    return "Обновление поставлено в очередь и скоро начнётся."


def ordered(deed: str) -> str:
    """After a press that asks for `deed`, which needs VK alone."""
    silence = circuits.silence(circuits.needed(is_order=True))
    return f"Скоро {deed}." if silence is None else f"{not_answering(silence)}: {deed}, как только ответит."
