"""Tables that do more than hold rows: SQLite's pragmas, and tables with a hint that locks."""

from sqlglot import exp

from ktx_daemon.sql.functions import computing
from ktx_daemon.sql.parsing import nodes

_HINTS_WITHOUT_LOCKS = frozenset(
    [
        "forcescan",
        "forceseek",
        "index",
        "noexpand",
        "nolock",
        "nowait",
        "readcommitted",
        "readpast",
        "readuncommitted",
        "snapshot",
    ]
)


def more_than_a_table(statement: exp.Expr, dialect: str) -> str | None:
    """Return the name of a pragma, or of a hint that locks, among the tables of a statement."""
    for node in nodes(statement):
        if isinstance(node, exp.WithTableHint):
            hints = [str(hint.name).lower() for hint in node.expressions]
            if locking := next((hint for hint in hints if hint not in _HINTS_WITHOUT_LOCKS), None):
                return locking.upper()
        # A pragma without arguments needs no parentheses here: `optimize` writes statistics.
        if dialect == "sqlite" and isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            name = node.name.lower()
            if name.startswith("pragma_") and name not in computing(dialect):
                return name
    return None
