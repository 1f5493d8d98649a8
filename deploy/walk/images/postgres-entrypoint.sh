#!/usr/bin/env bash
# The contract of the official image's entry point, as far as a compose file can use it:
# POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, /docker-entrypoint-initdb.d.
set -Eeuo pipefail

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA" || true
    chmod 3775 /var/run/postgresql || true
    find "$PGDATA" ! -user postgres -exec chown postgres {} +
    find /var/run/postgresql ! -user postgres -exec chown postgres {} +
    exec gosu postgres "$BASH_SOURCE" "$@"
fi

fail() { echo "error: $*" >&2; exit 1; }

sql() { PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER" "$@"; }

run_initialisation_file() {
    case "$1" in
        *.sh) if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
        *.sql) sql --dbname "$POSTGRES_DB" --file "$1" ;;
        *.sql.gz) gunzip -c "$1" | sql --dbname "$POSTGRES_DB" ;;
        *) echo "$0: ignoring $1" ;;
    esac
}

initialise() {
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
        [ -z "${POSTGRES_PASSWORD:-}" ] || fail "both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set"
        POSTGRES_PASSWORD=$(< "$POSTGRES_PASSWORD_FILE")
        unset POSTGRES_PASSWORD_FILE
    fi
    [ -n "${POSTGRES_PASSWORD:-}" ] || fail "database is uninitialised and no superuser password is given"
    export POSTGRES_PASSWORD POSTGRES_USER=${POSTGRES_USER:-postgres}
    export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
    ls /docker-entrypoint-initdb.d/ > /dev/null
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
    printf '\nhost all all all %s\n' "$(postgres -C password_encryption "$@")" >> "$PGDATA/pg_hba.conf"
    export PGPASSWORD=$POSTGRES_PASSWORD
    # Nobody gets in by TCP while the volume is being filled.
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    [ "$POSTGRES_DB" = postgres ] || sql --dbname postgres --command "CREATE DATABASE \"$POSTGRES_DB\""
    for file in /docker-entrypoint-initdb.d/*; do
        [ ! -e "$file" ] || run_initialisation_file "$file"
    done
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD POSTGRES_PASSWORD
}

# As in the official image: a volume whose initialisation has failed is not initialised again.
if [ "${1:-}" = postgres ]; then
    shift
    [ -s "$PGDATA/PG_VERSION" ] || initialise
    exec postgres -c listen_addresses='*' "$@"
fi
exec "$@"
