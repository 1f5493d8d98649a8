"""A real SMTP server on a free port: plain or TLS, with logins, refusals and bad manners."""

from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "robot"
PASSWORD = "kanari3n-mail"


@dataclass
class Certificate:
    """A certificate for `localhost` that only who trusts its file trusts."""

    file: Path
    key: Path

    @property
    def context(self) -> ssl.SSLContext:
        """The server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def self_signed(folder: Path) -> Certificate:
    """Return a new certificate in *folder*, made by the program openssl."""
    made = Certificate(folder / "mail.crt", folder / "mail.key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(made.key), "-out", str(made.file)),
        ],
        check=True,
        capture_output=True,
    )
    return made


@dataclass
class MailServer:
    """What the server does, and what it was given."""

    certificate: Certificate | None = None
    is_tls: bool = False
    """TLS from the first byte; else STARTTLS where there is a certificate."""
    auth: str = ""
    """The ways to log in that it offers, such as `PLAIN LOGIN`; only inside TLS where it can."""
    refused: tuple[str, ...] = ()
    """Recipients that it refuses."""
    hangs_at: str = ""
    """The word that it never answers: `CONNECT`, `EHLO`, `DATA`, `.`, `QUIT`."""
    drops_at: str = ""
    """The word at which it closes the connection."""
    answers: dict[str, str] = field(default_factory=dict)
    """Other answers than usual, by the word: `{"MAIL": "451 later"}`; `REFUSED` is to a recipient
    that it refuses."""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """The commands that it got, in order; those inside TLS with a `*` before."""
    logins: list[tuple[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, *, login: bool = False, query: str = "", host: str = "localhost") -> str:
        """Return the setting `smtp_url` for it."""
        scheme = "smtps" if self.is_tls else "smtp"
        user = f"{USER}:{PASSWORD}@" if login else ""
        return f"{scheme}://{user}{host}:{self.port}{query}"


class _Closed(Exception):  # noqa: N818 - no error: the end of a session
    """The session is over."""


class _Session:
    """One connection."""

    def __init__(self, server: MailServer, connection: socket.socket) -> None:
        self._server = server
        self._is_tls = False
        self._connection = connection
        if server.is_tls:
            self._encrypt()
        else:
            self._reader = connection.makefile("rb")
        self._recipients: list[str] = []

    def serve(self) -> None:
        """Answer until the client or the server has enough."""
        self._answer("CONNECT", "220 localhost ESMTP")
        while line := self._reader.readline():
            word = line.decode().split()[0].upper().split(":")[0]
            self._server.words.append("*" * self._is_tls + word)
            getattr(self, f"_{word.lower()}", self._unknown)(line.decode().strip())

    def close(self) -> None:
        """Close the connection, which may be TLS by now."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        self._reader.close()

    def _encrypt(self) -> None:
        assert self._server.certificate
        context = self._server.certificate.context
        self._connection = context.wrap_socket(self._connection, server_side=True)
        self._reader = self._connection.makefile("rb")
        self._is_tls = True

    def _answer(self, word: str, usual: str) -> None:
        if word == self._server.drops_at:
            raise _Closed
        if word == self._server.hangs_at:
            self._server.over.wait(60)
            raise _Closed
        self._connection.sendall(f"{self._server.answers.get(word, usual)}\r\n".encode())

    def _ehlo(self, _line: str) -> None:
        extensions = ["localhost", "8BITMIME"]
        can_encrypt = self._server.certificate is not None and not self._is_tls
        if can_encrypt:
            extensions.append("STARTTLS")
        if self._server.auth and not can_encrypt:
            extensions.append(f"AUTH {self._server.auth}")
        *first, last = extensions
        self._answer("EHLO", "\r\n".join([*(f"250-{each}" for each in first), f"250 {last}"]))

    def _starttls(self, _line: str) -> None:
        self._answer("STARTTLS", "220 go on")
        self._reader.close()
        self._encrypt()

    def _auth(self, line: str) -> None:
        _, way, *first = line.split()
        if way == "PLAIN":
            _, user, password = _decoded(first[0] if first else self._asked("")).split("\0")
        else:
            user = _decoded(first[0] if first else self._asked("VXNlcm5hbWU6"))
            password = _decoded(self._asked("UGFzc3dvcmQ6"))
        self._server.logins.append((user, password))
        is_known = (user, password) == (USER, PASSWORD)
        self._answer("AUTH", "235 welcome" if is_known else f"535 no {user} with {password}")

    def _asked(self, question: str) -> str:
        self._connection.sendall(f"334 {question}\r\n".encode())
        return self._reader.readline().decode().strip()

    def _mail(self, _line: str) -> None:
        self._recipients = []
        self._answer("MAIL", "250 ok")

    def _rcpt(self, line: str) -> None:
        address = line.partition("<")[2].partition(">")[0]
        if address in self._server.refused:
            self._answer("REFUSED", f"550 no {address} here")
            return
        self._recipients.append(address)
        self._answer("RCPT", "250 ok")

    def _data(self, _line: str) -> None:
        self._answer("DATA", "354 go on")
        lines: list[bytes] = []
        while (line := self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self._server.raw.append(b"".join(lines))
        mail = message_from_bytes(self._server.raw[-1].replace(b"\r\n", b"\n"), policy=default)
        assert isinstance(mail, EmailMessage)
        self._server.mails.append(mail)
        self._server.recipients.append(self._recipients)
        self._answer(".", "250 taken")

    def _rset(self, _line: str) -> None:
        self._answer("RSET", "250 ok")

    def _quit(self, _line: str) -> None:
        self._answer("QUIT", "221 bye")
        raise _Closed

    def _unknown(self, _line: str) -> None:
        self._answer("", "502 not known")


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


@contextmanager
def mail_server(server: MailServer | None = None) -> Iterator[MailServer]:
    """Serve *server* on a free port of this machine; each connection has a thread that ends."""
    served = server or MailServer()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, _Closed):
                session = _Session(served, self.request)
                try:
                    session.serve()
                finally:
                    session.close()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as listener:
        served.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            served.over.set()
            listener.shutdown()
            thread.join()
