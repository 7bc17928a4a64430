#!/usr/bin/env bash
# apache/kafka. https://hub.docker.com/r/apache/kafka: KAFKA_* are broker settings, CLUSTER_ID formats the storage,
# KAFKA_HEAP_OPTS goes to the JVM; data in KAFKA_LOG_DIRS.
set -euo pipefail
source /known-variables.sh
require_known '(KAFKA|CLUSTER)_.*' CLUSTER_ID KAFKA_HEAP_OPTS KAFKA_NODE_ID KAFKA_PROCESS_ROLES \
  KAFKA_CONTROLLER_QUORUM_VOTERS KAFKA_CONTROLLER_LISTENER_NAMES KAFKA_INTER_BROKER_LISTENER_NAME \
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP KAFKA_LISTENERS KAFKA_ADVERTISED_LISTENERS KAFKA_LOG_DIRS \
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR \
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR \
  KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS

heap=${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G}
unset KAFKA_HEAP_OPTS
properties KAFKA > /tmp/server.properties
if [ ! -e "$KAFKA_LOG_DIRS/meta.properties" ]; then
  java -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format --cluster-id "$CLUSTER_ID" --config /tmp/server.properties
fi
# shellcheck disable=SC2086 # several options
exec java $heap -cp '/opt/kafka/libs/*' kafka.Kafka /tmp/server.properties
