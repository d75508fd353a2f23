"""Roles that could write, on a real server, and the role that the answer shows how to make."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database import access
from ktx_daemon.database.postgres.access import READER
from tests.ktx_daemon.test_database_query import ask

ROLES = {
    "plain": ("", None),
    "reads": ("GRANT SELECT ON access.t TO reads", None),
    "inserts": ("GRANT INSERT ON access.t TO inserts", "can write to 1 table;"),
    "updates": ("GRANT UPDATE (a) ON access.t TO updates", "can write to 1 table;"),
    "truncates": ("GRANT TRUNCATE ON access.t, access.u TO truncates", "can write to 2 tables;"),
    "creates": ("GRANT CREATE ON SCHEMA access TO creates", "can create tables in access;"),
    "belongs": ("GRANT pg_write_all_data TO belongs", "is a member of pg_write_all_data;"),
    "reads_files": ("GRANT pg_read_server_files TO reads_files", "is a member of pg_read_server_files;"),
    "administers": ("ALTER ROLE administers CREATEROLE", "can create roles or databases, or replicate;"),
    "rules": ("ALTER ROLE rules SUPERUSER", "is a superuser;"),
}


@pytest.fixture(scope="module")
def url(zoo_url: str) -> Iterator[str]:
    with psycopg.connect(zoo_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA access; CREATE TABLE access.t (a int); CREATE TABLE access.u (a int)")
        for role, (grant, _) in ROLES.items():
            connection.execute(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA access TO {role}; {grant}".encode())
        yield zoo_url
        connection.execute("DROP SCHEMA access CASCADE")
        for role in [*ROLES, READER]:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def look(url: str, role: str) -> dict[str, Any]:
    request = access.Request(connection_id="wh", url=url.replace("//postgres@", f"//{role}@"), schemas=["access"])
    return access.respond(request, Cancellation())


@pytest.mark.parametrize("role", ROLES)
def test_warns_of_a_role_that_could_write(url: str, role: str) -> None:
    answer = look(url, role)
    reason = ROLES[role][1]
    assert (answer["role"], answer["superuser"], answer["can_write"]) == (role, role == "rules", reason is not None)
    assert (answer["warning"] or "").startswith(f"role {role} {reason}" if reason else "")
    assert bool(answer["grants"]) == (reason is not None)


def test_shows_how_to_make_a_role_that_only_reads(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in look(url, "rules")["grants"]:
            connection.execute(statement.encode())
    assert look(url, READER)["warning"] is None
    assert ask(url.replace("//postgres@", f"//{READER}@"), "SELECT count(*) FROM access.t")["rows"] == [[0]]
