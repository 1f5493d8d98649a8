# Caddy as the official image has it: root with one capability on the program, its own places, and BusyBox.
ARG BASE
FROM ${BASE}
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends caddy libcap2-bin busybox \
    && ln -s /usr/bin/busybox /usr/local/bin/wget \
    && setcap cap_net_bind_service=+ep /usr/bin/caddy \
    && mkdir -p /config /data /srv
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
WORKDIR /srv
EXPOSE 80 443 443/udp 2019
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
