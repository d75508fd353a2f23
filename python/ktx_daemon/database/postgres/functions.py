"""What the functions of a statement are on this server: the second layer of the guard.

A name says little by itself. `lower(x)` may be a user's own overload, an operator or a cast may call anything, and
`(t).f` calls `f(t)`. The catalog knows what each name stands for, how volatile it is and which extension owns it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.calls import Call, operators_in, resolved, selected_members
from ktx_daemon.sql.functions.postgres import COMPUTING_EXTENSIONS, EXTENSION_FUNCTIONS, XID_ASSIGNING
from ktx_daemon.sql.read_only import Reading, unknown_calls, unknown_function

DIALECT = "postgres"

_IMPLIED_OPERATORS = ("=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~")
"""What IN, BETWEEN, LIKE, DISTINCT, ORDER BY and their like use without writing it."""

_FOUND = """
WITH called AS (SELECT * FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS c (schema, name)),
found AS (
  SELECT 'call' AS found_as, c.name AS written, p.oid
  FROM called c
  JOIN pg_catalog.pg_proc p ON p.proname = c.name
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE c.schema = n.nspname OR (c.schema IS NULL AND pg_catalog.pg_function_is_visible(p.oid))
  UNION
  SELECT 'operator', o.oprname, o.oprcode
  FROM pg_catalog.pg_operator o
  WHERE o.oprname = ANY (%(operators)s::text[]) AND o.oprnamespace <> 'pg_catalog'::regnamespace
  UNION
  SELECT 'cast', t.typname, c.castfunc
  FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
  WHERE c.castfunc <> 0 AND (c.castcontext <> 'e' OR t.typname = ANY (%(words)s::text[]))
  UNION
  SELECT 'domain', t.typname, d.refobjid
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = k.oid
    AND d.refclassid = 'pg_catalog.pg_proc'::regclass
  WHERE t.typtype = 'd' AND t.typname = ANY (%(words)s::text[])
  UNION
  SELECT 'member', p.proname, p.oid
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0]
  WHERE p.proname = ANY (%(members)s::text[]) AND p.pronargs - p.pronargdefaults <= 1 AND t.typtype IN ('c', 'p')
)
SELECT f.found_as, f.written::text, n.nspname::text AS schema, p.proname::text AS name,
       p.provolatile::text AS volatility, p.prokind::text AS kind, p.prosecdef AS security_definer,
       p.pronargdefaults > 0 AS has_defaults, l.lanname::text AS language, e.extname::text AS extension
FROM found f
JOIN pg_catalog.pg_proc p ON p.oid = f.oid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE f.found_as = 'call' OR n.nspname <> 'pg_catalog'
ORDER BY 1, 2, 3, 4
"""

_NAMED_ANYWHERE = """
SELECT name FROM unnest(%s::text[]) AS c (name)
WHERE EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.proname = c.name)
   OR EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typname = c.name)
"""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the statement may run, as the catalog describes it."""

    found_as: str
    written: str
    schema: str
    name: str
    volatility: str
    kind: str
    security_definer: bool
    has_defaults: bool
    language: str
    extension: str | None

    def __str__(self) -> str:
        """The name with its schema, but for PostgreSQL's own."""
        return self.name if self.schema == "pg_catalog" else f"{self.schema}.{self.name}"

    def only_computes(self, known: bool) -> bool:
        """Tell whether the catalog, or a list for what it calls volatile, says so."""
        if self.schema == "pg_catalog":
            return known or (self.volatility != "v" and self.name not in XID_ASSIGNING)
        if self.extension is not None:
            trusted = self.extension in COMPUTING_EXTENSIONS
            return trusted and (self.volatility == "i" or self.name in EXTENSION_FUNCTIONS)
        # PostgreSQL keeps an immutable SQL or PL/pgSQL function from writing. Defaults and aggregates call others.
        plain = self.kind == "f" and self.language in ("sql", "plpgsql") and not self.has_defaults
        return plain and self.volatility == "i" and not self.security_definer

    def may_be_implied(self) -> bool:
        """Tell whether it may run unnamed, behind an operator or a cast that the database's owner made."""
        return self.volatility != "v" or self.extension in COMPUTING_EXTENSIONS


def require_computing(connection: psycopg.Connection, reading: Reading, allowed: Collection[str]) -> None:
    """Raise `RequestRejected` for a function that may do more than compute, by its name and the setting."""
    allowed = frozenset(allowed)
    unknown = set(unknown_calls(reading.calls, DIALECT))
    found = list(_functions(connection, reading))
    for function in found:
        if {function.name, f"{function.schema}.{function.name}"} & allowed:
            continue
        if function.found_as == "call":
            named = [call for call in reading.calls if call.name == function.written]
            passes = function.only_computes(known=any(call not in unknown for call in named))
        else:
            passes = function.may_be_implied()
        if not passes:
            raise RequestRejected(unknown_function(str(function)))
    absent = [call for call in unknown if not any(f.found_as == "call" and f.written == call.name for f in found)]
    _require_nowhere(connection, [call for call in absent if not {str(call), call.name} & allowed])


def _functions(connection: psycopg.Connection, reading: Reading) -> Iterator[Function]:
    words = [resolved(lexeme, DIALECT) for lexeme in reading.lexemes if lexeme.kind in ("word", "name")]
    calls = reading.calls
    parameters = {
        "schemas": [call.parts[-2] if len(call.parts) > 1 else None for call in calls],
        "names": [call.name for call in calls],
        "operators": [*_IMPLIED_OPERATORS, *operators_in(reading.lexemes)],
        "words": sorted(set(words)),
        "members": selected_members(reading.lexemes, DIALECT),
    }
    with connection.cursor(row_factory=class_row(Function)) as cursor:
        yield from cursor.execute(_FOUND, parameters)


def _require_nowhere(connection: psycopg.Connection, calls: list[Call]) -> None:
    """A name that the server has nowhere is for the server to refuse, whose message says more."""
    if not calls:
        return
    names = [call.name for call in calls]
    if rows := connection.execute(_NAMED_ANYWHERE, (names,)).fetchall():
        raise RequestRejected(unknown_function(next(str(call) for call in calls if call.name == rows[0][0])))
