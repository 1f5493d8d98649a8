"""The statements on the queue's tables: procrastinate's, and our own beside them."""

from __future__ import annotations

TABLES = """
CREATE TABLE setup (fingerprint text NOT NULL);
CREATE TABLE rollout (
  id uuid PRIMARY KEY,
  queue text NOT NULL,
  command text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  began_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  queued integer NOT NULL DEFAULT 0,
  ended integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0);
CREATE TABLE result (
  rollout uuid NOT NULL REFERENCES rollout ON DELETE CASCADE,
  serial integer NOT NULL,
  exit_code integer,
  seconds double precision NOT NULL,
  is_unchanged boolean NOT NULL,
  is_skipped boolean NOT NULL,
  report bytea NOT NULL,
  PRIMARY KEY (rollout, serial));
CREATE TABLE worker (
  id uuid PRIMARY KEY,
  queue text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  slots integer NOT NULL,
  is_ending boolean NOT NULL,
  began_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now());
-- Taking a job looks for others with its lock: without this, seconds each among ten thousand.
CREATE INDEX job_by_lock ON procrastinate_jobs (lock) WHERE status IN ('todo', 'doing');
"""

# Of a call that waits ---------------------------------------------------------------------------

BEGIN_ROLLOUT = """
INSERT INTO rollout (id, queue, command, host, pid)
VALUES (%(rollout)s, %(queue)s, %(command)s, %(host)s, %(pid)s)
"""
FORGET_DEAD_ROLLOUTS = """
DELETE FROM rollout
WHERE queue = %(queue)s AND seen_at < now() - make_interval(secs => %(dead_after)s)
"""
FORGET_JOBS_OF_NOBODY = """
DELETE FROM procrastinate_jobs AS job
WHERE queue_name = %(queue)s AND status = 'todo'
  AND NOT EXISTS (SELECT FROM rollout WHERE id::text = job.args ->> 'rollout')
"""
SEEN_ROLLOUT = """
UPDATE rollout
SET seen_at = now(), queued = %(queued)s, ended = %(ended)s, failed = %(failed)s
WHERE id = %(rollout)s
"""
END_ROLLOUT = "DELETE FROM rollout WHERE id = %(rollout)s"
# Without it plans are those for a table that is empty: to take one job, all are read and sorted.
COUNT_WHAT_IS_QUEUED = "ANALYZE procrastinate_jobs"
LIVE_SERIALS = """
SELECT (args ->> 'serial')::integer AS serial FROM procrastinate_jobs
WHERE queue_name = %(queue)s AND args ->> 'rollout' = %(rollout)s AND status IN ('todo', 'doing')
"""
TAKE_RESULTS = """
DELETE FROM result WHERE rollout = %(rollout)s
RETURNING serial, exit_code, seconds, is_unchanged, is_skipped, report
"""
WITHDRAW = """
DELETE FROM procrastinate_jobs
WHERE queue_name = %(queue)s AND args ->> 'rollout' = %(rollout)s AND status = 'todo'
RETURNING (args ->> 'serial')::integer AS serial
"""
ASK_TO_END = """
UPDATE procrastinate_jobs SET abort_requested = true
WHERE queue_name = %(queue)s AND args ->> 'rollout' = %(rollout)s AND status = 'doing'
  AND NOT abort_requested
"""
LIVE_WORKERS = """
SELECT count(*) AS workers FROM worker
WHERE queue = %(queue)s AND seen_at >= now() - make_interval(secs => %(dead_after)s)
"""

# Of a worker, and of both -----------------------------------------------------------------------

IS_WANTED = """
SELECT count(*) AS rollouts FROM rollout
WHERE id = %(rollout)s AND seen_at >= now() - make_interval(secs => %(dead_after)s)
"""
STORE_RESULT = """
INSERT INTO result (rollout, serial, exit_code, seconds, is_unchanged, is_skipped, report)
SELECT id, %(serial)s, %(exit_code)s, %(seconds)s, %(is_unchanged)s, %(is_skipped)s, %(report)s
FROM rollout WHERE id = %(rollout)s
ON CONFLICT DO NOTHING
"""
SEEN_WORKER = """
INSERT INTO worker (id, queue, host, pid, slots, is_ending)
VALUES (%(worker)s, %(queue)s, %(host)s, %(pid)s, %(slots)s, %(is_ending)s)
ON CONFLICT (id) DO UPDATE SET seen_at = now(), is_ending = excluded.is_ending
"""
END_WORKER = "DELETE FROM worker WHERE id = %(worker)s"
FORGET_DEAD_WORKERS = """
DELETE FROM worker
WHERE queue = %(queue)s AND seen_at < now() - make_interval(secs => %(dead_after)s)
"""
# One statement, not `get_stalled_jobs` and then `retry_job` for each: with two that sweep at once
# the second could give back what another worker has begun meanwhile. What has killed its worker
# again and again is dropped: the call counts it, and gives it up in the end.
GIVE_BACK_STALLED = """
UPDATE procrastinate_jobs AS job
SET status = 'todo', attempts = attempts + 1, scheduled_at = NULL, worker_id = NULL
WHERE status = 'doing' AND queue_name = %(queue)s AND NOT abort_requested
  AND attempts < 2 AND NOT EXISTS (
    SELECT FROM procrastinate_workers AS worker
    WHERE worker.id = job.worker_id
      AND last_heartbeat >= now() - make_interval(secs => %(dead_after)s))
RETURNING args ->> 'target' AS target
"""
DROP_STALLED = """
DELETE FROM procrastinate_jobs AS job
WHERE status = 'doing' AND queue_name = %(queue)s AND (abort_requested OR attempts >= 2)
  AND NOT EXISTS (
    SELECT FROM procrastinate_workers AS worker
    WHERE worker.id = job.worker_id
      AND last_heartbeat >= now() - make_interval(secs => %(dead_after)s))
"""
# Taken by a worker that lives, and not at work there: the answer that it was taken has been lost.
GIVE_BACK_UNTAKEN = """
UPDATE procrastinate_jobs AS job
SET status = 'todo', attempts = attempts + 1, scheduled_at = NULL, worker_id = NULL
WHERE status = 'doing' AND worker_id = ANY (%(workers)s) AND NOT id = ANY (%(jobs)s)
  AND EXISTS (
    SELECT FROM procrastinate_events AS event
    WHERE event.job_id = job.id AND type = 'started'
    HAVING max(at) < now() - make_interval(secs => %(dead_after)s))
"""

# Of `fleet status` ------------------------------------------------------------------------------

JOBS = """
SELECT
  count(*) FILTER (WHERE status = 'todo') AS waiting,
  count(*) FILTER (WHERE status = 'doing' AND worker.id IS NOT NULL) AS at_work,
  coalesce(array_agg(args ->> 'target' ORDER BY args ->> 'target')
    FILTER (WHERE status = 'doing' AND worker.id IS NULL), '{}') AS stalled
FROM procrastinate_jobs AS job
LEFT JOIN procrastinate_workers AS worker
  ON worker.id = job.worker_id
 AND last_heartbeat >= now() - make_interval(secs => %(dead_after)s)
WHERE queue_name = %(queue)s
"""
WORKERS = """
SELECT host, pid, slots, is_ending,
  seen_at < now() - make_interval(secs => %(dead_after)s) AS is_dead,
  extract(epoch FROM now() - began_at)::float8 AS began_seconds,
  extract(epoch FROM now() - seen_at)::float8 AS seen_seconds
FROM worker WHERE queue = %(queue)s ORDER BY host, pid
"""
ROLLOUTS = """
SELECT id::text AS id, command, host, pid, queued, ended, failed,
  seen_at < now() - make_interval(secs => %(dead_after)s) AS is_dead,
  extract(epoch FROM now() - began_at)::float8 AS began_seconds,
  extract(epoch FROM now() - seen_at)::float8 AS seen_seconds
FROM rollout WHERE queue = %(queue)s ORDER BY began_at
"""
IS_ANY_AT_WORK = """
SELECT
  (SELECT count(*) FROM sst_fleet.procrastinate_jobs WHERE status IN ('todo', 'doing')) AS jobs
"""
