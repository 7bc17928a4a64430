#!/usr/bin/env bash
# confluentinc/ksqldb-server.
# https://docs.confluent.io/platform/current/installation/docker/config-reference.html#ksqldb-server-configuration
# No ksqlDB is to be had without pulling the image: what runs here is evpipe's own engine.
set -euo pipefail
source /known-variables.sh
require_known 'KSQL_.*' KSQL_LISTENERS KSQL_BOOTSTRAP_SERVERS KSQL_KSQL_SERVICE_ID KSQL_KSQL_SCHEMA_REGISTRY_URL \
  KSQL_KSQL_INTERNAL_TOPIC_REPLICAS KSQL_KSQL_STREAMS_REPLICATION_FACTOR KSQL_KSQL_CONNECT_URL KSQL_HEAP_OPTS
: "${KSQL_BOOTSTRAP_SERVERS:?}"

server() { [ -z "$3" ] || printf ',"%s":{"%s":"%s"}' "$1" "$2" "$3"; }
exec node /opt/ksqldb/server.mjs <<< "{\"host\":\"0.0.0.0\",\"port\":${KSQL_LISTENERS##*:},\"dataDir\":\"/var/lib/ksqldb\"$(
  server kafka bootstrapServers "$KSQL_BOOTSTRAP_SERVERS"
  [ -z "${KSQL_KSQL_SERVICE_ID:-}" ] || printf ',"serviceId":"%s"' "$KSQL_KSQL_SERVICE_ID"
  server schemaRegistry url "${KSQL_KSQL_SCHEMA_REGISTRY_URL:-}"
  server connect url "${KSQL_KSQL_CONNECT_URL:-}"
)}"
