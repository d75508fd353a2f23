"""The checks that find faults in a model's definitions. Each yields messages; none raises for a bad model."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from sqlglot import exp

from semantic_layer.definitions import define, own_reference, segment_condition
from semantic_layer.dialects import SqlDialect
from semantic_layer.errors import SemanticLayerError, nearest
from semantic_layer.expressions import columns_of, parse_expression
from semantic_layer.generation import is_identifier_like
from semantic_layer.joins import columns_of_source, has_no_key, join_columns, listed
from semantic_layer.model import Model
from semantic_layer.paths import route_text
from semantic_layer.references import place_text
from semantic_layer.sources import Join, Measure, Source
from semantic_layer.spans import Span
from semantic_layer.tables import parse_body, parse_table

_DISPLAY_VALUE = re.compile(r"(?:.*_)?(?:name|email|label|title|description)|display_?name|full_?name", re.IGNORECASE)

Sources = Mapping[str, Source]


def undefined_targets(sources: Sources, faulty: Collection[str]) -> Iterator[str]:
    """Joins that lead nowhere. Those to sources with their own fault lead somewhere."""
    for source in sources.values():
        for join in source.joins:
            if join.to not in sources and join.to not in faulty:
                yield f"Source '{source.name}' joins to '{join.to}', but '{join.to}' is not defined"


def column_names(sources: Sources) -> Iterator[str]:
    """Grains that are not columns, and names that are qualified."""
    for source in sources.values():
        known = {column.name for column in source.columns}
        for grain in source.grain:
            if "." in grain:
                yield (
                    f"Source '{source.name}' grain entry '{grain}' is a qualified name. "
                    "Grain entries must be bare column names of the source."
                )
            elif grain not in known:
                yield f"Source '{source.name}' has grain column '{grain}' that is not in its columns list"
        for column in source.columns:
            if "." in column.name:
                yield (
                    f"Source '{source.name}' column name '{column.name}' contains '.'. "
                    "Column names must be unqualified."
                )


def projections(sources: Sources, dialect: SqlDialect) -> Iterator[str]:
    """Sources defined by SQL whose query does not parse, or does not return a grain column."""
    for source in sources.values():
        if source.sql is None:
            continue
        try:
            body = parse_body(source.name, source.sql, dialect)
        except SemanticLayerError as error:
            yield str(error)
            continue
        projected = {name.lower() for name in body.named_selects}
        if body.is_star or not projected or "" in projected:
            continue
        for grain in source.grain:
            if "." not in grain and grain.lower() not in projected:
                yield (
                    f"Source '{source.name}' grain column '{grain}' is not in the SQL SELECT projection. "
                    f"Add it to the SELECT list, or choose a grain from: {', '.join(body.named_selects)}."
                )


def join_conditions(sources: Sources, dialect: SqlDialect) -> Iterator[str]:
    """Joins whose condition cannot be read, or equates columns that are not there or should not be equated."""
    for source in sources.values():
        for join in source.joins:
            if join.to not in sources:
                continue
            try:
                pairs = join_columns(source.name, join, dialect)
            except SemanticLayerError as error:
                yield f"Source '{source.name}' has invalid join to '{join.to}': {error}"
                continue
            yield from _join_columns(source, join, sources[join.to], pairs)


def _join_columns(source: Source, join: Join, target: Source, pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    local_columns, target_columns = columns_of_source(source), columns_of_source(target)
    pairs = tuple((listed(local_columns, local), listed(target_columns, remote)) for local, remote in pairs)
    for local, remote in pairs:
        if local not in local_columns:
            yield (
                f"Source '{source.name}' joins to '{join.to}' on local column '{local}', "
                f"but '{local}' is not in '{source.name}' columns list"
            )
        if remote not in target_columns:
            yield (
                f"Source '{source.name}' joins to '{join.to}' on target column '{remote}', "
                f"but '{remote}' is not in '{join.to}' columns list"
            )
        is_to_one = join.relationship != "one_to_many"
        is_to_key = remote in target.grain and is_identifier_like(remote)
        if is_to_one and is_to_key and _DISPLAY_VALUE.fullmatch(local):
            yield (
                f"Source '{source.name}' joins '{local}' to '{join.to}.{remote}', but '{local}' looks like a display "
                "value and the target column is an identifier grain. Join on the column that holds the identifier."
            )


def role_names(model: Model) -> Iterator[str]:
    """Roles whose names clash with sources, or with one another."""
    return (fault for fault in model.faults.values() if fault.startswith("Join alias"))


def partial_keys(sources: Sources, dialect: SqlDialect) -> Iterator[str]:
    """Joins declared many_to_one that compare only a part of their target's key."""
    for source in sources.values():
        for join in source.joins:
            target = sources.get(join.to)
            if target is None or join.relationship == "one_to_one":
                continue
            try:
                pairs = join_columns(source.name, join, dialect)
            except SemanticLayerError:
                continue
            one, columns = (target, {other for _, other in pairs})
            if join.relationship == "one_to_many":
                one, columns = (source, {own for own, _ in pairs})
            if columns < set(one.grain) and not has_no_key(one):
                yield (
                    f"Source '{source.name}' joins to '{join.to}' as {join.relationship}, but only on a part of the "
                    f"key of '{one.name}' ({', '.join(one.grain)}). The join counts as to-many. "
                    "Add the other columns to it."
                )


def ambiguous_paths(model: Model) -> Iterator[str]:
    """Sources that a fact reaches by several shortest paths: queries must name one."""
    for fact in model.sources.values():
        for node in model.nodes if fact.measures else ():
            routes = model.paths.all_shortest(fact.name, node)
            if len(routes) > 1:
                listed = ", ".join(f"`{route_text(route)}`" for route in routes)
                yield f"ambiguous path from `{fact.name}` to `{node}`: {listed}. Queries must name the one they mean."


def undeclared_joins(sources: Sources, touched: set[str], dialect: SqlDialect) -> Iterator[str]:
    """Touched sources whose SQL reads another source's table and returns its key, without a join between them."""
    table_of = {parse_table(source.table, dialect).name.lower(): source for source in sources.values() if source.table}
    for name in sources:
        source = sources[name]
        if name not in touched or source.sql is None:
            continue
        try:
            body = parse_body(name, source.sql, dialect)
        except SemanticLayerError:
            continue
        joined = {join.to for join in source.joins}
        columns = {column.name for column in source.columns}
        found = []
        for table in dict.fromkeys(table.name.lower() for table in body.find_all(exp.Table)):
            target = table_of.get(table)
            if target is None or target.name in joined or any(join.to == name for join in target.joins):
                continue
            if _exposes_key(columns, target):
                found.append(target.name)
        if found:
            yield (
                f"Source '{name}' SQL joins manifest table(s) [{', '.join(sorted(found))}] and returns their keys, but "
                "declares no join to them. Declare the joins so that queries can combine these sources."
            )


def _exposes_key(columns: set[str], target: Source) -> bool:
    singular = target.name.removesuffix("s")
    return all(
        {f"{target.name}_{key}", f"{singular}_{key}"} & columns or (key in columns and key.lower() != "id")
        for key in target.grain
    )


def definitions(model: Model) -> Iterator[str]:
    """Computed columns, measures and segments that no query could use."""
    for source in model.sources.values():
        for column in source.columns:
            if column.expr is not None:
                yield from _fault(source, f"column '{column.name}'", model.column_tree, column.name)
        for measure in source.measures:
            yield from _fault(
                source, f"measure '{measure.name}'", lambda node, name: define(model, node, name), measure.name
            )
        for segment in source.segments:
            yield from _fault(
                source,
                f"segment '{segment.name}'",
                lambda node, name: segment_condition(model, node, name),
                segment.name,
            )


def unknown_columns(model: Model) -> Iterator[str]:
    """Measures, their filters, segments and computed columns that use a column which no source lists."""
    for source in model.sources.values():
        texts = [(f"column '{column.name}'", column.expr) for column in source.columns]
        for measure in source.measures:
            texts += [
                (f"measure '{measure.name}'", measure.expr),
                (f"filter of measure '{measure.name}'", measure.filter),
            ]
        texts += [(f"segment '{segment.name}'", segment.expr) for segment in source.segments]
        for what, text in texts:
            if text and text.strip():
                yield from _unknown_columns(model, source, what, text)


def _unknown_columns(model: Model, source: Source, what: str, text: str) -> Iterator[str]:
    try:
        columns = list(columns_of(parse_expression(text, model.dialect)))
    except (SemanticLayerError, RecursionError):
        return
    for column in columns:
        reference = own_reference(model, source.name, column)
        place = reference.place
        if place in (None, source.name):
            if model.measure_named(source.name, reference.name) is not None:
                continue
            if place is None and model.sources_with_column(reference.name):
                continue
        place = place or source.name
        if model.source_at(place) is None or model.column_named(place, reference.name) is not None:
            continue
        name = reference.name.text
        hint = nearest(name, model.columns_at(place))
        yield (
            f"Source '{source.name}' {what} uses column '{name}', which does not exist in '{place_text(place)}'.{hint}"
        )


def _fault(source: Source, what: str, compile_it: Callable[[str, str], object], name: str) -> Iterator[str]:
    try:
        compile_it(source.name, name)
    except SemanticLayerError as error:
        yield f"Source '{source.name}' {what} is invalid: {error}"
    except RecursionError:
        yield f"Source '{source.name}' {what} is invalid: it nests too deeply"


def redundant_measures(sources: Sources, dialect: SqlDialect) -> Iterator[str]:
    """Measures of one source with the same expression and segments."""
    for source in sources.values():
        for alike in measures_alike(source, dialect):
            first = alike[0][0]
            for index, (measure, condition) in enumerate(alike[1:], start=1):
                same = next((earlier.name for earlier, other in alike[:index] if other == condition), None)
                if same is not None:
                    yield (
                        f"{source.name}: measures '{same}' and '{measure.name}' have the same expression and filter "
                        "— remove one or differentiate them."
                    )
                else:
                    yield (
                        f"{source.name}: measure '{measure.name}' has the same expression as '{first.name}' "
                        "— differs only by `filter`. Make the condition a segment, and name it in `segments` of the "
                        "measure or of the query."
                    )


def measures_alike(source: Source, dialect: SqlDialect) -> list[list[tuple[Measure, str]]]:
    """The measures that have the expression, segments and span of others, each with its filter in one form."""
    alike: dict[tuple[str, frozenset[str], Span | None], list[tuple[Measure, str]]] = {}
    for measure in source.measures:
        key = (_normalised(measure.expr, dialect), frozenset(measure.segments), measure.span)
        alike.setdefault(key, []).append((measure, _normalised(measure.filter or "", dialect)))
    return [measures for measures in alike.values() if len(measures) > 1]


def _normalised(text: str, dialect: SqlDialect) -> str:
    if not text.strip():
        return ""
    try:
        return parse_expression(text, dialect).sql(dialect=dialect.grammar, comments=False)
    except (SemanticLayerError, RecursionError):
        return text.strip()
