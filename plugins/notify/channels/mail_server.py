"""A mail, handed to a mail server once."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.hooks import counted

from .webhook import NO_ANSWER, network_reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from ..smtp_url import SmtpServer


_CLOSING = 421
"""The server gives up the session. RFC 5321, 3.8."""


class _NoTlsError(Exception):
    """The server offers no STARTTLS, and the settings ask for it."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server, and the mail that it is handed."""

    server: SmtpServer
    mail: EmailMessage

    @property
    def name(self) -> str:
        """The server by its host and port."""
        return f"mail {self.server.name}"

    def send(self, seconds: float) -> str:
        """Hand the mail over; an answer may take *seconds*, the caller bounds the whole.

        Returns why a recipient does not get it; nothing when all do. It is tried once: a mail that
        was perhaps taken must not come twice.
        """
        try:
            with _session(self.server, seconds) as smtp:
                refused = smtp.send_message(self.mail)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except (smtplib.SMTPException, OSError, ValueError, _NoTlsError) as error:
            return _reason(error)
        return self._refusal(refused)

    def _refusal(self, refused: dict[str, tuple[int, bytes]]) -> str:
        """Return how many recipients the server refused; the others have the mail, if any has."""
        if not refused:
            return ""
        codes = sorted({code for code, _ in refused.values()})
        if _CLOSING in codes:
            # The session ended before the mail was handed over, whoever was accepted before.
            return f"closed the session, nobody has the mail ({_CLOSING})"
        total = len(self.mail["To"].addresses)
        of_all = f"{len(refused)} of {counted(total, 'recipient')}"
        return f"refused {of_all} ({', '.join(map(str, codes))})"


@contextmanager
def _session(server: SmtpServer, seconds: float) -> Iterator[smtplib.SMTP]:
    """Yield a session, encrypted and logged in as *server* says."""
    context = ssl.create_default_context()
    smtp = _connected(server, seconds, context)
    try:
        _encrypt(smtp, server, context)
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
        with suppress(smtplib.SMTPException, OSError):
            # The mail is taken: whether the server says goodbye is not waited for.
            smtp.putcmd("quit")
    finally:
        smtp.close()


def _connected(server: SmtpServer, seconds: float, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.is_tls:
        return smtplib.SMTP_SSL(
            server.host, server.port, _own_name(), timeout=seconds, context=context
        )
    return smtplib.SMTP(server.host, server.port, _own_name(), timeout=seconds)


def _encrypt(smtp: smtplib.SMTP, server: SmtpServer, context: ssl.SSLContext) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.is_tls or server.starttls == "off":
        return
    if smtp.has_extn("starttls"):
        smtp.starttls(context=context)
    elif server.starttls == "required":
        raise _NoTlsError


def _reason(error: Exception) -> str:
    """Return why there was no mail: the server's code, never its words, which may quote ours."""
    if isinstance(error, _NoTlsError):
        return "offers no STARTTLS, which the settings require"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        is_late = isinstance(error.__context__, TimeoutError)
        return NO_ANSWER if is_late else "closed the connection"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{_refused(error)} ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPException):
        return "offers no way to log in that is known here"
    return network_reason(error) if isinstance(error, OSError) else type(error).__name__


def _refused(error: smtplib.SMTPResponseException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "refused the login"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return "refused the sender"
    return "refused the mail" if isinstance(error, smtplib.SMTPDataError) else "refused"


def _own_name() -> str:
    """Return a name to greet with; smtplib would ask DNS for one, which may hang."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
