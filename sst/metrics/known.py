"""Every metric that there is, by its name: few labels, and none of them for each tenant.

Moments are exported, not ages: what reads them knows what time it is, also when a scrape is late.
"""

from __future__ import annotations

from sst.metrics.exposition import Metric

READABLE = Metric(
    "sst_database_readable",
    "gauge",
    "1 when the database was read and compared with the code; "
    "with 0 the metrics of the database are absent.",
)
READ_AT = Metric(
    "sst_database_read_timestamp_seconds",
    "gauge",
    "When the database was read, on its own clock.",
)
STATE = Metric(
    "sst_schema_state", "gauge", "1 for the state that the schema is in, else 0.", ("state",)
)
PENDING = Metric(
    "sst_schema_pending_revisions",
    "gauge",
    "Revisions of this code that the database does not have; absent where that is not known.",
)
REVISIONS = Metric(
    "sst_schema_info",
    "gauge",
    "Always 1: the revision of the database and the newest one of this code.",
    ("revision", "head"),
)
DRIFT = Metric(
    "sst_schema_drift_findings",
    "gauge",
    "What a check of files, record and schema has found; absent where it could not compare.",
    ("check",),
)
RUNNING = Metric(
    "sst_migration_running",
    "gauge",
    "1 while a run is at work, or other work that holds its lock.",
)
RUNNING_SINCE = Metric(
    "sst_migration_running_since_timestamp_seconds",
    "gauge",
    "When the work began that is under way; absent while there is none.",
)
LAST_START = Metric(
    "sst_migration_last_start_timestamp_seconds",
    "gauge",
    "When the last run began that has ended.",
)
LAST_COMPLETION = Metric(
    "sst_migration_last_completion_timestamp_seconds",
    "gauge",
    "When the last run ended; absent where it was killed.",
)
LAST_SUCCESS = Metric(
    "sst_migration_last_success_timestamp_seconds",
    "gauge",
    "When the last run that succeeded ended.",
)
LAST_DURATION = Metric(
    "sst_migration_last_duration_seconds",
    "gauge",
    "How long the last run took; absent where it was killed.",
)
LAST_OUTCOME = Metric(
    "sst_migration_last_run_outcome",
    "gauge",
    "1 for the way in which the last run ended, else 0.",
    ("outcome",),
)
UNRESOLVED = Metric(
    "sst_migration_unresolved_failure",
    "gauge",
    "1 while a run that failed, was killed or left the database unhealthy is not made good.",
)
BACKUP_AT = Metric(
    "sst_backup_last_success_timestamp_seconds",
    "gauge",
    "When the work began that made the newest backup on record.",
)
BACKUP_PROVEN_AT = Metric(
    "sst_backup_last_proven_timestamp_seconds",
    "gauge",
    "When the work began that made the newest backup that was restored, or read back.",
)
BACKUP_SIZE = Metric("sst_backup_size_bytes", "gauge", "The size of the newest backup on record.")
OF_THE_DATABASE = (
    *(READABLE, READ_AT, STATE, PENDING, REVISIONS, DRIFT, RUNNING, RUNNING_SINCE),
    *(LAST_START, LAST_COMPLETION, LAST_SUCCESS, LAST_DURATION, LAST_OUTCOME, UNRESOLVED),
    *(BACKUP_AT, BACKUP_PROVEN_AT, BACKUP_SIZE),
)
"""Those of one database, whoever reads them."""

READY = Metric("sst_ready", "gauge", "1 when `/readyz` answers 200, else 0.")
REQUESTS = Metric(
    "sst_http_requests_total",
    "counter",
    "Requests that this process has answered.",
    ("method", "route", "status"),
)
REQUEST_SECONDS = Metric(
    "sst_http_request_duration_seconds",
    "histogram",
    "How long this process took for an answer, to its last byte.",
    ("method", "route"),
)
POOL_IN_USE = Metric(
    "sst_pool_connections_in_use",
    "gauge",
    "Connections of this process's pool that requests hold, or that are being opened.",
)
POOL_IDLE = Metric(
    "sst_pool_connections_idle", "gauge", "Open connections of this process's pool that are free."
)
POOL_LIMIT = Metric(
    "sst_pool_connections_limit",
    "gauge",
    "The most connections of this process's pool: DB_POOL_SIZE and DB_MAX_OVERFLOW.",
)
POOL_WAITING = Metric(
    "sst_pool_requests_waiting",
    "gauge",
    "Requests of this process that wait for a connection, because all of them are in use.",
)
POOL_TIMEOUTS = Metric(
    "sst_pool_timeouts_total",
    "counter",
    "Requests of this process that waited for a connection in vain.",
)
OF_THE_PROCESS = (
    *(READY, REQUESTS, REQUEST_SECONDS),
    *(POOL_IN_USE, POOL_IDLE, POOL_LIMIT, POOL_WAITING, POOL_TIMEOUTS),
)
"""Those of one process of the application."""

KNOWN = (*OF_THE_DATABASE, *OF_THE_PROCESS)
"""All of them, in the order in which they are shown."""
