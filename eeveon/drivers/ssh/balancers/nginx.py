"""The configuration of nginx, 1.18 or newer."""

from typing import Final

CONFIG: Final = "nginx.conf"

# Paths without a leading slash lie below the prefix that the unit gives it. A group of upstreams must have a member
# even where no instance is in service: the one that is `down` is never asked.
SKELETON: Final = """\
# Load balancer {{ balancer.name }}, written by EEveon. What is changed here by hand is undone.
daemon off;
worker_processes auto;
worker_shutdown_timeout {{ drain }};
error_log stderr warn;
pid nginx.pid;
{% for line in extra.main %}
{{ line }}
{% endfor %}

events {
    worker_connections 4096;
}

http {
    access_log off;
    server_tokens off;
    server_names_hash_bucket_size 512;
    client_body_temp_path body;
    proxy_temp_path proxy;
    client_max_body_size 0;
    client_header_timeout {{ client }};
    client_body_timeout {{ client }};
    send_timeout {{ client }};
    map $http_upgrade $eeveon_connection {
        default upgrade;
        "" "";
    }
    proxy_http_version 1.1;
    proxy_connect_timeout {{ connect }};
    proxy_read_timeout {{ server }};
    proxy_send_timeout {{ server }};
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    proxy_set_header Host $http_host;
    proxy_set_header Connection $eeveon_connection;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
{% for line in extra.http %}
    {{ line }}
{% endfor %}
{% for service in services %}

    upstream service-{{ service }} {
{% if balance %}
        {{ balance }};
{% endif %}
        server 127.0.0.1:9 down;
{{ marker }} {{ service }}
    }
{% endfor %}
{% for site in sites %}

    server {
        listen {{ balancer.listen }}{% if not site.host %} default_server{% endif %};
        server_name {{ site.host or "_" }};
{% for line in extra.server %}
        {{ line }}
{% endfor %}
{% for rule in site.rules %}
{% for location in (["= " ~ rule.path, rule.path ~ "/"] if rule.path else ["/"]) %}
        location {{ location }} {
            proxy_pass http://service-{{ rule.service }};
{% for line in extra.location %}
            {{ line }}
{% endfor %}
        }
{% endfor %}
{% endfor %}
{% if not site.is_whole %}
        location / {
            return 404;
        }
{% endif %}
    }
{% endfor %}
{% if not sites or sites[-1].host %}

    server {
        listen {{ balancer.listen }} default_server;
        server_name _;
        return 404;
    }
{% endif %}
}
"""

BACKEND: Final = """\
{{ facts }}
        server {{ endpoint }} {% if backend.weight %}weight={{ backend.weight }} max_fails=2 fail_timeout=2s{% else %}down{% endif %};
"""

BALANCE: Final = {"roundRobin": "", "leastConnections": "least_conn", "clientAddress": "ip_hash"}
