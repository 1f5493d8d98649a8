"""What a mail server and an HTTP server on this machine were given."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import Message

    from aiosmtpd.smtp import SMTP, Envelope, Session

USER, PASSWORD = "robot", "canary-password"


@dataclass
class Mailbox:
    """A mail server that wants a password, and what it was given."""

    port: int = 0
    mails: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The server as Apprise spells it."""
        return (
            f"mailto://{USER}:{PASSWORD}@127.0.0.1:{self.port}"
            "?from=migrate@example.com&to=ops@example.com&mode=insecure"
        )

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail of somebody who has logged in."""
        if not session.authenticated:
            return "530 who are you?"
        content = envelope.content
        self.mails.append(message_from_bytes(content if isinstance(content, bytes) else b""))
        return "250 kept"


@dataclass
class Webhook:
    """An HTTP server, what it was posted, and what it answers."""

    port: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    @property
    def url(self) -> str:
        """The server as Apprise spells it."""
        return f"json://{USER}:{PASSWORD}@127.0.0.1:{self.port}/canary-path"
