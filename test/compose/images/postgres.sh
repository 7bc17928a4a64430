#!/usr/bin/env bash
# postgres. https://hub.docker.com/_/postgres: the first start makes PGDATA with a superuser postgres, whose password is in
# POSTGRES_PASSWORD_FILE; connections from elsewhere need it.
set -euo pipefail
source /known-variables.sh
require_known '(POSTGRES|PG)_?.*' POSTGRES_PASSWORD_FILE PGDATA

bin=$(echo /usr/lib/postgresql/*/bin)
as_postgres() { setpriv --reuid=999 --regid=999 --clear-groups "$@"; }
mkdir -p "$PGDATA" /var/run/postgresql
chown 999:999 "$PGDATA" /var/run/postgresql
chmod 700 "$PGDATA"
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  cp "$POSTGRES_PASSWORD_FILE" /tmp/password
  chown 999 /tmp/password
  as_postgres "$bin/initdb" --pgdata="$PGDATA" --username=postgres --pwfile=/tmp/password --auth-local=trust \
    --auth-host=scram-sha-256 --no-locale --encoding=UTF8
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
fi
[ "$1" = postgres ]
shift
exec setpriv --reuid=999 --regid=999 --clear-groups "$bin/postgres" -k /var/run/postgresql "$@"
