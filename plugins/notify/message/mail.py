"""A message as a mail in plain text."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING

from .texts import cut

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .message import Message

_MOST_IN_SUBJECT = 200
_MOST_IN_TEXT = 20_000


def mail_of(
    message: Message, at: datetime, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    """Return *message*, of what happened *at* that time, as a mail.

    Its text travels as quoted-printable: every server takes that.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = cut(message.title, _MOST_IN_SUBJECT)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    # RFC 3834: nobody's absence is to be answered to us.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(message), cte="quoted-printable")
    return mail


def _text(message: Message) -> str:
    width = max((len(fact.name) for fact in message.facts), default=0) + 1
    facts = [f"{fact.name + ':':<{width}} {_short(fact.text)}" for fact in message.facts]
    more = [f"{fact.name}: {_short(fact.text)}" for fact in message.more]
    page = [f"State page: {message.state_page}"] if message.state_page else []
    paragraphs = [message.title, _short(message.text), *more, "\n".join(facts), *page]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _short(text: str) -> str:
    return cut(text, _MOST_IN_TEXT)
