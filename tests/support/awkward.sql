-- A database with everything that a dump may lose. Roles are named by the test: :owner, :reader.
create schema "Größe, alt";
create schema app;
comment on schema app is 'with a ''quote'' and a "name"';
set search_path = app, public;

create type mood as enum ('sad', 'ok', 'über glücklich');
create type place as (street text, number int);
create domain percent as numeric(5, 2) check (value between 0 and 100);
create domain "odd name" as text not null default 'x';
create collation german (provider = libc, locale = 'C');

create table people (
    id bigint generated always as identity (start with 1000 increment by 7) primary key,
    name text collate german not null,
    mood mood not null default 'ok',
    share percent,
    tags text[] not null default '{}',
    matrix int[][],
    data jsonb,
    raw bytea,
    home place,
    active tstzrange,
    doubled numeric generated always as (share * 2) stored,
    unique nulls distinct (name),
    check (name <> '')
);
comment on table people is 'people; drop table people;';
comment on column people.raw is E'a\nb';
insert into people (name, mood, share, tags, matrix, data, raw, home, active)
select 'name ' || i, (array['sad', 'ok', 'über glücklich'])[1 + i % 3]::mood, i % 100,
    array['a,b', '"q"', E'\\', 'ü', null], array[[i, 2], [3, i]],
    jsonb_build_object('n', i, 'null', null, 'deep', jsonb_build_array(1, 'two', '\u00e9'::text)),
    decode(repeat(md5(i::text), 20), 'hex'), row('Weg ' || i, i)::place,
    tstzrange('2026-01-01+00', '2026-01-02+00')
from generate_series(1, 400) i;

create table "Tabelle ""1""; --" ("Spalte mit Leerzeichen" "odd name", "select" int);
insert into "Tabelle ""1""; --" values ('ein', 1), (E'zwei\tdrei\n', 2), ('\.', 3);
create table "Größe, alt".t (id bigint primary key references app.people (id));
insert into "Größe, alt".t select id from app.people limit 3;

create table measures (at date not null, site int not null, value double precision)
    partition by range (at);
create table measures_2026 partition of measures for values from ('2026-01-01') to ('2027-01-01')
    partition by list (site);
create table measures_2026_1 partition of measures_2026 for values in (1);
create table measures_2026_rest partition of measures_2026 default;
create table measures_rest partition of measures default;
create index on measures (site, at);
insert into measures select date '2026-01-01' + i % 700, i % 3,
    case i % 5 when 0 then 'NaN' when 1 then 'Infinity' else i / 7.0 end
from generate_series(1, 1000) i;

create table parent (id int primary key, note text);
create table child (extra text) inherits (parent);
insert into parent values (1, 'p');
insert into child values (2, 'c', 'only here');

create unlogged table scratch (id int);
insert into scratch select generate_series(1, 10);
create table empty_one ();
create table no_columns_but_rows ();
insert into no_columns_but_rows default values;
insert into no_columns_but_rows default values;

create sequence by_hand as smallint minvalue -5 start with 3 cycle;
select setval('by_hand', 17, false);
create table serials (id serial primary key, n int);
insert into serials (n) select generate_series(1, 12);
select nextval('serials_id_seq');

create materialized view sums as
    select mood, count(*) as n, sum(share) as share from people group by mood;
create unique index on sums (mood);
create materialized view never_filled as select 1 as one with no data;
create view guarded with (security_barrier) as select id, name from people where active is not null;
create view over_mat as select * from sums;
create rule no_deletes as on delete to serials do instead nothing;

create function touch() returns trigger language plpgsql as $f$
begin
    new.note := coalesce(new.note, '') || '!';
    return new;
end $f$;
create trigger touch before insert on parent for each row execute function touch();
alter table parent disable trigger touch;
create function add(a int, b int default 2) returns int language sql immutable
    begin atomic; select a + b; end;
create procedure clean() language sql as 'delete from scratch';
create aggregate longest (text) (sfunc = textcat, stype = text, initcond = '');
create index people_lower on people (lower(name)) where active is not null;
create index people_data on people using gin (data);
create statistics people_mood (dependencies) on mood, share from people;
alter table people add constraint overlap exclude using gist (active with &&)
    where (name = 'nobody');

alter table people enable row level security;
alter table people force row level security;
create policy own on people for select to public using (name = current_user);

create table dummies (id int references parent (id) deferrable initially deferred);
insert into dummies values (1);
set constraints all immediate;
alter table dummies add check (id > 1) not valid;
create text search configuration app.simple_de (copy = simple);
create publication changes for table people;

select lo_from_bytea(0, decode(repeat(md5(i::text), 5000), 'hex')) from generate_series(1, 5) i;
select lo_from_bytea(424242, '');
comment on large object 424242 is 'the empty one';
