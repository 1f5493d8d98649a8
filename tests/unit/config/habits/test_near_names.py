"""A variable that nothing reads and that was meant for us is named, never passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Backup(BaseModel):
    """The settings of a plugin."""

    pg_bin: str = ""


class Mail(BaseModel):
    """A table of the application's settings."""

    host: str = ""


class AppSettings(BaseModel):
    """The settings of an application."""

    host: str = ""
    max_upload_mb: int = 1
    mail: Mail = Mail()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("DB_POOL_SZE", "DB_POOL_SIZE"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATABASE_ULR", "DATABASE_URL"),
        ("MIGRATE_LOCK_WAIT", "MIGRATE__LOCK_WAIT"),
        ("migrate__lock_wait", "MIGRATE__LOCK_WAIT"),
        ("DYNACONF_LOG_LEVEL", "LOG_LEVEL"),
        ("DYNACONF_MIGRATE__LOCK_WAIT", "MIGRATE__LOCK_WAIT"),
        ("debug", "DEBUG"),
        ("database_url", "DATABASE_URL"),
        ("Database_Url_File", "DATABASE_URL_FILE"),
        ("PLUGINS_ENABLED", "PLUGINS__ENABLED"),
        ("MIGRATE.LOCK_WAIT", "MIGRATE__LOCK_WAIT"),
        ("MIGRATE_LOCK_WIAT", "MIGRATE__LOCK_WAIT"),
        ("DYNACONF_DB_POOL_SZE", "DB_POOL_SIZE"),
        ("dynaconf_log_level", "LOG_LEVEL"),
        ("DYNACONF_DATABASE_URL_FILE", "DATABASE_URL_FILE"),
        ("DATABSE_URL_FILE", "DATABASE_URL_FILE"),
        ("DYNACONF_ENV", "ENV_FOR_DYNACONF"),
        ("ENVIROMENT", "ENVIRONMENT"),
        ("MYAPP_MIGRATE__LOCK_WAIT", "MIGRATE__LOCK_WAIT"),
        ("MYAPP_PLUGINS__ENABLED_FILE", "PLUGINS__ENABLED_FILE"),
        ("SST_LOG_LEVEL", "LOG_LEVEL"),
    ],
)
def test_a_near_name_is_a_warning_that_names_what_was_meant(
    site: Site, variable: str, meant: str
) -> None:
    site.environ[variable] = "canary-value"

    assert site.load().warnings == (f"environment {variable} is not read; did you mean {meant}?",)


def test_a_prefix_of_dynaconf_is_answered_although_nothing_is_near(site: Site) -> None:
    site.environ["DYNACONF_MAX_UPLOAD_MB"] = "canary-value"

    assert site.load().warnings == (
        (
            "environment DYNACONF_MAX_UPLOAD_MB is not read: names have no prefix here, "
            "and this one is near to no setting"
        ),
    )


def test_a_near_name_in_dotenv_is_a_warning_too(site: Site) -> None:
    site.write(".env", "DYNACONF_LOG_LEVEL=DEBUG\nMIGRATE_LOCK_WAIT=1\n")

    assert site.load().warnings == (
        ".env DYNACONF_LOG_LEVEL is not read; did you mean LOG_LEVEL?",
        ".env MIGRATE_LOCK_WAIT is not read; did you mean MIGRATE__LOCK_WAIT?",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("DYNACONF_LOG_LEVEL", "LOG_LEVEL"),
        ("migrate_lock_wait", "MIGRATE__LOCK_WAIT"),
        ("DYNACONF_MIGRATE__LOCK_WAIT", "MIGRATE__LOCK_WAIT"),
        ("DATABSE_URL", "DATABASE_URL"),
    ],
)
def test_a_near_name_behind_set_is_an_error_that_names_what_was_meant(
    site: Site, written: str, meant: str
) -> None:
    site.overrides.append(f"{written}=canary-value")

    (problem,) = site.problems()

    assert problem.hint == f"did you mean {meant!r}?"
    assert "canary" not in str(problem)


_OF_OTHER_PROGRAMS = """
    PATH HOME USER LANG LC_ALL SHELL TERM PWD HOSTNAME TZ EDITOR PAGER DISPLAY
    PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGSSLMODE PGSERVICE PGPASSFILE PGOPTIONS
    POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_HOST POSTGRES_PASSWORD_FILE
    DATABASE DATABASE_HOST DATABASE_USER DATABASE_NAME DATABASE_PASSWORD DB DB_HOST DB_NAME
    DB_USER DB_PASSWORD DB_PORT REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS
    DEBUGINFOD_URLS DEBUGINFOD_IMA_CERT_PATH NODE_ENV APP_ENV APP_NAME APP_KEY APP_DEBUG ENV
    FLASK_ENV FLASK_DEBUG DJANGO_SETTINGS_MODULE DJANGO_DEBUG RAILS_ENV
    LOG_DIR LOG_FILE LOG_PATH LOGNAME LOGGING MAIL_HOST MAIL_PORT MAIL_FROM SMTP_HOST
    SECRET_KEY SECRET_TOKEN SENTRY_DSN SENTRY_ENVIRONMENT TEST_DATABASE_URL SQLALCHEMY_URL
    AWS_REGION AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY GITHUB_TOKEN GITHUB_SHA
    GIT_BRANCH GIT_DIR GIT_AUTHOR_NAME GIT_COMMITTER_NAME CI CI_COMMIT_SHA BUILD_NUMBER
    UVICORN_PORT UVICORN_LOG_LEVEL WEB_CONCURRENCY PORT HOST GUNICORN_CMD_ARGS RUST_LOG
    PYTHONPATH PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PIP_INDEX_URL UV_CACHE_DIR
    KUBERNETES_SERVICE_HOST KUBERNETES_PORT DOCKER_HOST COMPOSE_PROJECT_NAME
    SST_IMAGE SST_ENVIRONMENT SST_DB_PORT SST_HTTP_PORT SST_TEST_DATABASE_URL SST_EXTRAS
    MIGRATE MIGRATE_FILE PLUGINS PLUGINS_FILE MIGRATIONS PLUGIN_PATH APP APP_FILE
"""


def test_a_realistic_environment_of_other_programs_makes_no_warning(site: Site) -> None:
    site.environ |= dict.fromkeys(_OF_OTHER_PROGRAMS.split(), "1")

    assert site.load().warnings == ()


@pytest.mark.parametrize(
    "variable",
    [
        "TEST_DATABASE_URL",
        "LOG_DIRECTORY",
        "DEBUGGER",
        "MIGRATE",
        "HOME",
        "PGPOOL_SIZE",
        "REDIS",
        "BLOG_LEVEL",
    ],
)
def test_names_of_other_programs_are_theirs(site: Site, variable: str) -> None:
    site.environ[variable] = "1"

    assert site.load().warnings == ()


def test_a_name_beside_the_right_one_is_no_slip(site: Site) -> None:
    """A shell that has both, the older one for another program, says nothing of it."""
    site.environ |= {"database_url": "postgresql://a@b/c", "DATABASE_URL": "postgresql://a@b/d"}

    assert site.load().warnings == ()


@pytest.mark.parametrize("variable", ["MIGRATE", "PLUGINS", "PLUGINS__BACKUP"])
def test_a_table_in_a_variable_is_refused_for_every_table(site: Site, variable: str) -> None:
    site.settings('[default]\n[default.plugins]\nenabled = ["backup"]\n[development]\n')
    site.sections["backup"] = Backup
    site.environ[variable] = "{lock_wait=3}"

    (problem,) = site.problems()

    assert problem.what == "is a table and takes no value of its own"
    assert problem.source == f"environment {variable}"


def test_a_variable_of_a_plugin_that_is_not_here_is_a_warning_without_its_value(
    site: Site,
) -> None:
    """One environment file serves several containers."""
    site.environ |= {"PLUGINS__BACKUP__PG_BIN": "canary-value", "PLUGINS__S3__KEY": "canary-value"}

    found = site.load(known=("backup",)).warnings

    assert found == (
        "environment PLUGINS__BACKUP__PG_BIN is not read: the plugin 'backup' is not enabled here",
        "environment PLUGINS__S3__KEY is not read: the plugin 's3' is not enabled here",
    )


def test_a_misspelt_plugin_in_a_variable_stays_an_error(site: Site) -> None:
    site.settings('[default]\n[default.plugins]\nenabled = ["backup"]\n[development]\n')
    site.environ["PLUGINS__BACKP__PG_BIN"] = "/usr/bin"

    (problem,) = site.problems(known=("backup",))

    assert problem.hint == "did you mean 'backup'?"


class Keys(BaseModel):
    """The settings of a plugin; one of them is a file's name."""

    key_file: str = ""


def test_a_setting_that_is_called_a_file_is_meant_by_its_near_name(site: Site) -> None:
    site.sections["keys"] = Keys
    site.overrides.append('PLUGINS__ENABLED=["keys"]')
    site.environ["PLUGINS_KEYS_KEY_FILE"] = "x"

    assert site.load().warnings == (
        "environment PLUGINS_KEYS_KEY_FILE is not read; did you mean PLUGINS__KEYS__KEY_FILE?",
    )


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("MAX_UPLOAD_MB", "APP__MAX_UPLOAD_MB"),
        ("MAX_UPLOAD_MB_FILE", "APP__MAX_UPLOAD_MB_FILE"),
        ("MAIL__HOST", "APP__MAIL__HOST"),
        ("DYNACONF_MAX_UPLOAD_MB", "APP__MAX_UPLOAD_MB"),
    ],
)
def test_setting_of_the_application_without_its_prefix_is_a_warning(
    site: Site, variable: str, meant: str
) -> None:
    site.application = AppSettings
    site.environ[variable] = "canary-value"

    assert site.load().warnings == (f"environment {variable} is not read; did you mean {meant}?",)


@pytest.mark.parametrize(
    "given",
    [
        {"HOST": "machine"},
        {"MAX_UPLOAD_MB": "of another program", "APP__MAX_UPLOAD_MB": "2"},
    ],
)
def test_name_of_another_program_is_no_warning(site: Site, given: dict[str, str]) -> None:
    site.application = AppSettings
    site.environ |= given

    assert site.load().warnings == ()
