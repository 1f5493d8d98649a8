# The base with the packages that Debian has in `experimental` alone: a PostgreSQL before its release.
ARG BASE
FROM ${BASE}
RUN . /etc/os-release \
    && sed -E "s/ $VERSION_CODENAME / experimental /" /etc/apt/sources.list > /etc/apt/sources.list.d/experimental.list \
    && printf '%s\n' 'Package: libpq5' 'Pin: release a=experimental' 'Pin-Priority: 500' > /etc/apt/preferences.d/experimental
