"""Statements as query histories hold them, which are more than queries and which sqlglot reads in part.

A history has statements that carry another one (EXPLAIN, PREPARE), statements that only name their tables (LOCK,
REFRESH), and literals that were replaced by parameters (`DATE $1`). Each is read by what sqlglot can read of it: only
its tables and names count here, so words without any may be left out. The guard does not read texts in this way.
"""

from collections.abc import Callable, Iterator

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import Token, TokenType

from ktx_daemon.sql.parsing import Unparseable, parse_statements, tokenize

SCRIPT = "BigQuery scripts are not analysed; analyse their statements one by one."

_QUERY_WORDS = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE", "CREATE", "FROM"})
_CARRIERS = {"EXPLAIN": None, "DESCRIBE": None, "DESC": None, "PREPARE": "AS", "DECLARE": "FOR"}
"""Statements that carry another one, and the word it follows; without a word it begins at its first one."""

_NAMING = frozenset({"LOCK", "REFRESH", "VACUUM", "ANALYZE", "CLUSTER"})
_BEFORE_NAMES = frozenset(
    "MATERIALIZED VIEW TABLE TABLES CONCURRENTLY ONLY FULL FREEZE VERBOSE ANALYZE ANALYSE DYNAMIC".split()
)
_WITHOUT_TABLES = frozenset(
    """
    ABORT BEGIN CHECKPOINT CLOSE COMMIT DEALLOCATE DISCARD END EXECUTE FETCH IMPORT LISTEN LOAD MOVE NOTIFY REASSIGN
    RELEASE RESET ROLLBACK SAVEPOINT SECURITY SET SHOW START UNLISTEN
    """.split()
)
_SCRIPT_WORDS = frozenset("BEGIN CALL CASE DECLARE EXECUTE FOR IF LOOP RAISE REPEAT SET WHILE".split())

_OPERATOR_CHARACTERS = frozenset("+-*/<>=~!@#%^&|`?")

_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)
_NOT_TYPES = frozenset("DEFAULT ESCAPE PASSING PLACING RETURNING SIMILAR SYMMETRIC TO VALUE VARIADIC".split())


def read_statements(sql: str, dialect: Dialect, tokens: list[Token] | None = None) -> list[exp.Expr]:
    """Return the statements of `sql` with all tables that they name. Raises `Unparseable`."""
    tokens = tokenize(sql, dialect) if tokens is None else tokens
    if isinstance(dialect, BigQuery):
        return _of_bigquery(sql, dialect, tokens)
    verb = tokens[0].text.partition(" ")[0].upper() if tokens else ""
    if verb in _CARRIERS or verb in _NAMING:
        # sqlglot's tokenizer keeps the rest of some of these whole, as one string.
        tokens = inside_commands(tokens, dialect)
        if verb in _NAMING:
            return _tables_named(tokens)
        if len(tokens) == 1:
            raise Unparseable(f"{verb} of nothing")
        tokens = list(_carried(tokens, _CARRIERS[verb])) or tokens
    try:
        return _without_commands(parse_statements(sql, dialect, tokens))
    except Unparseable:
        for rewrite in _REWRITES:
            tokens = rewrite(tokens, dialect)
        try:
            return parse_statements(sql, dialect, tokens)
        except Unparseable:
            if verb in _WITHOUT_TABLES:
                return [exp.Command(this=verb)]
            raise


def inside_commands(tokens: list[Token], dialect: Dialect) -> list[Token]:
    """Take the rest of commands apart, which sqlglot's tokenizer keeps whole, as if it were one string."""
    tokenizer = dialect.tokenizer_class
    if all(token.token_type not in tokenizer.COMMANDS for token in tokens):
        return tokens
    expanded: list[Token] = []
    for place, token in enumerate(tokens):
        follows_command = place > 0 and tokens[place - 1].token_type in tokenizer.COMMANDS
        begins = place < 2 or tokens[place - 2].token_type in tokenizer.COMMAND_PREFIX_TOKENS
        if token.token_type is TokenType.STRING and follows_command and begins:
            expanded += tokenize(token.text, dialect)
        else:
            expanded.append(token)
    return expanded


def _without_commands(statements: list[exp.Expr]) -> list[exp.Expr]:
    """A CREATE that sqlglot gave up on holds tables; read it again."""
    if any(isinstance(one, exp.Command) and str(one.this).upper() == "CREATE" for one in statements):
        raise Unparseable("sqlglot cannot read this CREATE")
    return statements


def _of_bigquery(sql: str, dialect: Dialect, tokens: list[Token]) -> list[exp.Expr]:
    verb = tokens[0].text.upper() if tokens else ""
    second = tokens[1].text.upper() if len(tokens) > 1 else ""
    if verb in _SCRIPT_WORDS and not (verb == "BEGIN" and second == "TRANSACTION"):
        raise Unparseable(SCRIPT)
    statements = parse_statements(sql, dialect, tokens)
    # Functions that only the query after them sees.
    queries = [one for one in statements if not (isinstance(one, exp.Create) and one.kind == "FUNCTION")]
    if len(queries) > 1:
        raise Unparseable(SCRIPT)
    return queries or statements


def _carried(tokens: list[Token], word: str | None) -> Iterator[Token]:
    """The tokens of the statement that is carried."""
    depth = 0
    for place, token in enumerate(tokens[1:], 1):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth:
            continue
        if token.text.upper() == word:
            yield from tokens[place + 1 :]
            return
        if word is None and token.text.upper() in _QUERY_WORDS:
            yield from tokens[place:]
            return


def _tables_named(tokens: list[Token]) -> list[exp.Expr]:
    """Read `LOCK TABLE a, s.b IN …`: names after words that are none, up to the first word that follows a name."""
    place = _after_options(tokens)
    command = exp.Command(this=tokens[0].text.upper())
    tables: list[exp.Expr] = []
    while place < len(tokens):
        parts = []
        while place < len(tokens) and tokens[place].token_type is not TokenType.COMMA:
            parts.append(_identifier(tokens[place]))
            place += 1
            if place == len(tokens) or tokens[place].token_type is not TokenType.DOT:
                break
            place += 1
        if parts:
            names = [None, None, *parts][-3:]
            tables.append(exp.Table(this=names[2], db=names[1], catalog=names[0]))
        place = _after_comma(tokens, place)
    command.set("expressions", tables)
    return [command]


def _after_comma(tokens: list[Token], place: int) -> int:
    depth = 0
    while place < len(tokens):
        kind = tokens[place].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        place += 1
        if kind is TokenType.COMMA and depth == 0:
            break
    return place


def _after_options(tokens: list[Token]) -> int:
    place, depth = 1, 0
    while place < len(tokens):
        kind = tokens[place].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        is_option = depth or kind is TokenType.R_PAREN or tokens[place].text.upper() in _BEFORE_NAMES
        if kind is TokenType.SEMICOLON or not is_option:
            break
        place += 1
    return place


def _identifier(token: Token) -> exp.Identifier:
    name = exp.to_identifier(token.text, quoted=token.token_type is TokenType.IDENTIFIER)
    name.update_positions(token)
    return name


def _without_types_of_parameters(tokens: list[Token], dialect: Dialect) -> list[Token]:
    """`DATE $1`, `timestamp(3) with time zone $1`: pg_stat_statements puts parameters where only literals may be."""
    types = {*dialect.parser_class.TYPE_TOKENS, *_NAMES}
    kept: list[Token] = []
    for place, token in enumerate(tokens):
        if _is_parameter(tokens, place):
            words = [one.text.upper() for one in kept]
            end = len(kept)
            if words[-3:] in (["WITH", "TIME", "ZONE"], ["WITHOUT", "TIME", "ZONE"]):
                end -= 3
            if end > 3 and kept[end - 1].token_type is TokenType.R_PAREN and kept[end - 3].text == "(":
                end -= 3
            if end > 1 and words[end - 1] in ("PRECISION", "VARYING"):
                end -= 1
            is_zone = words[max(end - 3, 0) : end] == ["AT", "TIME", "ZONE"]
            if end and kept[end - 1].token_type in types and words[end - 1] not in _NOT_TYPES and not is_zone:
                del kept[end - 1 :]
        kept.append(token)
    return kept


def _is_parameter(tokens: list[Token], place: int) -> bool:
    if tokens[place].token_type is TokenType.PLACEHOLDER:
        return True
    is_mark = tokens[place].token_type is TokenType.PARAMETER and place + 1 < len(tokens)
    return is_mark and tokens[place + 1].token_type is TokenType.NUMBER


def _without_clauses(tokens: list[Token], _: Dialect) -> list[Token]:
    """Leave out clauses that name no table: `WITH NO DATA`, `ON COMMIT …`, `RETURNING type)`, `USING <`."""
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        words = [token.text.upper() for token in tokens[place : place + 4]]
        if words[:2] == ["ON", "COMMIT"]:
            place += 3 if words[2:3] == ["DROP"] else 4
        elif words[:2] == ["WITH", "DATA"] or words[:3] == ["WITH", "NO", "DATA"]:
            place += len(words[: words.index("DATA") + 1])
        elif words[0] == "RETURNING" and words[2:3] == [")"]:
            place += 2
        elif words[0] == "USING" and words[1:] and set(words[1]) <= _OPERATOR_CHARACTERS:
            place += 1
            while place < len(tokens) and set(tokens[place].text) <= _OPERATOR_CHARACTERS:
                place += 1
        elif words[0] in ("@", "!", "!!") and not _is_parameter(tokens, place):
            place += 1
        else:
            kept.append(tokens[place])
            place += 1
    return kept


_REWRITES: tuple[Callable[[list[Token], Dialect], list[Token]], ...] = (
    _without_types_of_parameters,
    _without_clauses,
)
