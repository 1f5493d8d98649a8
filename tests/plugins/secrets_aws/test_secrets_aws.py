"""Settings from AWS through migrate.py, and what an operator reads when they cannot be had."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.aws import AwsServer
    from tests.support.project import Outcome, Project

CANARY = "kanari3n-p@ss:w/rd"
SPELLED = "kanari3n-p%40ss%3Aw%2Frd"


def secret(aws: AwsServer, text: str) -> str:
    """Put *text* into Secrets Manager and return the secret's name."""
    name = f"test/{uuid.uuid4().hex}"
    aws.client("secretsmanager").create_secret(Name=name, SecretString=text)
    aws.asked.clear()
    return name


def parameter(aws: AwsServer, text: str) -> str:
    """Put *text* into the Parameter Store, encrypted, and return the parameter's name."""
    name = f"/test/{uuid.uuid4().hex}"
    aws.client("ssm").put_parameter(Name=name, Value=text, Type="SecureString")
    aws.asked.clear()
    return name


def name_in_settings(project: Project, table: str, **names: str) -> None:
    """Write the plugin's *table* of the project's settings."""
    file = project.root / "settings.toml"
    lines = "".join(f'"{key.replace("__", ".")}" = "{name}"\n' for key, name in names.items())
    file.write_text(f"{file.read_text()}\n[default.plugins.secrets_aws.{table}]\n{lines}")


def shown(outcome: Outcome) -> dict[str, tuple[Any, str]]:
    """Return value and source of every setting of `config show --json`."""
    return {
        one["name"]: (one["value"], one["source"]) for one in outcome.json["config"]["settings"]
    }


def move_url(project: Project, aws: AwsServer) -> None:
    """Take the database's URL out of the environment and put it, with a canary, into AWS."""
    user, rest = project.database_url.split("://")[1].split("@", 1)
    url = f"postgresql://{user.split(':')[0]}:{SPELLED}@{rest}"
    project.environment["DATABASE_URL"] = ""
    name_in_settings(project, "secrets", DATABASE_URL=secret(aws, url))


def test_values_come_from_both_stores_each_asked_once(stored: Project, aws: AwsServer) -> None:
    whole = secret(aws, json.dumps({"token": "canary-token", "size": 7, "url": "http://hook"}))
    name_in_settings(
        stored,
        "secrets",
        OPERATIONS_TOKEN=f"{whole}#token",
        DB_POOL_SIZE=f"{whole}#size",
    )
    name_in_settings(
        stored,
        "parameters",
        LOG_LEVEL=parameter(aws, "WARNING\n"),
        migrate__lock_wait=f"{parameter(aws, json.dumps({'wait': 17}))}#wait",
    )

    result = stored.migrate("config", "show", "--json")

    found = shown(result)
    assert found["DB_POOL_SIZE"] == (7, "plugin secrets_aws")
    assert found["LOG_LEVEL"] == ("WARNING", "plugin secrets_aws")
    assert found["MIGRATE__LOCK_WAIT"] == (17.0, "plugin secrets_aws")
    assert found["OPERATIONS_TOKEN"] == ("********", "plugin secrets_aws")
    assert aws.asked == ["GetSecretValue", "GetParameters"]
    assert whole in result.stdout


def test_run_reads_its_url_from_aws_and_keeps_it_to_itself(
    stored: Project, aws: AwsServer
) -> None:
    stored.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    stored.revision(
        "two", "raise ValueError(str(op.get_bind().engine.url.render_as_string(False)))"
    )
    move_url(stored, aws)

    result = stored.migrate("upgrade", "--debug", LOG_LEVEL="DEBUG")

    ledger = stored.query("select r::text from migrator.run r")
    assert result.exit_code == 1, result.output
    assert stored.current_revision() == "one"
    assert aws.asked == ["GetSecretValue"]
    for text in (result.output, str(ledger)):
        assert "kanari3n" not in text
    assert "botocore" not in result.output


def test_stronger_source_is_not_asked_for(stored: Project, aws: AwsServer) -> None:
    name_in_settings(stored, "secrets", DB_POOL_SIZE="nowhere", LOG_LEVEL="nowhere")

    result = stored.migrate("config", "show", "--set", "LOG_LEVEL=ERROR", DB_POOL_SIZE="3")

    assert result.exit_code == 0, result.output
    assert aws.asked == []


def test_more_than_ten_parameters_are_asked_for_ten_at_a_time(
    stored: Project, aws: AwsServer
) -> None:
    settings = ["DB_POOL_SIZE", "DB_MAX_OVERFLOW", "DB_POOL_RECYCLE", "DB_CONNECT_TIMEOUT"]
    settings += ["DB_POOL_TIMEOUT", "migrate__lock_wait", "migrate__lock_timeout"]
    settings += ["migrate__lock_retry_seconds", "migrate__statement_timeout"]
    settings += ["migrate__server_silence", "GIT_COMMIT"]
    name_in_settings(stored, "parameters", **{each: parameter(aws, "9") for each in settings})

    result = stored.migrate("config", "show", "--json")

    found = shown(result)
    names = [each.upper() for each in settings]
    assert {found[name][1] for name in names} == {"plugin secrets_aws"}
    assert aws.asked == ["GetParameters", "GetParameters"]


def test_every_secret_that_cannot_be_had_is_one_line(stored: Project, aws: AwsServer) -> None:
    plain = secret(aws, f"text with {CANARY}")
    keyed = secret(aws, json.dumps({"other": CANARY}))
    name_in_settings(
        stored,
        "secrets",
        DATABASE_URL="prod/nowhere",
        REDIS_URL=f"{plain}#url",
        OPERATIONS_TOKEN=f"{keyed}#token",
    )
    name_in_settings(stored, "parameters", GIT_COMMIT="/prod/nowhere")
    stored.environment["DATABASE_URL"] = ""

    result = stored.migrate("config", "check", "--json")
    text = stored.migrate("upgrade", "--debug")

    assert (result.exit_code, text.exit_code) == (2, 2)
    wanted = [
        "DATABASE_URL: the secret 'prod/nowhere' does not exist [plugin secrets_aws]",
        f"REDIS_URL: the secret '{plain}' holds no JSON, so no key 'url' [plugin secrets_aws]",
        f"OPERATIONS_TOKEN: the secret '{keyed}' has no key 'token' [plugin secrets_aws]",
        "GIT_COMMIT: the parameter '/prod/nowhere' does not exist [plugin secrets_aws]",
    ]
    for line in wanted:
        assert line in text.stderr
    for output in (result.output, text.output):
        assert "kanari3n" not in output


NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (NO_CREDENTIALS, "there are no AWS credentials"),
        ({"PLUGINS__SECRETS_AWS__ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS cannot be reached"),
        ({"PLUGINS__SECRETS_AWS__REGION": ""}, "the AWS region is not known"),
        ({"AWS_PROFILE": "nobody"}, "AWS_PROFILE names no profile"),
        ({"PLUGINS__SECRETS_AWS__ENDPOINT_URL": "not an address"}, "was not read: ValueError"),
    ],
    ids=["credentials", "network", "region", "profile", "address"],
)
def test_without_a_way_to_aws_one_line_says_why(
    stored: Project, environment: dict[str, str], reason: str
) -> None:
    name_in_settings(stored, "secrets", DATABASE_URL="prod/url", REDIS_URL="prod/redis")
    stored.environment["DATABASE_URL"] = ""

    result = stored.migrate("check", **environment, HOME=str(stored.root))

    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if "prod/url" in line]
    assert lines == [line for line in result.stderr.splitlines() if "plugin secrets_aws" in line]
    assert len(lines) == 1, result.stderr
    assert "DATABASE_URL: the secret 'prod/url' was not read: " in lines[0]
    assert f"{reason} (and 1 more)" in lines[0]
    assert "Traceback" not in result.output
