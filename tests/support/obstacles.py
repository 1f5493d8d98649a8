"""Databases in SQL that a role cannot rebuild, and some that only look so."""

from __future__ import annotations

# What a superuser has done in the database of {role}, the words for it, and the way through.
NO_OWNER, SUPERUSER = "--no-owner", "as a superuser"
STRANGE = {
    "table": (
        """
            CREATE TABLE adm (id int);
            GRANT ALL ON adm TO {role}
        """,
        "table public.adm belongs",
        NO_OWNER,
    ),
    "schema": (
        """
            CREATE SCHEMA adm;
            GRANT ALL ON SCHEMA adm TO {role}
        """,
        "schema adm belongs",
        NO_OWNER,
    ),
    "type": (
        "CREATE TYPE mood AS ENUM ('ok')",
        "type public.mood belongs",
        NO_OWNER,
    ),
    "sequence": (
        """
            CREATE SEQUENCE ids;
            GRANT ALL ON ids TO {role}
        """,
        "sequence public.ids belongs",
        NO_OWNER,
    ),
    "large object": (
        """
            SELECT lo_create(77);
            GRANT ALL ON LARGE OBJECT 77 TO {role}
        """,
        "large object 77 belongs",
        NO_OWNER,
    ),
    "default privileges": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {role}",
        "default privileges on new relations belonging to role",
        NO_OWNER,
    ),
    "language": (
        """
            CREATE FUNCTION absolute(float8) RETURNS float8 LANGUAGE internal AS 'float8abs';
            ALTER FUNCTION absolute(float8) OWNER TO {role}
        """,
        "only a superuser may create function public.absolute(double precision)",
        SUPERUSER,
    ),
    "leakproof": (
        """
            CREATE FUNCTION one() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1';
            ALTER FUNCTION one() OWNER TO {role}
        """,
        "only a superuser may create function public.one()",
        SUPERUSER,
    ),
    "event trigger": (
        """
            CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
            ALTER FUNCTION note() OWNER TO {role};
            CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION note()
        """,
        "only a superuser may create event trigger noted",
        SUPERUSER,
    ),
    "publication": (
        "CREATE PUBLICATION everything FOR ALL TABLES",
        "only a superuser may create publication everything",
        SUPERUSER,
    ),
    "operator family": (
        """
            CREATE OPERATOR FAMILY kin USING btree;
            ALTER OPERATOR FAMILY kin USING btree OWNER TO {role}
        """,
        "only a superuser may create operator family public.kin",
        SUPERUSER,
    ),
    "foreign-data wrapper": (
        """
            CREATE FOREIGN DATA WRAPPER far;
            GRANT USAGE ON FOREIGN DATA WRAPPER far TO {role};
            SET ROLE {role};
            CREATE SERVER away FOREIGN DATA WRAPPER far;
            RESET ROLE
        """,
        "may not use the foreign-data wrapper far before its grants",
        SUPERUSER,
    ),
    "member without room": (
        """
            CREATE ROLE {role}_group;
            GRANT {role}_group TO {role};
            CREATE SCHEMA own AUTHORIZATION {role};
            CREATE TABLE own.shared (id int);
            ALTER TABLE own.shared OWNER TO {role}_group
        """,
        "table own.shared belongs to {role}_group, which may not create there",
        NO_OWNER,
    ),
    "grant of a grantee": (
        """
            CREATE ROLE {role}_group;
            SET ROLE {role};
            CREATE TABLE own (id int);
            GRANT SELECT ON own TO {role}_group WITH GRANT OPTION;
            SET ROLE {role}_group;
            GRANT SELECT ON own TO PUBLIC;
            RESET ROLE
        """,
        "{role}_group has granted what it does not own",
        NO_OWNER,
    ),
}
ITEM = "CREATE TABLE item (name text); INSERT INTO item VALUES ('A')"
NORM = "CREATE FUNCTION norm(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)'"
# What the owner has made itself and a rebuild does not find.
UNQUALIFIED = {
    "generated column": (
        """
            CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN
                norm(t); END';
            ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
        """,
        "function public.up(text)",
    ),
    "CHECK that asks a table": (
        """
            CREATE TABLE word (t text);
            CREATE FUNCTION known(t text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN NOT
                EXISTS (SELECT FROM word w WHERE w.t = $1); END';
            ALTER TABLE item ADD CHECK (known(name))
        """,
        "names word without a schema",
    ),
    "domain": (
        """
            CREATE FUNCTION good(text) RETURNS boolean LANGUAGE sql AS 'SELECT norm($1) > ''''';
            CREATE DOMAIN good_text AS text CHECK (good(VALUE));
            CREATE TABLE d (t good_text);
            INSERT INTO d VALUES ('x')
        """,
        "function public.good(text)",
    ),
    "type": (
        """
            CREATE TYPE mood AS ENUM ('ok');
            CREATE FUNCTION mood_of(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN
                (''ok''::mood)::text = ''ok''; END';
            ALTER TABLE item ADD CHECK (mood_of(name))
        """,
        "names mood without a schema",
    ),
    "operator": (
        """
            CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2';
            CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
            CREATE FUNCTION equal(t text) RETURNS boolean LANGUAGE sql AS 'SELECT $1 === $1';
            ALTER TABLE item ADD CHECK (equal(name))
        """,
        "operator does not exist: text === text",
    ),
    "called by one that is qualified": (
        """
            CREATE FUNCTION inner_(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
                RETURN norm(t); END';
            CREATE FUNCTION outer_(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
                RETURN public.inner_(t); END';
            ALTER TABLE item ADD g text GENERATED ALWAYS AS (outer_(name)) STORED
        """,
        "function public.inner_(text)",
    ),
    "partition key": (
        """
            CREATE FUNCTION part(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
                RETURN norm(t); END';
            CREATE TABLE p (t text) PARTITION BY HASH (part(t));
            CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0);
            INSERT INTO p VALUES ('x')
        """,
        "function public.part(text)",
    ),
}
AUDIT = """
    CREATE TABLE audit (tag text);
    CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql SET search_path = public
        AS 'BEGIN INSERT INTO audit VALUES (tg_tag); END';
    CREATE EVENT TRIGGER audited ON ddl_command_end EXECUTE FUNCTION audit()
"""
# What looks like it, and is rebuilt.
INNOCENT = {
    "path of its own": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path
            = public AS 'BEGIN RETURN norm(t); END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "with its schema": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN
            public.norm(t); END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "bound when it was made": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE sql IMMUTABLE RETURN norm(t);
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "not called": """
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name =
            norm(NEW.name); RETURN NEW; END';
        CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION touch()
    """,
    "in a comment and in a text": """
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN /*
            norm(t) */ RETURN lower(t) || ''norm(t)''; -- norm(t)
         END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "name of the server's own": """
        CREATE FUNCTION lower(item) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
        CREATE FUNCTION up(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN
            lower(t); END';
        ALTER TABLE item ADD g text GENERATED ALWAYS AS (up(name)) STORED
    """,
    "own publication and schema": """
        CREATE SCHEMA own;
        CREATE TABLE own.t (id int);
        CREATE PUBLICATION p FOR TABLE own.t
    """,
    "aggregate": "CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int)",
    "range": "CREATE TYPE span AS RANGE (subtype = int4)",
}
