"""The meaning of an AWS error, in our own words: its own may quote what was sent or stored."""

from __future__ import annotations

from typing import Any

from .references import UnreadableError

_NAME = "check its name, the region and the account"
_ALLOW = "allow secretsmanager:GetSecretValue or ssm:GetParameters on it, and kms:Decrypt"
_CREDENTIALS = "renew them, or look at them with `aws sts get-caller-identity`"
_NETWORK = "check the region, endpoint_url, and the way out of this network"

# By AWS's code. Secrets Manager and Systems Manager API references, "Errors" and "Common Errors".
_ABOUT_ONE = {
    "ResourceNotFoundException": ("does not exist", _NAME),
    "ParameterNotFound": ("does not exist", _NAME),
    "AccessDeniedException": ("is refused: access denied", _ALLOW),
    "AccessDenied": ("is refused: access denied", _ALLOW),
    "DecryptionFailure": ("cannot be decrypted", "allow kms:Decrypt with its key"),
    "InvalidKeyId": ("cannot be decrypted", "allow kms:Decrypt with its key"),
    "InvalidRequestException": ("cannot be read in its state: is it marked for deletion?", _NAME),
    "ValidationException": ("has a name that AWS does not take", _NAME),
}
_ABOUT_ALL = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException"}
    | {"ExpiredToken", "ExpiredTokenException", "MissingAuthenticationToken"}
    | {"IncompleteSignature", "SignatureDoesNotMatch", "OptInRequired", "AuthFailure"}
)
# By the class of botocore's exception, the nearest ancestor first.
_LOCAL = {
    "NoCredentialsError": ("was not read: there are no AWS credentials", _CREDENTIALS),
    "PartialCredentialsError": ("was not read: the AWS credentials are incomplete", _CREDENTIALS),
    "CredentialRetrievalError": ("was not read: no AWS credentials can be had", _CREDENTIALS),
    "ProfileNotFound": ("was not read: AWS_PROFILE names no profile", "correct AWS_PROFILE"),
    "NoRegionError": (
        "was not read: the AWS region is not known",
        "set plugins.secrets_aws.region, or AWS_REGION",
    ),
    "ConnectTimeoutError": ("was not read: AWS does not answer", _NETWORK),
    "ReadTimeoutError": ("was not read: AWS does not answer", _NETWORK),
    "HTTPClientError": ("was not read: AWS cannot be reached", _NETWORK),
    "ConnectionError": ("was not read: AWS cannot be reached", _NETWORK),
}


def explained(error: Exception, *, concerns_all: bool = False) -> UnreadableError:
    """Return what *error* means for what was asked for; *concerns_all* says so of anything."""
    code = _code(error)
    if code in _ABOUT_ALL:
        what = f"was not read: AWS refuses the credentials ({code})"
        return UnreadableError(what, _CREDENTIALS, concerns_all=True)
    if code:
        what, hint = _ABOUT_ONE.get(code, (f"was not read: AWS answered {code}", ""))
        return UnreadableError(what, hint, concerns_all=concerns_all)
    if type(error).__name__ == "ParamValidationError":
        return UnreadableError(*_ABOUT_ONE["ValidationException"])
    names = [kind.__name__ for kind in type(error).__mro__]
    known = next((name for name in names if name in _LOCAL), None)
    what, hint = _LOCAL[known] if known else (f"was not read: {names[0]}", _NETWORK)
    return UnreadableError(what, hint, concerns_all=True)


def _code(error: Exception) -> str:
    """Return AWS's own word for *error*; empty for what did not come from there."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", "")).rpartition("#")[2]
