import click
from flask.cli import with_appcontext

from app.cli.command import CommandError, ExitCode, OneLineGroup
from app.clients.smtp import Blame, MailError
from app.context import settings
from app.services.accounts.addresses import normalise_email
from app.services.errors import NotAnAddress

_REFUSED = {
    Blame.SERVER: "the mail server cannot be reached, or broke off",
    Blame.ENCRYPTION: "the mail server offers no encryption that can be trusted",
    Blame.LOGIN: "the mail server refuses user and password of SMTP_URL",
    Blame.SENDER: "the mail server refuses the sender, MAIL_FROM",
    Blame.RECIPIENT: "the mail server refuses the recipient",
    Blame.MESSAGE: "the mail server refuses the mail",
}


@click.group(cls=OneLineGroup)
def mail() -> None:
    """Outgoing mail."""


@mail.command()
@click.argument("email")
@with_appcontext
def test(email: str) -> None:
    """Send one mail to EMAIL now, and say what the mail server answered."""
    try:
        address = normalise_email(email)
    except NotAnAddress:
        raise click.UsageError(f"{email!r} is not an e-mail address") from None
    if not settings().has_mail:
        raise CommandError("SMTP_URL is not set: there is no mail", ExitCode.FAILED)
    from app.services.mail import delivery, letters

    try:
        answer = delivery.send_now(letters.test_letter(), address)
    except MailError as error:
        said = f": {error.answer}" if error.answer else ""
        raise CommandError(f"{_REFUSED[error.blame]}{said}", ExitCode.FAILED) from None
    click.echo(f"the mail server took it: {answer}")
