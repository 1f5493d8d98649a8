"""docker-compose.yml fits the compose specification and does what the deployment guide says."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.compose import (
    COMPOSE_FILE,
    ROOT,
    active_services,
    load_compose,
    variables_without_default,
)

if TYPE_CHECKING:
    from pathlib import Path

OURS = ("app", "migrate")
SAME = ("ENV_FOR_DYNACONF", "SST_COMMAND")
LONG_RUNNING = ("db", "redis", "app", "proxy", "backups")
EVERY = (*LONG_RUNNING, "migrate")


@pytest.fixture
def compose() -> dict[str, Any]:
    """Return the compose file with its default values."""
    return load_compose()


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    """Hold the file at *path* against the schema of the compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)


def test_file_fits_the_compose_specification() -> None:
    """The schema is the official one, as `check-jsonschema` carries it."""
    result = validate(COMPOSE_FILE)

    assert result.returncode == 0, result.stdout


def test_misspelt_key_is_found_by_the_schema(tmp_path: Path) -> None:
    """The schema that the test above trusts is not one that accepts everything."""
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE_FILE.read_text("utf-8").replace("restart:", "restrat:"), "utf-8")

    result = validate(wrong)

    assert result.returncode == 1
    assert "restrat" in result.stdout


def test_file_has_a_name_and_no_obsolete_version(compose: dict[str, Any]) -> None:
    """Volumes are named after the project, not after the folder of the checkout."""
    assert compose["name"] == "sst-platform"
    assert "version" not in compose


def test_every_variable_has_a_default() -> None:
    """The guide's commands are typed as they are, with nothing exported before."""
    text = COMPOSE_FILE.read_text("utf-8")

    assert variables_without_default(text) == []


def test_plain_up_serves_and_does_not_migrate(compose: dict[str, Any]) -> None:
    """The guide: never migrate by itself."""
    assert active_services(compose, frozenset()) == {"db", "app"}


def test_production_profile_adds_the_proxy_and_does_not_migrate(compose: dict[str, Any]) -> None:
    """The profile of the proxy must not bring the one of the migration."""
    active = active_services(compose, frozenset({"production"}))

    assert active == {"db", "app", "proxy"}


def test_redis_is_there_only_with_the_profile_that_uses_it(compose: dict[str, Any]) -> None:
    """The application starts without it, and after it where both are started."""
    assert active_services(compose, frozenset({"cache"})) == {"db", "redis", "app"}
    assert compose["services"]["app"]["depends_on"]["redis"] == {
        "condition": "service_started",
        "required": False,
    }


def test_nothing_depends_on_migrate(compose: dict[str, Any]) -> None:
    """The application starts, restarts and scales without running a migration."""
    dependents = [
        n for n, s in compose["services"].items() if "migrate" in s.get("depends_on", ())
    ]

    assert dependents == []


def test_health_is_awaited_only_where_it_is_checked(compose: dict[str, Any]) -> None:
    """Compose refuses to start a service that waits for a health that nobody measures."""
    services = compose["services"]
    awaited = {
        target
        for service in services.values()
        for target, rule in service.get("depends_on", {}).items()
        if rule["condition"] == "service_healthy"
    }

    assert awaited == {"db", "app"}
    assert all(services[name]["healthcheck"]["test"] for name in LONG_RUNNING)


def test_migrate_waits_for_a_healthy_database(compose: dict[str, Any]) -> None:
    """The first `up migrate` meets a server that is still filling its volume."""
    migrate = compose["services"]["migrate"]

    assert migrate["depends_on"] == {"db": {"condition": "service_healthy"}}


def test_migrate_runs_once_and_has_time_to_roll_back(compose: dict[str, Any]) -> None:
    """The default of 10 seconds would kill a migration half way."""
    migrate = compose["services"]["migrate"]

    assert migrate["profiles"] == ["migration"]
    assert migrate["restart"] == "no"
    assert migrate["init"] is True
    assert migrate["stop_grace_period"] == "10m"


def test_migrate_takes_its_command_as_arguments(compose: dict[str, Any]) -> None:
    """`docker compose run --rm migrate upgrade` replaces the command, not the entry point."""
    migrate = compose["services"]["migrate"]

    assert migrate["entrypoint"] == ["python", "migrate.py"]
    assert migrate["command"] == ["upgrade"]


def test_app_and_migrate_are_one_image_on_one_database(compose: dict[str, Any]) -> None:
    """`exec app python migrate.py check` and `run migrate upgrade` mean the same schema."""
    app, migrate = (compose["services"][name] for name in OURS)

    assert app["image"] == migrate["image"]
    assert app["build"] == migrate["build"]
    assert app["env_file"] == migrate["env_file"]
    assert all(app["environment"][name] == migrate["environment"][name] for name in SAME)


def test_environment_is_named_once(compose: dict[str, Any]) -> None:
    """`ENVIRONMENT` beside `ENV_FOR_DYNACONF` is a configuration error when they differ."""
    environments = [compose["services"][name]["environment"] for name in OURS]

    assert [e["ENV_FOR_DYNACONF"] for e in environments] == ["production", "production"]
    assert all("ENVIRONMENT" not in e for e in environments)


def test_secrets_are_files_that_git_ignores(compose: dict[str, Any]) -> None:
    """A password that is committed once is public for ever."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    files = {name: secret["file"] for name, secret in compose["secrets"].items()}

    assert files == {
        "db_admin_password": "./secrets/db_admin_password.txt",
        "migration_database_url": "./secrets/migration_database_url.txt",
        "database_url": "./secrets/database_url.txt",
        "pip_config": "./deploy/pip.conf",
    }
    assert {"secrets/", "settings.env", "deploy.env"} <= set(ignored)


def test_each_secret_is_mounted_only_where_it_is_used(compose: dict[str, Any]) -> None:
    """Code that is broken into in the application finds no role that owns a table."""
    mounted = {name: service.get("secrets", []) for name, service in compose["services"].items()}

    assert mounted.pop("db") == ["db_admin_password", "migration_database_url", "database_url"]
    assert mounted.pop("migrate") == ["migration_database_url"]
    assert mounted.pop("backups") == ["migration_database_url"]
    assert mounted.pop("app") == ["database_url"]
    assert [name for name, secrets in mounted.items() if secrets] == []


def test_pip_configuration_is_a_secret_of_the_build_and_changes_nothing_by_itself(
    compose: dict[str, Any],
) -> None:
    """Credentials of an index are in no layer; who has none names no file."""
    used = load_compose(SST_PIP_CONFIG="/home/me/pip.conf")
    lines = (ROOT / compose["secrets"]["pip_config"]["file"]).read_text("utf-8").splitlines()

    assert compose["services"]["app"]["build"]["secrets"] == ["pip_config"]
    assert [line for line in lines if not line.startswith("#")] == []
    assert used["secrets"]["pip_config"]["file"] == "/home/me/pip.conf"


def test_no_service_gets_a_password_as_a_value(compose: dict[str, Any]) -> None:
    """What is in the environment shows in `docker inspect`; a file's path may."""
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or name.startswith("DATABASE_URL"):
                assert name.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_database_keeps_its_data_on_the_volume(compose: dict[str, Any]) -> None:
    """From 18 on the image keeps data under /var/lib/postgresql/MAJOR, no longer under /data."""
    db = compose["services"]["db"]

    assert "db:/var/lib/postgresql" in db["volumes"]
    assert db["environment"]["PGDATA"] == "/var/lib/postgresql/18/docker"


def test_database_and_pg_dump_have_the_same_major(compose: dict[str, Any]) -> None:
    """pg_dump refuses a server that is newer than itself."""
    build = compose["services"]["migrate"]["build"]

    assert compose["services"]["db"]["image"] == f"postgres:{build['args']['POSTGRES_MAJOR']}"


def test_one_variable_moves_server_client_and_data_to_19() -> None:
    """A server of one major and a client of another would refuse every backup."""
    services = load_compose(POSTGRES_MAJOR="19")["services"]

    assert services["db"]["image"] == "postgres:19"
    assert services["db"]["environment"]["PGDATA"] == "/var/lib/postgresql/19/docker"
    assert services["migrate"]["build"]["args"]["POSTGRES_MAJOR"] == 19
    assert services["app"]["build"]["args"]["POSTGRES_MAJOR"] == 19


def test_database_is_healthy_only_when_it_answers_by_tcp(compose: dict[str, Any]) -> None:
    """The server that fills a new volume answers on its socket, and then goes away again."""
    probe = compose["services"]["db"]["healthcheck"]["test"]

    assert probe == [
        "CMD-SHELL",
        "pg_isready -h 127.0.0.1 -U $$POSTGRES_USER -d $$POSTGRES_DB",
    ]


def test_volumes_are_declared_and_mounted_files_exist(compose: dict[str, Any]) -> None:
    """Docker creates a folder for what is missing, and the service fails on it."""
    for service in compose["services"].values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), mount


def test_only_the_proxy_is_open_to_the_network(compose: dict[str, Any]) -> None:
    """A published port goes past the firewall of the host."""
    for name, service in compose["services"].items():
        ports = service.get("ports", ())
        assert name == "proxy" or all(port.startswith("127.0.0.1:") for port in ports), name


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_services_come_back_after_a_reboot(compose: dict[str, Any], name: str) -> None:
    """One that was stopped by hand stays stopped."""
    assert compose["services"][name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", EVERY)
def test_every_service_is_hardened_and_limited(compose: dict[str, Any], name: str) -> None:
    """Code that is broken into cannot replace itself, gain rights, or take the whole host."""
    service = compose["services"][name]

    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]  # noqa: S108 - the container's own
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    # More than the host has is an error of Docker, and a small one has one.
    assert float(service["cpus"]) <= 1


def test_proxy_reaches_the_application_and_nothing_behind_it(compose: dict[str, Any]) -> None:
    """What stands in the open shares no network with the database."""
    networks = {name: set(service["networks"]) for name, service in compose["services"].items()}
    neighbours = {name for name, one in networks.items() if one & networks["proxy"]}

    assert neighbours == {"proxy", "app"}


def test_proxy_listens_on_the_port_that_its_redirect_names() -> None:
    """Caddy knows the port inside only, and sends browsers to that one."""
    proxy = load_compose(SST_HTTPS_PUBLIC_PORT="8443")["services"]["proxy"]

    assert proxy["environment"]["HTTPS_PORT"] == 8443
    assert "8443:8443" in proxy["ports"]
    assert ":{$HTTPS_PORT:443} {" in (ROOT / "deploy/Caddyfile").read_text("utf-8")


def test_backups_are_kept_and_the_web_process_does_not_see_them(compose: dict[str, Any]) -> None:
    """A dump is the whole database: only the one who makes it needs it."""
    assert compose["services"]["migrate"]["volumes"] == ["backups:/backups"]
    assert "volumes" not in compose["services"]["app"]
