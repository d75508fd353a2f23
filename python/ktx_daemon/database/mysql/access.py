"""Whether a MySQL user could write, and the statements that make one which only reads."""

from typing import Any

from ktx_daemon.database.driver import Access

READER = "ktx_reader"

_READING = frozenset({"SELECT", "SHOW VIEW", "SHOW DATABASES", "USAGE", "PROCESS", "REPLICATION CLIENT"})

_PRIVILEGES = """
SELECT 'every database' AS place, PRIVILEGE_TYPE AS privilege FROM information_schema.USER_PRIVILEGES
WHERE GRANTEE = %(grantee)s
UNION SELECT CONCAT('database ', TABLE_SCHEMA), PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES
WHERE GRANTEE = %(grantee)s
UNION SELECT CONCAT('table ', TABLE_SCHEMA, '.', TABLE_NAME), PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES
WHERE GRANTEE = %(grantee)s
ORDER BY 1, 2
"""


def access(cursor: Any, schemas: list[str]) -> Access:
    """Ask the server what the current user may do. Privileges that come with a role are not among them."""
    cursor.execute("SELECT CURRENT_USER() AS user")
    user = cursor.fetchone()["user"]
    name, _, host = user.rpartition("@")
    cursor.execute(_PRIVILEGES, {"grantee": f"'{name}'@'{host}'"})
    writing = [row for row in cursor.fetchall() if row["privilege"] not in _READING]
    reason = writing and f"has {writing[0]['privilege']} on {writing[0]['place']}"
    return Access(
        role=user,
        superuser=any(row["privilege"] == "SUPER" for row in writing),
        can_write=bool(writing),
        warning=f"user {user} {reason}; ktx only reads, so give it a user that cannot write" if reason else None,
        grants=_grants(schemas) if reason else [],
    )


def _grants(schemas: list[str]) -> list[str]:
    quoted = [schema.replace("`", "``") for schema in schemas]
    return [
        f"CREATE USER '{READER}'@'%' IDENTIFIED BY 'choose a password';",
        *(f"GRANT SELECT, SHOW VIEW ON `{schema}`.* TO '{READER}'@'%';" for schema in quoted),
    ]
