#!/bin/bash
# Make the roles of the two URLs: one owns the database and migrates, one reads and writes its rows.
#
# PostgreSQL's image runs it in a new volume. In a database that is there already, and after a URL
# has got a new password, it is run again; it changes what differs and loses nothing:
#
#   docker compose exec db bash /docker-entrypoint-initdb.d/roles.sh
set -euo pipefail

decoded() { # percent-encoded text
    printf %b "${1//%/\\x}"
}

read_url() { # file of the secret, name of the variables: NAME_ROLE and NAME_PASSWORD
    local url credentials
    url=$(< "$1")
    credentials=${url#*://}
    if [[ $url != *://*:*@* ]]; then
        echo "roles.sh: $1 is no URL with a role and its password: postgresql://ROLE:PASSWORD@db:5432/$POSTGRES_DB" >&2
        exit 2
    fi
    credentials=${credentials%%@*}
    export "$2_ROLE=$(decoded "${credentials%%:*}")" "$2_PASSWORD=$(decoded "${credentials#*:}")"
}

secrets=${SECRETS_FOLDER:-/run/secrets}
read_url "$secrets/migration_database_url" MIGRATOR
read_url "$secrets/database_url" APPLICATION
if [[ $(printf '%s\n' "$POSTGRES_USER" "$MIGRATOR_ROLE" "$APPLICATION_ROLE" | sort -u | wc -l) != 3 ]]; then
    echo "roles.sh: administrator, migrations and application need a role each; they are" \
        "$POSTGRES_USER, $MIGRATOR_ROLE, $APPLICATION_ROLE" >&2
    exit 2
fi
# The image has read the file already when it fills a new volume.
ADMINISTRATOR_PASSWORD=${POSTGRES_PASSWORD:-$(< "$POSTGRES_PASSWORD_FILE")}
export ADMINISTRATOR_PASSWORD PGPASSWORD=$ADMINISTRATOR_PASSWORD

as() { # role, further words for psql
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$1" --dbname "$POSTGRES_DB" "${@:2}"
}

# Until now the application was PostgreSQL's first role, a superuser that cannot be made less:
# it becomes the administrator, by another one's hand, and its name is free.
if ! as "$POSTGRES_USER" --command '' 2> /dev/null; then
    as "$APPLICATION_ROLE" <<< 'SET client_min_messages = warning;
        DROP ROLE IF EXISTS sst_renames_the_first_role;
        CREATE ROLE sst_renames_the_first_role SUPERUSER LOGIN'
    as sst_renames_the_first_role --set was="$APPLICATION_ROLE" --set becomes="$POSTGRES_USER" \
        <<< 'ALTER ROLE :"was" RENAME TO :"becomes"'
fi
# Also of a run that was killed while it renamed.
as "$POSTGRES_USER" <<< 'SET client_min_messages = warning;
    DROP ROLE IF EXISTS sst_renames_the_first_role'
as "$POSTGRES_USER" --single-transaction --file "${BASH_SOURCE[0]%.sh}.psql"
