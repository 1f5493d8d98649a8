"""One trace for a run: its spans are those of what ran, and its log lines name them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.support.forks import wait_until
from tests.support.lock_holder import lock_holder
from tests.support.otlp_receiver import CLIENT
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from tests.support.otlp_receiver import Received, Receiver
    from tests.support.project import Project

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
TREE = """\
migrate.py upgrade
  import watching
  run upgrade
    lock
    pre_migrate watching
    revision r1
      attempt
        CREATE TABLE worker
        INSERT worker
        INSERT alembic_version
    revision r2
      attempt
        ALTER TABLE worker
        UPDATE alembic_version
    checks"""
FIRST = """
    op.execute("create table worker (id int)")
    op.execute("insert into worker values (4711)")
"""
SWALLOWED = """
    try:
        with op.get_bind().begin_nested():
            op.execute("drop table missing")
    except sa.exc.ProgrammingError:
        op.execute("create table there (id int)")
"""
NESTED = """
    bind = op.get_bind()

    def within(connection, cursor, statement, *_):
        if "outer_one" in statement:
            connection.exec_driver_sql("create table inner_one (id int)")

    sa.event.listen(bind, "before_cursor_execute", within)
    op.execute("create table outer_one (id int)")
    sa.event.remove(bind, "before_cursor_execute", within)
"""
SLOW = """
    import time
    from sst.hooks import hookimpl

    @hookimpl
    def post_revision(run, revision):
        time.sleep(5)
"""
OBSERVING = """
    from sst.hooks import hookimpl, trace_span

    @hookimpl
    def post_revision(run, revision):
        with trace_span("its own work"):
            pass
"""
OWN_PROVIDER = """
    import logging
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    class Mine(TracerProvider):
        pass

    parent = trace.get_current_span().get_span_context()
    trace.set_tracer_provider(Mine(shutdown_on_exit=False))
    logging.getLogger("sst.test").warning(
        "provider=%s parent=%032x-%016x",
        type(trace.get_tracer_provider()).__name__, parent.trace_id, parent.span_id,
    )
"""
FORKING = """
    pid = os.fork()
    if pid == 0:
        from sst.hooks import trace_span
        with trace_span("of the fork"):
            os._exit(0)
    os.waitpid(pid, 0)
    op.execute("create table worker (id int)")
"""
WATCHING = """
    from sst.hooks import hookimpl

    @hookimpl
    def pre_migrate(run):
        pass
"""


def tree(receiver: Receiver, root: Received, depth: int = 0) -> str:
    """Return the names of the spans at and below *root*, each deeper by two spaces."""
    below = [tree(receiver, each, depth + 1) for each in receiver.below(root)]
    return "\n".join([f"{'  ' * depth}{root.name}", *below])


def two_revisions(project: Project) -> None:
    """Write two revisions with three statements."""
    project.revision("r1", FIRST)
    project.revision("r2", "op.execute('alter table worker add column name text')")


def test_tree_of_spans_is_what_ran(project: Project, receiver: Receiver) -> None:
    two_revisions(project)
    project.plugin("watching", WATCHING)
    project.enable("watching")

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 0, done.stderr
    root = receiver.named("migrate.py upgrade")
    assert tree(receiver, root) == TREE
    assert {span.trace for span in receiver.spans} == {root.trace}
    assert not any(span.has_failed for span in receiver.spans)
    assert "trace" not in done.stderr.replace("trace_id=", "")


def test_record_keeps_the_trace_and_has_none_where_traces_are_off(
    project: Project, receiver: Receiver
) -> None:
    two_revisions(project)
    assert project.migrate("upgrade", "+1", **receiver.environment).exit_code == 0
    assert project.migrate("upgrade").exit_code == 0

    newest, first = json.loads(project.migrate("runs", "list", "--json").stdout)["runs"]
    shown = project.migrate("runs", "show", first["id"]).stdout

    assert first["trace_id"] == receiver.named("run upgrade").trace
    assert newest["trace_id"] is None
    assert f"trace\t{first['trace_id']}" in shown


def test_spans_say_whose_they_are_in_the_words_of_the_conventions(
    project: Project, receiver: Receiver
) -> None:
    two_revisions(project)

    project.migrate("upgrade", **receiver.environment)

    root, run = receiver.named("migrate.py upgrade"), receiver.named("run upgrade")
    insert = receiver.named("INSERT worker")
    assert root.resource.items() >= {
        ("service.name", "sst-migrate"),
        ("deployment.environment.name", "development"),
    }
    assert root.attributes["process.executable.name"] == "migrate.py"
    assert root.attributes["process.exit.code"] == 0
    assert run.attributes["sst.run.id"] == project.last_run()["id"]
    assert run.attributes["sst.run.after"] == ["r2"]
    assert insert.kind == CLIENT
    assert insert.attributes.items() >= {
        ("db.system.name", "postgresql"),
        ("db.namespace", project.database_url.rpartition("/")[2].partition("?")[0]),
        ("db.operation.name", "INSERT"),
        ("db.query.summary", "INSERT worker"),
        ("db.query.text", "insert into worker values (?)"),
    }


def test_run_joins_the_trace_of_a_pipeline(project: Project, receiver: Receiver) -> None:
    two_revisions(project)

    project.migrate("upgrade", **receiver.environment, TRACEPARENT=PARENT)

    root = receiver.named("migrate.py upgrade")
    assert (root.trace, root.parent) == (TRACE, SPAN)
    assert {span.trace for span in receiver.spans} == {TRACE}


def test_malformed_parent_is_left_out(project: Project, receiver: Receiver) -> None:
    two_revisions(project)

    done = project.migrate("upgrade", **receiver.environment, TRACEPARENT="00-x-y-01")

    assert done.exit_code == 0
    assert receiver.named("migrate.py upgrade").parent == ""


def test_parent_that_is_not_sampled_sends_nothing(project: Project, receiver: Receiver) -> None:
    two_revisions(project)

    done = project.migrate("upgrade", **receiver.environment, TRACEPARENT=f"{PARENT[:-1]}0")

    assert done.exit_code == 0
    assert receiver.spans == []


def test_teams_own_words_for_the_resource_win(project: Project, receiver: Receiver) -> None:
    own = {"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "team=a,service.version=9"}

    project.migrate("current", **receiver.environment, **own)

    resource = receiver.named("migrate.py current").resource
    assert resource.items() >= {("service.name", "shop"), ("team", "a"), ("service.version", "9")}


def test_compressed_spans_are_sent_with_the_headers(project: Project, receiver: Receiver) -> None:
    how = {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_HEADERS": "x-team=canary"}

    done = project.migrate("current", **receiver.environment, **how)

    assert receiver.named("migrate.py current").parent == ""
    assert receiver.headers[0].items() >= {("content-encoding", "gzip"), ("x-team", "canary")}
    assert "canary" not in done.stderr + done.stdout + receiver.told()


def test_failed_revision_has_its_sqlstate(project: Project, receiver: Receiver) -> None:
    project.revision("r1", "op.execute('alter table missing add column a int')")

    done = project.migrate("upgrade", **receiver.environment)

    failed = {span.name: span for span in receiver.spans if span.has_failed}
    assert done.exit_code == 1
    assert list(failed) == [
        "ALTER TABLE missing",
        "attempt",
        "revision r1",
        "run upgrade",
        "migrate.py upgrade",
    ]
    assert failed["ALTER TABLE missing"].attributes["db.response.status_code"] == "42P01"
    assert failed["revision r1"].attributes["error.type"] == "42P01"
    assert failed["run upgrade"].attributes["error.type"] == "revision_failed"
    assert failed["migrate.py upgrade"].attributes["process.exit.code"] == 1


def test_statement_that_a_savepoint_took_back_has_its_error(
    project: Project, receiver: Receiver
) -> None:
    project.revision("r1", SWALLOWED)

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 0, done.stderr
    assert receiver.named("DROP TABLE missing").attributes["error.type"] == "42P01"
    assert not receiver.named("CREATE TABLE there").has_failed
    assert not receiver.named("revision r1").has_failed


def test_each_try_and_each_wait_is_told(project: Project, receiver: Receiver) -> None:
    project.revision("r1", "op.execute('create table busy (id int)')")
    project.migrate("upgrade")
    project.revision("r2", "op.execute('alter table busy add column a int')")
    project.settings |= {
        "migrate.lock_timeout": 0.1,
        "migrate.lock_retry_pauses": [0.1],
    }

    with other_session(project, "lock table busy in access share mode") as other:
        running = project.start("upgrade", **receiver.environment)
        wait_until(lambda: "attempt 2 failed" in running.printed(), "a second attempt fails")
        other.end()
        done = running.finish()

    *failed, last = receiver.all_named("attempt")
    revision = receiver.named("revision r2")
    tries = [*failed, last]
    assert done.exit_code == 0, done.stderr
    assert len(failed) >= 2
    assert [each.attributes["sst.attempt.number"] for each in tries] == [*range(1, len(tries) + 1)]
    assert {each.parent for each in tries} == {revision.id}
    assert {each.attributes["error.type"] for each in failed} == {"55P03"}
    assert all("blocked" in dict(each.events) for each in failed)
    assert [name for name, _ in revision.events] == ["attempt failed", "wait"] * len(failed)
    assert not last.has_failed
    assert not revision.has_failed


def test_loop_of_statements_is_bounded_and_counted(project: Project, receiver: Receiver) -> None:
    project.revision(
        "r1", "for number in range(250):\n        op.execute(f'create table t{number} ()')"
    )

    project.migrate("upgrade", **receiver.environment)

    [attempt] = receiver.all_named("attempt")
    assert len(receiver.below(attempt)) == 100
    assert dict(attempt.events)["statements left out"] == {"sst.statements": 151}


def test_hook_that_fails_is_named(project: Project, receiver: Receiver) -> None:
    two_revisions(project)
    project.fail_at("pre_migrate", veto=True, reason="not on a Friday")

    done = project.migrate("upgrade", **receiver.environment)

    hook = receiver.named("pre_migrate fails_on_purpose")
    assert done.exit_code == 5
    assert hook.attributes.items() >= {
        ("sst.plugin.name", "fails_on_purpose"),
        ("sst.hook.name", "pre_migrate"),
        ("sst.hook.mode", "gate"),
        ("error.type", "Veto"),
    }
    assert "not on a Friday" in hook.message


def test_log_lines_carry_trace_and_span(project: Project, receiver: Receiver) -> None:
    two_revisions(project)

    done = project.migrate("upgrade", **receiver.environment, LOG_FORMAT="json")

    run = receiver.named("run upgrade")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["trace_id"] for line in lines} == {run.trace}
    assert run.id in {line["span_id"] for line in lines}


def test_object_of_a_command_names_its_trace(project: Project, receiver: Receiver) -> None:
    two_revisions(project)

    traced = project.migrate("upgrade", "--json", **receiver.environment, TRACEPARENT=PARENT)
    refused = project.migrate("upgrade", "no_such", "--json", **receiver.environment)
    plain = project.migrate("current", "--json")

    assert traced.json["trace_id"] == TRACE
    assert refused.json["trace_id"] in {span.trace for span in receiver.spans} - {TRACE}
    assert "trace_id" not in plain.json


def test_text_lines_end_with_trace_and_span(project: Project, receiver: Receiver) -> None:
    two_revisions(project)

    done = project.migrate("upgrade", **receiver.environment)

    run = receiver.named("run upgrade")
    found = re.findall(r" trace_id=(\w{32}) span_id=(\w{16})$", done.stderr, re.MULTILINE)
    assert len(found) == len(done.stderr.splitlines())
    assert (run.trace, run.id) in found


def test_without_an_exporter_log_lines_are_as_ever(project: Project) -> None:
    two_revisions(project)

    done = project.migrate("upgrade", TRACEPARENT=PARENT, LOG_FORMAT="json")

    assert all("trace_id" not in json.loads(line) for line in done.stderr.splitlines())


def test_statement_that_a_listener_sends_within_another_is_no_failure(
    project: Project, receiver: Receiver
) -> None:
    project.revision("r1", NESTED)

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 0, done.stderr
    assert not receiver.named("CREATE TABLE outer_one").has_failed
    assert not receiver.named("CREATE TABLE inner_one").has_failed


def test_rehearsal_is_a_span_with_the_statements_of_its_copy(
    project: Project, receiver: Receiver
) -> None:
    two_revisions(project)
    project.enable("backup")

    done = project.migrate("plan", **receiver.environment)

    below = receiver.below(receiver.named("rehearsal"))
    names = [each.name for each in below if each.kind == CLIENT]
    assert done.exit_code == 0, done.stderr
    assert names == [
        *("CREATE TABLE worker", "INSERT worker", "INSERT alembic_version"),
        *("ALTER TABLE worker", "UPDATE alembic_version"),
    ]
    assert not any(each.has_failed for each in below)


def test_wait_for_the_lock_of_runs_names_its_holder(project: Project, receiver: Receiver) -> None:
    two_revisions(project)
    with lock_holder(project, on_record=False):
        done = project.migrate("upgrade", "--lock-wait", "0.2", **receiver.environment)

    lock = receiver.named("lock")
    assert done.exit_code == 75, done.stderr
    assert lock.attributes["error.type"] == "lock_busy"
    [(name, attributes)] = lock.events
    assert name == "wait"
    assert "sst-migrate" in attributes["sst.wait.for"]


def test_observer_that_hangs_is_a_span_that_failed(project: Project, receiver: Receiver) -> None:
    project.plugin("slow", SLOW)
    project.enable("slow")
    project.settings["plugins.slow.timeout_seconds"] = 0.2
    project.revision("r1")

    done = project.migrate("upgrade", **receiver.environment)

    [hook] = receiver.all_named("post_revision slow")
    assert done.exit_code == 0, done.stderr
    assert hook.attributes["error.type"] == "NoAnswerError"


def test_work_of_plugins_in_threads_is_below_their_hook(
    project: Project, receiver: Receiver
) -> None:
    project.plugin("observing", OBSERVING)
    project.enable("observing")
    project.revision("r1")

    project.migrate("upgrade", **receiver.environment)

    hook = receiver.named("post_revision observing")
    assert [each.name for each in receiver.below(hook)] == ["its own work"]


def test_project_that_traces_itself_keeps_its_provider_and_joins(
    project: Project, receiver: Receiver
) -> None:
    project.revision("r1", OWN_PROVIDER)

    done = project.migrate("upgrade", "-v", **receiver.environment)

    attempt = receiver.named("attempt")
    assert done.exit_code == 0, done.stderr
    assert f"provider=Mine parent={attempt.trace}-{attempt.id}" in done.stderr


def test_fork_of_a_revision_sends_nothing_and_the_run_all(
    project: Project, receiver: Receiver
) -> None:
    project.revision("r1", FORKING)

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 0, done.stderr
    assert len({each.id for each in receiver.spans}) == len(receiver.spans)
    assert receiver.named("migrate.py upgrade").attributes["process.exit.code"] == 0
