#!/usr/bin/env bash
# quay.io/debezium/connect. https://github.com/debezium/container-images/tree/main/connect: these variables, and CONNECT_*
# as settings of the worker; plugins in /kafka/connect. Other variables belong to the user, for ${env:NAME}.
set -euo pipefail
source /known-variables.sh
require_known '(BOOTSTRAP|GROUP|OFFSET|SHUTDOWN|ENABLE|HEAP|KAFKA|REST|ADVERTISED|KEY|VALUE|CONFIG_STORAGE|STATUS_STORAGE|CONNECT)_.*' \
  BOOTSTRAP_SERVERS GROUP_ID CONFIG_STORAGE_TOPIC OFFSET_STORAGE_TOPIC STATUS_STORAGE_TOPIC KEY_CONVERTER VALUE_CONVERTER \
  OFFSET_FLUSH_INTERVAL_MS OFFSET_FLUSH_TIMEOUT_MS SHUTDOWN_TIMEOUT HEAP_OPTS \
  CONNECT_CONFIG_STORAGE_REPLICATION_FACTOR CONNECT_OFFSET_STORAGE_REPLICATION_FACTOR \
  CONNECT_STATUS_STORAGE_REPLICATION_FACTOR CONNECT_CONFIG_PROVIDERS CONNECT_CONFIG_PROVIDERS_ENV_CLASS
: "${GROUP_ID:?}" "${CONFIG_STORAGE_TOPIC:?}" "${OFFSET_STORAGE_TOPIC:?}"

address=$(hostname)
{
  echo "bootstrap.servers=$BOOTSTRAP_SERVERS"
  echo "group.id=$GROUP_ID"
  echo "config.storage.topic=$CONFIG_STORAGE_TOPIC"
  echo "offset.storage.topic=$OFFSET_STORAGE_TOPIC"
  echo "status.storage.topic=${STATUS_STORAGE_TOPIC:-connect-status}"
  echo "key.converter=${KEY_CONVERTER:-org.apache.kafka.connect.json.JsonConverter}"
  echo "value.converter=${VALUE_CONVERTER:-org.apache.kafka.connect.json.JsonConverter}"
  echo "offset.flush.interval.ms=${OFFSET_FLUSH_INTERVAL_MS:-60000}"
  echo "offset.flush.timeout.ms=${OFFSET_FLUSH_TIMEOUT_MS:-5000}"
  echo "task.shutdown.graceful.timeout.ms=${SHUTDOWN_TIMEOUT:-10000}"
  echo "listeners=http://0.0.0.0:8083"
  echo "rest.advertised.host.name=$address"
  echo "plugin.path=/kafka/connect"
  echo "plugin.discovery=service_load"
  properties CONNECT
} > /tmp/connect.properties
# shellcheck disable=SC2086 # several options
exec java ${HEAP_OPTS:--Xms256M -Xmx2G} -cp '/kafka/libs/*' org.apache.kafka.connect.cli.ConnectDistributed /tmp/connect.properties
