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

FLEET_LIST = Metric(
    "sst_fleet_list_readable",
    "gauge",
    "1 when the list of databases was read; with 0 the others are of the list as it was.",
)
FLEET_STATES = Metric(
    "sst_fleet_targets",
    "gauge",
    "How many of the listed databases are in that state, `unreachable` or `unseen` among them.",
    ("state",),
)
FLEET_REVISIONS = Metric(
    "sst_fleet_revision_targets",
    "gauge",
    "How many are at that revision: the newest of this code, the most frequent five, `other`.",
    ("revision",),
)
FLEET_FAILED = Metric(
    "sst_fleet_failed_targets",
    "gauge",
    "How many have a run that failed, was killed or left them unhealthy, and is not made good.",
)
FLEET_RUNNING = Metric(
    "sst_fleet_running_targets", "gauge", "In how many a run was at work at their look."
)
FLEET_SLOWEST = Metric(
    "sst_fleet_slowest_run_seconds",
    "gauge",
    "How long the last run took in the database where it took longest.",
)
FLEET_OLDEST = Metric(
    "sst_fleet_oldest_look_timestamp_seconds",
    "gauge",
    "When the look was made that is the oldest of those that the other metrics are of.",
)
FLEET_LOST = Metric(
    "sst_fleet_lost_since_timestamp_seconds",
    "gauge",
    "Since when the database cannot be read that was lost first; absent while there is none.",
)
OF_THE_FLEET = (
    *(FLEET_LIST, FLEET_STATES, FLEET_REVISIONS, FLEET_FAILED, FLEET_RUNNING),
    *(FLEET_SLOWEST, FLEET_OLDEST, FLEET_LOST),
)
"""Those of all databases that are listed."""

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

KNOWN = (*OF_THE_DATABASE, *OF_THE_FLEET, *OF_THE_PROCESS)
"""All of them, in the order in which they are shown."""
