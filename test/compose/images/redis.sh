#!/usr/bin/env bash
# redis. https://hub.docker.com/_/redis: data in /data, the configuration file is the command's argument.
set -euo pipefail
cd /data
exec setpriv --reuid=999 --regid=999 --clear-groups "$@"
