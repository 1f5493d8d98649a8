"""The two stores, asked through boto3; an answer of AWS leaves this file as a value or not at all.

A secret is asked for by GetSecretValue, each once however many of its keys are named: the batch
call needs a permission of its own, which policies that grant a secret rarely hold.
Parameters are asked for ten at a time, the most that GetParameters takes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.hooks import ConfigError, Problem, install_advice

from .faults import explained
from .references import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .references import Reference

    Texts = dict[str, str | UnreadableError]
    """The value of each name, or why that is not known."""

_PARAMETERS_PER_CALL = 10
_TRIES = 2
# At DEBUG they log every answer, and with it every secret.
_TALKATIVE = ("boto3", "botocore", "urllib3")


@dataclass(frozen=True, slots=True)
class Access:
    """How AWS is reached."""

    region: str | None
    endpoint_url: str | None
    timeout_seconds: float
    """For everything; a single request gets a part of it, so that its own error is reported."""


def read(references: Sequence[Reference], access: Access) -> dict[str, str]:
    """Return the value of every setting of *references*.

    Raises `ConfigError` with a line for each that cannot be had, or with one line for all when
    nothing can be had.
    """
    try:
        texts = {kind: _texts(references, access, kind) for kind in (False, True)}
    except UnreadableError as error:
        raise ConfigError([references[0].problem(error, len(references) - 1)]) from None
    values: dict[str, str] = {}
    problems = []
    for each in references:
        found = texts[each.is_parameter][each.name]
        try:
            values[each.setting] = each.value(_known(found))
        except UnreadableError as error:
            problems.append(each.problem(error))
    if problems:
        raise ConfigError(problems)
    return values


def _texts(
    references: Sequence[Reference],
    access: Access,
    is_parameter: bool,  # noqa: FBT001 - the kind
) -> Texts:
    names = list(dict.fromkeys(one.name for one in references if one.is_parameter is is_parameter))
    if not names:
        return {}
    client = _client("ssm" if is_parameter else "secretsmanager", access)
    if not is_parameter:
        return {name: _secret(client, name) for name in names}
    found: Texts = {}
    for start in range(0, len(names), _PARAMETERS_PER_CALL):
        found |= _parameters(client, names[start : start + _PARAMETERS_PER_CALL])
    return found


def _secret(client: Any, name: str) -> str | UnreadableError:  # noqa: ANN401 - boto3 has no types
    answer = _answer(lambda: client.get_secret_value(SecretId=name))
    if isinstance(answer, UnreadableError):
        return answer
    text: str | None = answer.get("SecretString")
    return UnreadableError("holds bytes, not text") if text is None else text


def _parameters(client: Any, names: list[str]) -> Texts:  # noqa: ANN401 - boto3 has no types
    """Return what *names* hold; a call that is refused as a whole is made for each alone."""
    answer = _answer(lambda: client.get_parameters(Names=names, WithDecryption=True))
    if not isinstance(answer, UnreadableError):
        found = {name: one["Value"] for one in answer["Parameters"] for name in _names(one)}
        missing = UnreadableError("does not exist", "check its name, the region and the account")
        return {name: found.get(name, missing) for name in names}
    if len(names) == 1:
        return {names[0]: answer}
    return {name: text for one in names for name, text in _parameters(client, [one]).items()}


def _names(parameter: dict[str, Any]) -> set[str]:
    """Return the names under which *parameter* can have been asked for."""
    selector = parameter.get("Selector", "")
    return {f"{name}{selector}" for name in (parameter["Name"], parameter.get("ARN", ""))}


def _answer(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | UnreadableError:
    """Return what AWS says, or why the one thing that was asked for cannot be had.

    Raises `UnreadableError` when nothing else can be had either.
    """
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - its text may quote what was sent
        reason = explained(error)
    if reason.concerns_all:
        raise reason
    return reason


def _known(found: str | UnreadableError) -> str:
    if isinstance(found, UnreadableError):
        raise found
    return found


def _client(service: str, access: Access) -> Any:  # noqa: ANN401 - boto3 has no types
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        hint = install_advice("boto3>=1.35", "aws")
        what = "needs the package boto3, which is not installed"
        raise ConfigError([Problem("plugin secrets_aws", what, hint=hint)]) from None
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    seconds = access.timeout_seconds / (_TRIES + 1)
    config = Config(
        connect_timeout=seconds,
        read_timeout=seconds,
        retries={"total_max_attempts": _TRIES, "mode": "standard"},
    )
    try:
        session = Session(region_name=access.region)
        return session.client(service, endpoint_url=access.endpoint_url, config=config)
    except Exception as error:  # noqa: BLE001 - a profile, a region, an address
        raise explained(error, concerns_all=True) from None
