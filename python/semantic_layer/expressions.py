"""Authors' expressions as syntax trees: parsing with limits, and what later stages ask of a tree.

Trees are shared between requests, so nobody changes one that came from here without copying it first. A
sub-query inside an expression is its author's own business: nothing here looks into one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokens import Token, TokenType

from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, quoted
from semantic_layer.functions import check_functions
from semantic_layer.nesting import checked

_Tree = TypeVar("_Tree", bound=exp.Expr)

# An expression that a person wrote is far below these. They keep a hostile one from costing seconds or
# gigabytes.
_LONGEST_TEXT = 20_000
_LONGEST_KEPT = 300
_DEEPEST_TREE = 1_000
LARGEST_TREE = 20_000

# Aggregates that sqlglot reads as ordinary functions, whether they are ours or an engine's.
_AGGREGATE_NAMES = frozenset(
    """
    any_value approx_percentile approx_percentile_cont argmax argmin bit_and bit_or bool_and bool_or
    checksum_agg count_big count_distinct count_if every geometric_mean group_concat listagg mode percentile
    product regr_slope string_agg total
    """.split()  # noqa: SIM905
)


def parse_expression(text: str, dialect: SqlDialect) -> exp.Expr:
    """The tree of one scalar expression. Statements, lists and trailing words are refused."""
    return (_parsed_and_kept if len(text) <= _LONGEST_KEPT else _parsed)(text, dialect)


@lru_cache(maxsize=1024)
def _parsed_and_kept(text: str, dialect: SqlDialect) -> exp.Expr:
    return _parsed(text, dialect)


def _parsed(text: str, dialect: SqlDialect) -> exp.Expr:
    if len(text) > _LONGEST_TEXT:
        raise SemanticLayerError(f"Expression is longer than {_LONGEST_TEXT} characters: '{quoted(text)}'")
    if "\0" in text:
        raise SemanticLayerError(f"Failed to parse expression '{quoted(text)}': it contains a NUL character")
    try:
        tree = dialect.grammar.parser().parse_into(exp.Condition, _tokens(text, dialect), text)[0]
    except SqlglotError as error:
        raise SemanticLayerError(f"Failed to parse expression '{quoted(text)}': {_reason(error)}") from None
    except RecursionError:
        raise too_deep(text) from None
    if tree is None or isinstance(tree, exp.Star):
        raise SemanticLayerError(f"Failed to parse expression '{quoted(text)}': it has no value")
    _check_size(tree, text)
    _check_parameters(tree, text, dialect)
    check_functions(tree, text, dialect)
    return _without_positions(_with_whole_references(_with_plain_intervals(tree, dialect)))


def _check_parameters(tree: exp.Expr, text: str, dialect: SqlDialect) -> None:
    """Refuses `?`, `:name` and `$1`: nothing gives them a value, and trees use placeholders of their own."""
    kinds = (exp.Placeholder, exp.Parameter) if dialect.name in ("sqlite", "postgres") else (exp.Placeholder,)
    # Elsewhere `@name` may be a variable of the session. What starts with `$` is read as a name on SQLite.
    names = tree.find_all(exp.Identifier) if dialect.name == "sqlite" and "$" in text else ()
    if tree.find(*kinds) or any(name.name.startswith("$") and not name.quoted for name in names):
        raise SemanticLayerError(
            f"Failed to parse expression '{quoted(text)}': it has a parameter, and a query has no values for parameters"
        )


def _without_positions(tree: exp.Expr) -> exp.Expr:
    """Where a name was in the text takes longer to copy than the name, and every query copies the trees it uses.

    What else sqlglot notes at a node says how to write it, such as the name of a function with several.
    """
    for node in tree.walk():
        if node._meta is not None:
            kept = {key: value for key, value in node._meta.items() if key not in _POSITIONS}
            node._meta = kept or None
    return tree


_POSITIONS = frozenset({"line", "col", "start", "end"})


def copied(tree: _Tree) -> _Tree:
    """A copy of the tree, in about half the time that its own ``copy`` takes. Comments are left out."""
    try:
        return _copied(tree)
    except RecursionError:
        return tree.copy()


def _copied(tree: _Tree) -> _Tree:
    kind = tree.__class__
    if kind.is_primitive:
        return kind(**tree.args)
    if tree._meta is not None:
        return tree.copy()
    args = dict(tree.args)
    for key, value in args.items():
        if isinstance(value, exp.Expr):
            args[key] = _copied(value)
        elif type(value) is list:
            args[key] = [_copied(part) if isinstance(part, exp.Expr) else part for part in value]
    return kind(**args)


def _reason(error: SqlglotError) -> str:
    """The parser's complaint in words for a user, without Python's."""
    complaints = getattr(error, "errors", None) or [{}]
    description = complaints[0].get("description") or "it is not a single SQL expression"
    return "it is incomplete" if description.startswith("Required keyword") else description


def too_deep(text: str) -> SemanticLayerError:
    """The refusal of an expression that nests too deeply to be compiled."""
    return SemanticLayerError(f"Expression is nested too deeply: '{quoted(text)}'. Simplify it.")


def _check_size(tree: exp.Expr, text: str) -> None:
    level = [tree]
    depth = 0
    while level:
        depth += 1
        if depth > _DEEPEST_TREE:
            raise too_deep(text)
        level = [child for node in level for child in node.iter_expressions()]


def _tokens(text: str, dialect: SqlDialect) -> list[Token]:
    """The tokens of the text. Beside a dot every word is a name, keyword or not: ``order.group`` is a column."""
    # Only at the beginning of a text does the tokenizer take words such as CALL or SHOW for statements.
    _opening, *tokens, closing = dialect.grammar.tokenize(f"({text}\n)")
    if closing.token_type != TokenType.R_PAREN:
        raise ParseError(f"it ends inside '{closing.text[:20]}'")
    tokens = checked(tokens, dialect.grammar)
    for left, right in pairwise(tokens):
        for word, dot in ((left, right), (right, left)):
            if dot.token_type != TokenType.DOT:
                continue
            is_known = word.text.upper() in dialect.grammar.parser_class.NO_PAREN_FUNCTION_PARSERS
            if word.token_type == TokenType.STRING or (is_known and word.token_type != TokenType.IDENTIFIER):
                # Names in double quotes are strings to some dialects; and ANY is known by its text, unless quoted.
                word.token_type = TokenType.IDENTIFIER
            elif word.token_type != TokenType.IDENTIFIER and word.text.isidentifier():
                word.token_type = TokenType.VAR
    return tokens


def _with_plain_intervals(tree: exp.Expr, dialect: SqlDialect) -> exp.Expr:
    """BigQuery and MySQL authors write ``INTERVAL 7 DAY``; sqlglot's parser makes a string of the 7."""
    if dialect.name in ("bigquery", "mysql"):
        for node in tree.walk():
            amount = node.this if isinstance(node, exp.Interval) else node.args.get("unit") and node.expression
            if isinstance(amount, exp.Literal) and amount.is_string and amount.name.lstrip("-").isdigit():
                amount.replace(exp.Literal.number(amount.name))
    return tree


def _with_whole_references(tree: exp.Expr) -> exp.Expr:
    """A reference of more than four names is one column: sqlglot makes its first four one, and access to fields of the
    others.
    """
    for dot in [node for node in tree.walk() if isinstance(node, exp.Dot) and not isinstance(node.parent, exp.Dot)]:
        names: list[exp.Expr] = []
        head: exp.Expr = dot
        while isinstance(head, exp.Dot) and isinstance(head.expression, exp.Identifier):
            names.insert(0, head.expression)
            head = head.this
        if isinstance(head, exp.Column) and len(head.parts) == 4:
            *first, last = [*head.parts, *names]
            column = exp.Column(this=last.copy(), table=first[-1].copy(), more=[part.copy() for part in first[:-1]])
            if dot is tree:
                return column
            dot.replace(column)
    return tree


def visible_nodes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Every node from the top down, left to right, except those inside sub-queries."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, exp.Query):
            stack.extend(node.iter_expressions(reverse=True))


def columns_of(tree: exp.Expr) -> Iterator[exp.Column]:
    """Every column mentioned outside sub-queries, in reading order."""
    return (node for node in visible_nodes(tree) if isinstance(node, exp.Column))


def is_aggregate(node: exp.Expr) -> bool:
    """Whether this very node is an aggregate call."""
    if isinstance(node, (exp.AggFunc, exp.WithinGroup)):
        return True
    return isinstance(node, exp.Anonymous) and node.name.lower() in _AGGREGATE_NAMES


def outermost_aggregates(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Aggregate calls that are not inside another one."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if is_aggregate(node):
            yield node
        elif not isinstance(node, exp.Query):
            stack.extend(node.iter_expressions(reverse=True))


def has_aggregate(tree: exp.Expr) -> bool:
    """Whether there is an aggregate call outside sub-queries."""
    return next(outermost_aggregates(tree), None) is not None


def has_nested_aggregate(tree: exp.Expr) -> bool:
    """Whether an aggregate call has another in its arguments."""
    return any(
        is_aggregate(inner)
        for outer in outermost_aggregates(tree)
        for inner in visible_nodes(outer)
        if inner is not outer and not (isinstance(outer, exp.WithinGroup) and inner is outer.this)
    )


def has_window(tree: exp.Expr) -> bool:
    """Whether there is a window function outside sub-queries."""
    return any(isinstance(node, exp.Window) for node in visible_nodes(tree))


def conjuncts(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The clauses of a condition, cut at its top-level ANDs, in reading order."""
    stack = [tree]
    while stack:
        node = stack.pop()
        inner = node.unnest() if isinstance(node, exp.Paren) else node
        if isinstance(inner, exp.And):
            stack.extend((inner.expression, inner.this))
        else:
            yield node


def grouped(tree: exp.Expr) -> exp.Expr:
    """The tree, in parentheses when an operator beside it would bind tighter."""
    if isinstance(tree, exp.Dot):
        return tree
    is_operator = isinstance(tree, (exp.Binary, exp.Not, exp.Neg, exp.Between, exp.In, exp.Interval))
    return exp.Paren(this=tree) if is_operator else tree


def all_of(conditions: list[exp.Expr]) -> exp.Expr:
    """The conditions joined with AND; there is at least one."""
    if len(conditions) == 1:
        return conditions[0]
    first, *others = (
        exp.Paren(this=condition) if isinstance(condition, exp.Connector) else condition for condition in conditions
    )
    whole = first
    for condition in others:
        whole = exp.And(this=whole, expression=condition)
    return whole


def is_inside_aggregate(node: exp.Expr) -> bool:
    """Whether an aggregate call, or its FILTER clause, encloses the node."""
    ancestor = node.parent
    while ancestor is not None:
        if is_aggregate(ancestor) or isinstance(ancestor, exp.Filter):
            return True
        ancestor = ancestor.parent
    return False


def tables_of(*trees: exp.Expr) -> tuple[str, ...]:
    """The nodes that bound trees mention, in reading order, each once."""
    return tuple(dict.fromkeys(column.table for tree in trees for column in columns_of(tree) if column.table))
