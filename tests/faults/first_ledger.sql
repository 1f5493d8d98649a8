-- The ledger as the first version made it: every later version goes on from here.
create schema if not exists migrator;
create table if not exists migrator.run (
        id text primary key,
        command text not null,
        target text not null,
        environment text not null,
        version_table text not null,
        from_heads text[] not null,
        to_heads text[] not null,
        os_user text not null,
        db_role text not null default current_user,
        host text not null,
        pid integer not null,
        backend_pid integer not null,
        backend_start timestamptz not null,
        app_version text not null,
        git_commit text not null,
        plugins jsonb not null,
        started_at timestamptz not null default clock_timestamp(),
        finished_at timestamptz,
        outcome text not null default 'running' check (outcome in
            ('running', 'succeeded', 'failed', 'refused', 'unhealthy', 'interrupted')),
        error jsonb,
        backup jsonb);
create table if not exists migrator.step (
        run_id text not null references migrator.run on delete cascade,
        position integer not null,
        revision text not null,
        direction text not null,
        checksum text not null,
        started_at timestamptz not null default clock_timestamp(),
        duration_ms integer,
        attempts integer not null default 1,
        outcome text not null default 'running' check (outcome in
            ('running', 'applied', 'failed', 'interrupted')),
        primary key (run_id, position));
create index if not exists run_started_at on migrator.run (started_at desc);
create index if not exists step_revision on migrator.step (revision, started_at desc);
