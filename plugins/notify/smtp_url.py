"""The address of a mail server: `smtp://user:password@host:587?starttls=required`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

StartTls = Literal["offered", "required", "off"]

_PORTS = {"smtp": 25, "smtps": 465}
_SUBMISSION = 587
_WORDS = frozenset({"offered", "required", "off"})


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server, and how to speak to it."""

    host: str
    port: int
    is_tls: bool
    """Whether it speaks TLS from the first byte."""
    starttls: StartTls
    """Whether plain text becomes TLS: where the server can, always, or never."""
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The server as it may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'smtps' if self.is_tls else 'smtp'}://{host}:{self.port}"


def smtp_server(url: str) -> SmtpServer:
    """Return the server that *url* names.

    Raises `ValueError` that says what is wrong, and quotes nothing: a part may be the password.
    """
    parts = _split(url)
    words = _words(parts.query)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + password).isascii():
        raise ValueError("has a user or a password with other signs than those of ASCII")
    if bool(user) != bool(password):
        raise ValueError("needs user and password, or neither")
    starttls = words or ("required" if user else "offered")
    is_tls = parts.scheme == "smtps"
    host = parts.hostname or ""
    if user and starttls != "required" and not is_tls and not _is_loopback(host):
        raise ValueError("would send the password in plain text: only starttls=required does not")
    port = parts.port or (_SUBMISSION if user and not is_tls else _PORTS[parts.scheme])
    return SmtpServer(host, port, is_tls, cast("StartTls", starttls), user, password)


def _split(url: str) -> SplitResult:
    wrong = "is not smtp://host:port or smtps://host:port, with user:password@ before the host"
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not url.isascii() or not url.isprintable() or " " in url:
        # No cause: it would quote the port.
        raise ValueError(wrong) from None
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError(f"{wrong}; a / or # in the password is %2F or %23")
    return parts


def _words(query: str) -> str:
    found = parse_qsl(query, keep_blank_values=True)
    if not found:
        return ""
    [(key, value), *others] = found
    if others or key != "starttls" or value not in _WORDS:
        raise ValueError("has other words behind ? than starttls=offered, required or off")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
