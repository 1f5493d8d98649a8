# Redis as the official image has it: user 999, and reachable from other containers.
ARG BASE
FROM ${BASE}
RUN groupadd --system --gid 999 redis \
    && useradd --system --uid 999 --gid 999 redis \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server \
    && install -d -o redis -g redis /data
WORKDIR /data
VOLUME /data
ENTRYPOINT ["sh", "-c", "exec \"$@\" --protected-mode no", "--"]
EXPOSE 6379
CMD ["redis-server"]
