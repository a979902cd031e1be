"""The configuration of HAProxy, 2.4 or newer."""

from typing import Final

CONFIG: Final = "haproxy.cfg"

# An old worker answers what it has in hand after a reload. Idle connections of clients are not cut under a request
# that is on its way (`idle-close-on-response`); they end by themselves within `http-keep-alive`.
SKELETON: Final = """\
# Load balancer {{ balancer.name }}, written by EEveon. What is changed here by hand is undone.
global
    log stdout format raw daemon notice
    hard-stop-after {{ drain }}
{% if privileged %}
    uid 65534
    gid 65534
{% endif %}
{% for line in extra.global %}
    {{ line }}
{% endfor %}

defaults
    mode http
    log global
    option dontlognull
    option forwardfor
    option redispatch
    option idle-close-on-response
    retries 3
    timeout connect {{ connect }}
    timeout queue {{ connect }}
    timeout client {{ client }}
    timeout http-request {{ client }}
    timeout http-keep-alive {{ idle }}
    timeout server {{ server }}
    timeout tunnel 1h
{% for line in extra.defaults %}
    {{ line }}
{% endfor %}

frontend requests
    bind :{{ balancer.listen }}
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
{% for line in extra.frontend %}
    {{ line }}
{% endfor %}
{% for site in sites %}
{% for rule in site.rules %}
{% set host = "{ req.hdr(host),field(1,:),lower -m str " ~ site.host ~ " } " if site.host else "" %}
{% if rule.path %}
    use_backend service-{{ rule.service }} if {{ host }}{ path -m str {{ rule.path }} } or {{ host }}{ path -m beg {{ rule.path }}/ }
{% elif site.host %}
    use_backend service-{{ rule.service }} if {{ host }}
{% else %}
    use_backend service-{{ rule.service }}
{% endif %}
{% endfor %}
{% if site.host and not site.is_whole %}
    use_backend nothing if { req.hdr(host),field(1,:),lower -m str {{ site.host }} }
{% endif %}
{% endfor %}
    default_backend nothing

backend nothing
    http-request return status 404 content-type text/plain string "no service has this address"
{% for service in services %}

backend service-{{ service }}
    balance {{ balance }}
{% for line in extra.backend %}
    {{ line }}
{% endfor %}
{{ marker }} {{ service }}
{% endfor %}
"""

BACKEND: Final = """\
{{ facts }}
    server {{ backend.instance }} {{ endpoint }} weight {{ backend.weight }} check inter 2s fall 2 rise 1
"""

BALANCE: Final = {"roundRobin": "roundrobin", "leastConnections": "leastconn", "clientAddress": "source"}
