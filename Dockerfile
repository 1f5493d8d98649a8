# One image, two commands: `uvicorn` serves, `python migrate.py` migrates.
#
#   docker build --build-arg GIT_COMMIT=$(git rev-parse HEAD) --tag sst-platform:local .
#
# Builds without Docker Hub or apt.postgresql.org as well; docs/operators/containers.md has the commands.

ARG BASE_IMAGE=python:3.13-slim-bookworm
# Of the server, 14 to 19, never lower: pg_dump refuses a server that is newer than itself.
ARG POSTGRES_MAJOR=18
# Where pg_dump comes from: `pgdg` (apt.postgresql.org, every major) or `debian` (the base's own).
ARG POSTGRES_CLIENT_SOURCE=pgdg
# What plugins need on top, by its name in pyproject.toml: "s3 age redis".
ARG EXTRAS=""


# ---- The Python packages, exactly those of the lock

FROM ${BASE_IMAGE} AS packages
ARG EXTRAS
COPY pyproject.toml requirements.lock requirements-extras.lock deploy/extras.py /build/
# An index of your own goes in as a build secret: it is never part of a layer.
RUN --mount=type=secret,id=pip_config,target=/run/secrets/pip_config \
    python3 /build/extras.py /build $EXTRAS > /build/extras.lock \
    && python3 -m venv /opt/venv \
    && PIP_CONFIG_FILE=/run/secrets/pip_config \
        /opt/venv/bin/python -m pip install \
        --no-cache-dir --disable-pip-version-check --no-input \
        --no-deps --require-hashes --requirement /build/requirements.lock \
        --requirement /build/extras.lock \
    && /opt/venv/bin/python -m pip --disable-pip-version-check check


# ---- The application's files: readable for everyone, writable for nobody, compiled

FROM packages AS application
WORKDIR /app
# The example holds no secret: production refuses the placeholders that stand in it.
COPY migrate.py settings.toml pyproject.toml .secrets.toml.example plugins.lock* ./
COPY sst sst
COPY app app
COPY plugins plugins
COPY alembic alembic
COPY deploy/probe.py deploy/scheduled_backups.py deploy/
# A checkout made under umask 077 would be unreadable for the image's user.
RUN chmod -R u=rwX,go=rX . \
    && /opt/venv/bin/python -m compileall -q .


# ---- The signing key of apt.postgresql.org, as Debian packages it

FROM ${BASE_IMAGE} AS keyring
ARG POSTGRES_CLIENT_SOURCE
RUN mkdir -p /keyring \
    && if [ "$POSTGRES_CLIENT_SOURCE" = pgdg ]; then \
        apt-get update \
        && apt-get install -y --no-install-recommends postgresql-common \
        && cp /usr/share/postgresql-common/pgdg/apt.postgresql.org.asc /keyring/; \
    fi


# ---- The image

FROM ${BASE_IMAGE} AS image
ARG POSTGRES_MAJOR
ARG POSTGRES_CLIENT_SOURCE
COPY --from=keyring /keyring/ /usr/share/keyrings/
RUN set -eu; \
    export DEBIAN_FRONTEND=noninteractive; \
    case "$POSTGRES_CLIENT_SOURCE" in \
        pgdg) \
            apt-get update; \
            apt-get install -y --no-install-recommends ca-certificates; \
            . /etc/os-release; \
            echo "deb [signed-by=/usr/share/keyrings/apt.postgresql.org.asc]" \
                "https://apt.postgresql.org/pub/repos/apt $VERSION_CODENAME-pgdg main" \
                > /etc/apt/sources.list.d/pgdg.list ;; \
        debian) ;; \
        *) echo "POSTGRES_CLIENT_SOURCE is pgdg or debian, not $POSTGRES_CLIENT_SOURCE" >&2; exit 2 ;; \
    esac; \
    apt-get update; \
    apt-get install -y --no-install-recommends "postgresql-client-$POSTGRES_MAJOR"; \
    rm -rf /var/lib/apt/lists/*; \
    pg_dump --version | grep -q ") $POSTGRES_MAJOR[^0-9]"

# Backups are packed with zstd, which costs no time; before 16 there is none (EXTRAS=isal).
RUN [ "$POSTGRES_MAJOR" -lt 16 ] \
    || "/usr/lib/postgresql/$POSTGRES_MAJOR/bin/pg_dump" --format=custom --compress=zstd:1 \
        --host=/nonexistent --file=/dev/null nothing 2>&1 | grep -q "connection to server" \
    || { echo "this pg_dump was built without zstd" >&2; exit 1; }

# Numeric, so that Kubernetes can check `runAsNonRoot`; with a name, so that the ledger can say who.
RUN groupadd --gid 10001 sst \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin sst \
    && install -d -o 10001 -g 10001 -m 0700 /backups

COPY --from=packages /opt/venv /opt/venv
COPY --from=application /app /app
WORKDIR /app

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENV_FOR_DYNACONF=production \
    PLUGINS__BACKUP__DIRECTORY=/backups

# Last, so that a new commit reuses every layer above.
ARG GIT_COMMIT=""
ENV GIT_COMMIT=${GIT_COMMIT}
LABEL org.opencontainers.image.title="SST Platform" \
      org.opencontainers.image.description="Application and migrations of the SST platform." \
      org.opencontainers.image.revision="${GIT_COMMIT}"

USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "deploy/probe.py"]
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000", \
     "--no-server-header", "--timeout-graceful-shutdown", "20"]
