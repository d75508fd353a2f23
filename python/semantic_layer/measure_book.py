"""Resolves the measures that a query needs: named ones, ad-hoc aggregates, and arithmetic over others.

The result is a set of measures by key. Each either aggregates the rows of one node, or is *derived*:
arithmetic over the keys that it depends on. Which of them become columns is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlglot import exp

from semantic_layer import sources
from semantic_layer.aggregates import check_types, restricted, yields_number
from semantic_layer.definitions import MeasureRef, define, measure_refs, not_a_measure, parse_measure
from semantic_layer.errors import SemanticLayerError, nearest, quoted
from semantic_layer.expressions import (
    LARGEST_TREE,
    columns_of,
    copied,
    grouped,
    has_aggregate,
    is_inside_aggregate,
    outermost_aggregates,
    tables_of,
)
from semantic_layer.measures import ResolvedMeasure, automatic_name, too_large
from semantic_layer.model import Model, bound
from semantic_layer.names import Name, split_reference
from semantic_layer.references import place_text, rebuilt, steps_of
from semantic_layer.requests import MeasureRequest
from semantic_layer.spans import Span
from semantic_layer.visibility import asked_column


class MeasureBook:
    """Collects the measures of one query; asking for the same one twice gives the same key."""

    def __init__(
        self,
        model: Model,
        objects: Mapping[str, MeasureRequest],
        segments: Mapping[str, tuple[exp.Expr, ...]],
    ) -> None:
        self.model = model
        self.measures: dict[str, ResolvedMeasure] = {}
        self._objects = objects
        self._segments = segments
        self._open: list[str] = []

    def request(self, request: MeasureRequest) -> str:
        """The key of a measure as a query asks for it."""
        text = request.expr.strip()
        if request.is_object and request.span:
            return self._spanning(request, request.span)
        if request.is_object:
            return self._expression(request.expr, request.name or automatic_name(text), is_object=True)
        parts = split_reference(text)
        if len(parts) == 2:
            node = self.model.nodes.find(parts[0])
            name = self.model.measure_named(node, parts[1]) if node else None
            if node and name:
                return self.named(node, name)
            self.model.refuse_left_out(parts[0].text)
        if len(parts) > 1:
            return self._expression(text, automatic_name(text), is_object=False)
        owners = self.model.sources_with_measure(parts[0])
        if len(owners) > 1:
            listed = sorted(owner for owner, _ in owners)
            raise SemanticLayerError(
                f"Measure '{text}' is ambiguous: it exists in multiple sources ({', '.join(listed)}). "
                f"Use a qualified name like '{listed[0]}.{text}' to disambiguate."
            )
        if owners:
            return self.named(*owners[0])
        return self._expression(text, automatic_name(text), is_object=False)

    def named(self, node: str, name: str) -> str:
        """The key of a measure that the node's source defines."""
        key = f"{node}.{name}"
        if key in self.measures:
            return key
        # Without segments a measure is the same in every query.
        known = None if node in self._segments else self.model.aggregates.get(key)
        if known is not None:
            self.measures[key] = known
            return key
        definition = define(self.model, node, name)
        self._enter(key, name)
        span = definition.measure.span
        if measure_refs(definition.tree):
            if not definition.conditions and span is None:
                return self._derive(
                    key, name, definition.measure.expr, node, copied(definition.tree), definition.measure
                )
            tree = self._flattened(node, name, ())
        else:
            tree = self._restricted(node, name)
        rows = self._row_source(node, tables_of(definition.tree), name)
        text = definition.measure.expr
        self._aggregate(key, name, text, node, rows, tree, definition.is_numeric, definition.measure, span=span)
        if node not in self._segments:
            self.model.aggregates[key] = self.measures[key]
        return key

    def aggregate(self, call: exp.Expr, home: str) -> str:
        """The key of a bound aggregate call inside other arithmetic or inside a filter."""
        text = call.sql(dialect=self.model.dialect.grammar)
        key = f"{text} at {home}"
        if key not in self.measures:
            self._enter(key, text)
            rows = self._row_source(home, tables_of(call), text)
            tree = restricted(copied(call), self._segments.get(home, ()), self.model.dialect)
            is_numeric = yields_number(call, self._type_of)
            self._aggregate(key, automatic_name(text), text, home, rows, tree, is_numeric, is_lifted=True)
        return key

    def _aggregate(
        self,
        key: str,
        name: str,
        text: str,
        home: str,
        rows: str,
        tree: exp.Expr,
        is_numeric: bool,
        definition: sources.Measure | None = None,
        *,
        is_lifted: bool = False,
        span: Span | None = None,
    ) -> str:
        check_types(tree, self._type_of, self.model.dialect)
        places = tables_of(tree)
        size = sum(1 for _ in tree.walk())
        return self._add(
            ResolvedMeasure(
                key, name, text, home, rows, tree, places, (), is_numeric, size, definition, is_lifted, span
            )
        )

    def _restricted(self, node: str, name: str) -> exp.Expr:
        definition = define(self.model, node, name)
        conditions = (*definition.conditions, *self._segments.get(node, ()))
        return restricted(copied(definition.tree), conditions, self.model.dialect)

    def _flattened(self, node: str, name: str, trail: tuple[str, ...]) -> exp.Expr:
        """One aggregate expression for a derived measure that restricts the rows of all its parts."""
        if name in trail:
            raise SemanticLayerError(f"Circular dependency detected: {name}")
        definition = define(self.model, node, name)
        if trail and definition.measure.span:
            raise _spans_twice(trail[0], name)
        tree = restricted(copied(definition.tree), self._segments.get(node, ()), self.model.dialect)
        for ref in measure_refs(tree):
            if ref.args["node"] != node:
                raise _restricts_another(name, ref.this)
            part = grouped(self._flattened(node, ref.args["name"], (*trail, name)))
            tree = part if ref is tree else tree
            if ref.parent:
                ref.replace(part)
        if sum(1 for _ in tree.walk()) > LARGEST_TREE:
            raise too_large(name)
        return restricted(tree, definition.conditions, self.model.dialect)

    def _spanning(self, request: MeasureRequest, span: Span) -> str:
        """The key of an ad-hoc measure over other rows than those of a group's period."""
        text = request.expr.strip()
        name = request.name or automatic_name(f"{text} {span}")
        key = f"{text} over {span} as {name}"
        if key not in self.measures:
            inner = self.measures[self._expression(request.expr, f"{name} of one period", is_object=True)]
            tree, rows = self._written_out(inner, name)
            self._open.append(key)
            self._aggregate(key, name, text, inner.home or rows, rows, tree, inner.is_numeric, span=span)
        return key

    def _written_out(self, measure: ResolvedMeasure, name: str) -> tuple[exp.Expr, str]:
        """A measure as one expression over the rows of one node."""
        if measure.span:
            raise _spans_twice(name, measure.name)
        if measure.rows is not None:
            return copied(measure.tree), measure.rows
        tree = copied(measure.tree)
        found = set()
        for ref in measure_refs(tree):
            part, rows = self._written_out(self.measures[ref.this], name)
            found.add(rows)
            tree = part if ref is tree else tree
            if ref.parent:
                ref.replace(grouped(part))
        if len(found) != 1:
            raise SemanticLayerError(
                f"Measure '{quoted(name)}' spans periods of several facts ({', '.join(sorted(found))}). "
                "Give each of them a span of its own and combine those."
            )
        return tree, found.pop()

    def _expression(self, text: str, name: str, *, is_object: bool) -> str:
        key = f"{text} as {name}"
        if key in self.measures:
            return key
        self._enter(key, name)
        raw = parse_measure(self.model, text)
        home = self._home(raw, text, is_object=is_object)
        tree = bound(raw, lambda column: self._column(column, home, text, is_object=is_object), name)
        if measure_refs(tree):
            return self._derive(key, name, text, None, tree, None)
        if home is None:
            raise _names_no_source(text, is_object=is_object)
        if not has_aggregate(tree):
            raise not_a_measure(text, home)
        rows = self._row_source(home, tables_of(tree), name)
        is_numeric = yields_number(raw, self._type_of)
        tree = restricted(tree, self._segments.get(home, ()), self.model.dialect)
        return self._aggregate(key, name, text, home, rows, tree, is_numeric)

    def home_of(self, places: Iterable[str]) -> str:
        """The source that an ad-hoc aggregate over some places belongs to: the one that reaches all of them."""
        places = tuple(places)
        candidates = sorted({steps_of(place)[0] for place in places})
        return (self.model.paths.root(candidates, places) if len(candidates) > 1 else None) or candidates[0]

    def _home(self, raw: exp.Expr, text: str, *, is_object: bool) -> str | None:
        """The source that an expression belongs to, if it mentions any."""
        qualifiers = [str(place) for column in columns_of(raw) if (place := self.model.read(column).place)]
        known = [place for place in qualifiers if self.model.source_at(place)]
        if known:
            return self.home_of(known)
        if qualifiers:
            self.model.refuse_left_out(sorted(qualifiers)[0])
        if qualifiers and has_aggregate(raw):
            raise self.model.unknown_source(sorted(qualifiers)[0])
        if qualifiers:
            missing = sorted(qualifiers)[0]
            raise SemanticLayerError(f"{not_a_measure(text, missing)}{nearest(missing, self.model.nodes)}")
        mentions_object = is_object and any(column.name in self._objects for column in columns_of(raw))
        if not mentions_object:
            raise _names_no_source(text, is_object=is_object)
        return None

    def _column(self, column: exp.Column, home: str | None, text: str, *, is_object: bool) -> exp.Expr:
        model = self.model
        reference = model.read(column)
        place = reference.place
        if not is_inside_aggregate(column):
            if place is None and is_object and reference.name.text in self._objects:
                return MeasureRef(this=self.request(self._objects[reference.name.text]))
            if place and place in model.nodes:
                measure = model.measure_named(place, reference.name)
                if measure and (is_object or column.parent is not None):
                    return MeasureRef(this=self.named(place, measure))
                error = not_a_measure(str(reference), place)
                raise SemanticLayerError(f"{error}{nearest(reference.name.text, model.measures_at(place))}")
            if place is None:
                raise _names_no_source(text, is_object=is_object)
            model.refuse_left_out(place)
        if place is None:
            place = self._owner_of_bare(reference.name, home, text, is_object=is_object)
            reference = replace(reference, place=place)
        return rebuilt(asked_column(model, reference, origin=home), reference)

    def _owner_of_bare(self, name: Name, home: str | None, text: str, *, is_object: bool) -> str:
        if home is None:
            raise _names_no_source(text, is_object=is_object)
        if self.model.column_named(home, name) is not None:
            return home
        owners = self.model.sources_with_column(name)
        return owners[0][0] if len(owners) == 1 else home

    def _derive(
        self,
        key: str,
        name: str,
        text: str,
        home: str | None,
        tree: exp.Expr,
        definition: sources.Measure | None,
    ) -> str:
        for ref in measure_refs(tree):
            if ref.this not in self.measures and definition is not None and home is not None:
                self.named(ref.args["node"], ref.args["name"])
        for call in list(outermost_aggregates(tree)):
            places = tables_of(call)
            if not places and home is None:
                raise _names_no_source(text, is_object=True)
            call.replace(MeasureRef(this=self.aggregate(call, home or self.home_of(places))))
        refs = [ref.this for ref in measure_refs(tree)]
        size = sum(1 for _ in tree.walk()) + sum(self.measures[ref].size for ref in refs)
        depends_on = tuple(dict.fromkeys(refs))
        return self._add(ResolvedMeasure(key, name, text, home, None, tree, (), depends_on, True, size, definition))

    def _row_source(self, home: str, places: tuple[str, ...], name: str) -> str:
        """The node whose rows the measure aggregates: every other place that it mentions is at most one row away."""
        if all(place == home for place in places):
            return home
        paths = self.model.paths
        candidates = dict.fromkeys((home, *sorted(steps_of(place)[0] for place in places)))
        rows = paths.root(candidates, places)
        if rows is not None:
            return rows
        for place in places:
            if not paths.reaches(home, place, crossing=True):
                raise self.model.unknown_source(place_text(place), origin=home)
        raise SemanticLayerError(
            f"Measure '{quoted(name)}' references multiple independent sources ({', '.join(sorted(candidates))}) that "
            "are in separate measure groups. Split it into one measure per source and combine those in a derived "
            "measure."
        )

    def _type_of(self, column: exp.Column) -> str | None:
        return self.model.type_of(column.table, column.name)

    def _enter(self, key: str, name: str) -> None:
        if key in self._open:
            raise SemanticLayerError(f"Circular dependency detected: {name}")
        self._open.append(key)

    def _add(self, measure: ResolvedMeasure) -> str:
        self._open.remove(measure.key)
        if measure.size > LARGEST_TREE:
            raise too_large(measure.name)
        self.measures[measure.key] = measure
        return measure.key


def _spans_twice(name: str, inner: str) -> SemanticLayerError:
    return SemanticLayerError(
        f"Measure '{quoted(name)}' is cumulative or offset over '{quoted(inner)}', which is so itself. "
        "Define it over a measure of single periods."
    )


def _restricts_another(name: str, inner: str) -> SemanticLayerError:
    return SemanticLayerError(
        f"Measure '{quoted(name)}' has a filter, segments or periods of its own over '{quoted(inner)}', a measure of "
        "another source. Give those to a measure there and combine that."
    )


def _names_no_source(text: str, *, is_object: bool) -> SemanticLayerError:
    what = "Measure expr" if is_object else "Measure"
    return SemanticLayerError(f"{what} '{quoted(text)}' does not reference any source")
