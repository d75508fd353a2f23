"""What the functions of a statement are on this server: the second layer of the guard.

A name says little by itself. `lower(x)` may be a user's own overload, an operator or a cast may call anything, and
`(t).f` calls `f(t)`. The catalog knows what each name stands for, how volatile it is and which extension owns it.
"""

from collections.abc import Collection
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from ktx_daemon.database.postgres.definitions import definitions
from ktx_daemon.errors import RequestRejected
from ktx_daemon.sql.calls import Call, calls_in, operators_in, resolved, selected_members
from ktx_daemon.sql.functions.postgres import COMPUTING_EXTENSIONS, EXTENSION_FUNCTIONS, XID_ASSIGNING
from ktx_daemon.sql.lexing import Lexeme, TwoWays, lex
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
    OR (c.schema IS NULL AND %(anywhere)s AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_proc v WHERE v.proname = c.name AND pg_catalog.pg_function_is_visible(v.oid)
    ))
  UNION
  SELECT 'operator', o.oprname, o.oprcode
  FROM pg_catalog.pg_operator o
  WHERE o.oprname = ANY (%(operators)s::text[]) AND o.oprnamespace <> 'pg_catalog'::regnamespace
  UNION
  SELECT 'cast', t.typname, c.castfunc
  FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
  WHERE c.castfunc <> 0 AND (c.castcontext <> 'e' OR t.typname = ANY (%(words)s::text[]))
  UNION
  SELECT 'member', p.proname, p.oid
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0]
  WHERE p.proname = ANY (%(members)s::text[]) AND p.pronargs - p.pronargdefaults <= 1 AND t.typtype IN ('c', 'p')
)
SELECT f.found_as, f.written::text, n.nspname::text AS schema, p.proname::text AS name,
       p.provolatile::text AS volatility, p.prokind::text AS kind, p.prosecdef AS security_definer,
       p.pronargdefaults > 0 AS has_defaults, l.lanname::text AS language, e.extname::text AS extension,
       CASE WHEN n.nspname = 'pg_catalog' OR e.oid IS NOT NULL THEN ''
            WHEN p.prokind = 'a' THEN (
              SELECT pg_catalog.concat_ws('() ', aggtransfn, aggfinalfn, aggcombinefn, aggmtransfn, aggmfinalfn, '')
              FROM pg_catalog.pg_aggregate WHERE aggfnoid = p.oid)
            WHEN p.prosrc = '' THEN pg_catalog.pg_get_functiondef(p.oid)
            ELSE p.prosrc END
       || pg_catalog.concat(' ', pg_catalog.pg_get_expr(p.proargdefaults, 0)) AS body
FROM found f
JOIN pg_catalog.pg_proc p ON p.oid = f.oid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE f.found_as = 'call' OR n.nspname <> 'pg_catalog' OR p.provolatile = 'v'
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
    body: str
    """What it runs, as far as its owner wrote it in SQL or PL/pgSQL."""

    def __str__(self) -> str:
        """The name with its schema, but for PostgreSQL's own."""
        return self.name if self.schema == "pg_catalog" else f"{self.schema}.{self.name}"

    @property
    def names(self) -> set[str]:
        """How a caller may have allowed it."""
        return {self.name, f"{self.schema}.{self.name}"}

    def may_be_called(self, known: bool) -> bool:
        """Tell whether the catalog, or a list for what it calls volatile, says that it only computes."""
        if self.schema == "pg_catalog":
            return known or (self.volatility != "v" and self.name not in XID_ASSIGNING)
        if self.extension is not None:
            trusted = self.extension in COMPUTING_EXTENSIONS
            return trusted and (self.volatility == "i" or self.name in EXTENSION_FUNCTIONS)
        plain = self.kind == "f" and not self.has_defaults and not self.security_definer
        return plain and self.volatility == "i" and self._has_readable_body()

    def may_be_implied(self, known: bool) -> bool:
        """Tell whether it may run behind an operator, a cast, a view or a function that the database's owner made."""
        if self.schema == "pg_catalog":
            return self.may_be_called(known)
        if self.extension is not None:
            return self.extension in COMPUTING_EXTENSIONS or self.volatility != "v"
        return self.kind == "a" or (self.volatility != "v" and self._has_readable_body())

    def _has_readable_body(self) -> bool:
        """PostgreSQL keeps such a function from writing unless it is volatile, but not what it calls."""
        return self.language in ("sql", "plpgsql") and "execute" not in _words(_lexemes(self.body))


def require_computing(connection: psycopg.Connection, reading: Reading, allowed: Collection[str]) -> None:
    """Raise `RequestRejected` for a function that may do more than compute, by its name and the setting."""
    allowed = frozenset(allowed)
    unknown = set(unknown_calls(reading.calls, DIALECT))
    found = _functions(connection, reading.lexemes, reading.calls)
    for function in found:
        named = [call for call in reading.calls if call.name == function.written]
        known = any(call not in unknown for call in named)
        called = function.found_as == "call"
        passes = function.may_be_called(known) if called else function.may_be_implied(known=False)
        if not passes and not function.names & allowed:
            raise RequestRejected(unknown_function(str(function)))
    absent = [call for call in unknown if not any(f.found_as == "call" and f.written == call.name for f in found)]
    _require_nowhere(connection, [call for call in absent if not {str(call), call.name} & allowed])
    _require_computing_behind(connection, reading.lexemes, found, allowed)


def _require_computing_behind(
    connection: psycopg.Connection, lexemes: list[Lexeme], found: list[Function], allowed: frozenset[str]
) -> None:
    """Look at what the names of the statement run, at what that runs, and so on."""
    seen: set[str] = set()
    while True:
        defined = {*definitions(connection, _words(lexemes))} - seen
        bodies = {function.body for function in found if not function.names & allowed} - seen - defined
        seen |= defined | bodies
        in_definitions, in_bodies = _lexemes(*defined), _lexemes(*bodies)
        lexemes = in_definitions + in_bodies
        if not lexemes:
            return
        calls = [_of_postgres(call) for call in calls_in(in_definitions, DIALECT, frozenset())]
        calls += calls_in(in_bodies, DIALECT, frozenset())
        unknown = {call.name for call in unknown_calls(calls, DIALECT)}
        found = _functions(connection, lexemes, calls, anywhere=True)
        for function in found:
            known = function.found_as == "call" and function.written not in unknown
            if not function.may_be_implied(known) and not function.names & allowed:
                raise RequestRejected(unknown_function(str(function)))


def _of_postgres(call: Call) -> Call:
    return call if len(call.parts) > 1 else Call(("pg_catalog", *call.parts), quoted=call.quoted)


def _functions(
    connection: psycopg.Connection, lexemes: list[Lexeme], calls: list[Call], *, anywhere: bool = False
) -> list[Function]:
    """What the names may stand for. `anywhere`: also what this session's search path does not find."""
    parameters = {
        "schemas": [call.parts[-2] if len(call.parts) > 1 else None for call in calls],
        "names": [call.name for call in calls],
        "anywhere": anywhere,
        "operators": [*_IMPLIED_OPERATORS, *operators_in(lexemes)],
        "words": _words(lexemes),
        "members": selected_members(lexemes, DIALECT),
    }
    with connection.cursor(row_factory=class_row(Function)) as cursor:
        return cursor.execute(_FOUND, parameters).fetchall()


def _lexemes(*texts: str) -> list[Lexeme]:
    """Take apart what the server says that it runs."""
    try:
        return [lexeme for text in texts for lexeme in lex(text, DIALECT)]
    except TwoWays as error:
        raise RequestRejected(f"what a view or function runs can be read in two ways: {error}") from None


def _words(lexemes: list[Lexeme]) -> list[str]:
    return sorted({resolved(lexeme, DIALECT) for lexeme in lexemes if lexeme.kind in ("word", "name")})


def _require_nowhere(connection: psycopg.Connection, calls: list[Call]) -> None:
    """A name that the server has nowhere is for the server to refuse, whose message says more."""
    if not calls:
        return
    names = [call.name for call in calls]
    if rows := connection.execute(_NAMED_ANYWHERE, (names,)).fetchall():
        raise RequestRejected(unknown_function(next(str(call) for call in calls if call.name == rows[0][0])))
