"""A database with something of everything, on the real PostgreSQL server of the tests."""

from collections.abc import Iterator

import psycopg
import pytest

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN required AS text NOT NULL;
CREATE SCHEMA other;
CREATE SCHEMA locked;

CREATE TABLE other.owners (id int PRIMARY KEY);
CREATE TABLE pets (
    id bigint PRIMARY KEY,
    gone int,
    name varchar(40) NOT NULL,
    weight numeric(6, 2),
    born date,
    seen timestamptz,
    tags text[],
    mood mood,
    age positive,
    species required,
    owner_id int CONSTRAINT pets_owner_fk REFERENCES other.owners
);
ALTER TABLE pets DROP COLUMN gone;
COMMENT ON TABLE pets IS 'those at home';
COMMENT ON COLUMN pets.seen IS 'when last';

CREATE TABLE slots (shelf text, place int, PRIMARY KEY (place, shelf));
CREATE TABLE parts (id int PRIMARY KEY, shelf text, place int,
    CONSTRAINT parts_slot FOREIGN KEY (shelf, place) REFERENCES slots (shelf, place));

CREATE TABLE events (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE notes (event int, day date, CONSTRAINT notes_event FOREIGN KEY (event, day) REFERENCES events);

CREATE TABLE "Odd ""name"".x" ("a b" int, "Ünï" int, "select" int);
CREATE TABLE empty ();
CREATE VIEW a_view AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW a_materialized_view AS SELECT 1 AS one;

CREATE TABLE hidden (id int);
CREATE TABLE half_hidden (id int, secret int);
CREATE TABLE locked.away (id int);
CREATE ROLE reader LOGIN;
GRANT SELECT ON ALL TABLES IN SCHEMA public, locked TO reader;
REVOKE SELECT ON hidden, half_hidden FROM reader;
GRANT SELECT (id) ON half_hidden TO reader;
"""


@pytest.fixture(scope="session")
def zoo_url(postgres_server: str) -> Iterator[str]:
    """A separate database with the schema above."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE zoo")
    mine = postgres_server.rsplit("/", 1)[0] + "/zoo"
    with psycopg.connect(mine, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    yield mine
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE zoo WITH (FORCE)")
        connection.execute("DROP ROLE reader")
