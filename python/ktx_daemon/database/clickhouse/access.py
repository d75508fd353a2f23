"""Whether a ClickHouse user could write, and the statements that make one which only reads."""

import re
from collections.abc import Iterable

from ktx_daemon.database.driver import Access

READER = "ktx_reader"

_READING = re.compile(
    r"SELECT|SHOW\b.*|dictGet|CHECK|INTROSPECTION|KILL QUERY|READ|SOURCES|TABLE ENGINE|displaySecretsInShow.*|NONE"
)
_GRANT = re.compile(r"GRANT (?P<privileges>.+) ON (?P<place>.+?) TO ")
_COLUMNS = re.compile(r"\([^)]*\)")


def access(user: str, readonly: str, grants: Iterable[str], schemas: list[str]) -> Access:
    """Judge by the lines of `SHOW GRANTS FINAL`, which has the privileges that come with a role, too."""
    writing = [] if readonly != "0" else [found for line in grants if (found := _writing(line)) is not None]
    reason = writing and f"has {writing[0]}"
    return Access(
        role=user,
        superuser=any(place == "ALL on *.*" for place in writing),
        can_write=bool(writing),
        warning=f"user {user} {reason}; ktx only reads, so give it a user that cannot write" if reason else None,
        grants=_grants(schemas) if reason else [],
    )


def _writing(line: str) -> str | None:
    """`INSERT on shop.*`: the first privilege of the line that does more than read."""
    found = _GRANT.match(line)
    if found is None:
        return None
    names = [name.strip() for name in _COLUMNS.sub("", found["privileges"]).split(",")]
    first = next((name for name in names if not _READING.fullmatch(name)), None)
    return f"{first} on {found['place']}" if first else None


def _grants(schemas: list[str]) -> list[str]:
    quoted = [schema.replace("\\", "\\\\").replace("`", "\\`") for schema in schemas]
    return [
        f"CREATE USER {READER} IDENTIFIED WITH sha256_password BY 'choose a password';",
        *(f"GRANT SELECT ON `{schema}`.* TO {READER};" for schema in quoted),
    ]
