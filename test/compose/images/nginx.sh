#!/usr/bin/env bash
# nginx. https://hub.docker.com/_/nginx: includes /etc/nginx/conf.d/*.conf within http, logs to the container's output.
set -euo pipefail
mkdir -p /var/log/nginx /var/lib/nginx
cat > /tmp/nginx.conf <<'NGINX'
pid /tmp/nginx.pid;
error_log stderr;
events {}
http {
  access_log /dev/stdout;
  include /etc/nginx/conf.d/*.conf;
}
NGINX
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
