#!/usr/bin/env bash
# confluentinc/cp-schema-registry.
# https://docs.confluent.io/platform/current/installation/docker/config-reference.html#sr-long-configuration
# Apicurio Registry in memory, with its Confluent API moved to the root by nginx. It doesn't need Kafka: the variables
# about it are required, and then not used.
set -euo pipefail
source /known-variables.sh
require_known 'SCHEMA_REGISTRY_.*' SCHEMA_REGISTRY_HOST_NAME SCHEMA_REGISTRY_LISTENERS \
  SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS SCHEMA_REGISTRY_KAFKASTORE_TOPIC \
  SCHEMA_REGISTRY_KAFKASTORE_TOPIC_REPLICATION_FACTOR SCHEMA_REGISTRY_HEAP_OPTS
: "${SCHEMA_REGISTRY_HOST_NAME:?}" "${SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS:?}"

cat > /tmp/nginx.conf <<NGINX
pid /tmp/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
  client_max_body_size 0;
  server {
    listen ${SCHEMA_REGISTRY_LISTENERS##*:};
    location /apis/ { proxy_pass http://127.0.0.1:18081; }
    location / { proxy_pass http://127.0.0.1:18081/apis/ccompat/v7/; }
  }
}
NGINX
nginx -c /tmp/nginx.conf -g 'daemon on;'
# shellcheck disable=SC2086 # several options
exec java ${SCHEMA_REGISTRY_HEAP_OPTS:--Xmx512M} -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port=18081 \
  -cp '/opt/registry/*:/opt/registry/lib/*' io.quarkus.runner.GeneratedMain
