"""SQL inside LookML: into the wanted dialect, and what the SELECT of a derived table yields."""

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from ktx_daemon.errors import plain_message
from semantic_layer.nesting import parse

SOURCE_DIALECT = "postgres"

_DATE_FUNCTIONS = (
    exp.DateTrunc,
    exp.TimestampTrunc,
    exp.CurrentDate,
    exp.CurrentTimestamp,
    exp.DateAdd,
    exp.DateSub,
    exp.TsOrDsToDate,
    exp.StrToDate,
    exp.StrToTime,
)


@dataclass(frozen=True, slots=True)
class Projection:
    """A named column of a SELECT."""

    name: str
    type: str


class Translator:
    """Rewrites SQL for a dialect and gathers what could not be rewritten."""

    def __init__(self, dialect: Dialect, dialect_name: str) -> None:
        self.dialect = dialect
        self.dialect_name = dialect_name.lower()
        self.warnings: list[str] = []

    def translate(self, sql: str, place: str) -> str:
        """Return `sql` for the wanted dialect; as it is, with a warning, when it cannot be read."""
        if self.dialect_name == SOURCE_DIALECT:
            return sql
        try:
            statement = parse(sql, Dialect.get_or_raise(SOURCE_DIALECT))[0]
            return statement.sql(self.dialect) if statement is not None else sql
        except (SqlglotError, RecursionError, IndexError) as error:
            self.warnings.append(f"{place}: SQL was not rewritten to {self.dialect_name}: {plain_message(error)}")
            return sql


def projections(sql: str) -> list[Projection]:
    """Return the named columns of the SELECT, or nothing when they cannot be told."""
    try:
        statement = parse(sql, Dialect.get_or_raise(SOURCE_DIALECT))[0]
    except (SqlglotError, RecursionError, IndexError):
        return []
    if not isinstance(statement, exp.Query):
        return []
    return [
        Projection(projection.alias_or_name, _type_of(projection.unalias()))
        for projection in statement.selects
        if projection.alias_or_name not in ("", "*")
    ]


def _type_of(expression: exp.Expr) -> str:
    if isinstance(expression, exp.Cast):
        if expression.to.is_type(*exp.DataType.TEMPORAL_TYPES):
            return "time"
        return "number" if expression.to.is_type(*exp.DataType.NUMERIC_TYPES) else "string"
    if expression.find(*_DATE_FUNCTIONS):
        return "time"
    return "number" if expression.find(exp.AggFunc) else "string"
