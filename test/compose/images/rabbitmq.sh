#!/usr/bin/env bash
# rabbitmq:…-management. https://hub.docker.com/_/rabbitmq: data in /var/lib/rabbitmq, settings in /etc/rabbitmq/conf.d, the
# HTTP API on 15672; the variables RABBITMQ_DEFAULT_… are not used by the fragment and refused here.
set -euo pipefail
source /known-variables.sh
require_known 'RABBITMQ_.*'

chown -R 999:999 /var/lib/rabbitmq
export LANG=C.UTF-8 RABBITMQ_LOGS=- RABBITMQ_MNESIA_BASE=/var/lib/rabbitmq/mnesia
exec setpriv --reuid=999 --regid=999 --clear-groups rabbitmq-server
