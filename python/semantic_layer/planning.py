"""Decides how a resolved query is computed: which facts apart, along which joins, with which filters.

Every fact is aggregated on its own rows; several are combined by the values of the dimensions. Each reaches what it
needs by its own paths. A plan whose joins would change a measure by repeating rows is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from semantic_layer.date_tables import find_date_table
from semantic_layer.dimensions import Dimension
from semantic_layer.empty_groups import EmptyGroups, plan_empty_groups
from semantic_layer.errors import SemanticLayerError
from semantic_layer.expressions import columns_of
from semantic_layer.filters import RowFilter
from semantic_layer.join_trees import JoinTree, PlannedJoin
from semantic_layer.measures import ResolvedMeasure
from semantic_layer.missing import ignores_repeats
from semantic_layer.model import Model, no_join_path
from semantic_layer.names import written
from semantic_layer.paths import Route
from semantic_layer.references import node_at, steps_of
from semantic_layer.resolution import ResolvedQuery
from semantic_layer.result_groups import Periods
from semantic_layer.spans import Span
from semantic_layer.tails import tail_of

_SAFE = "only count(distinct …), min and max stay right across a one_to_many join"
_MOST_ROLES = 5


@dataclass(frozen=True, slots=True)
class Group:
    """One SELECT: the rows of ``fact``, a tree of joins, the filters on its rows, and the measures it aggregates.

    A group that was not asked for adds no rows: it computes what aggregate filters need, or with a ``span`` measures
    over other rows than those of a group's period.
    """

    name: str
    fact: str
    tree: JoinTree
    joins: tuple[PlannedJoin, ...]
    filters: tuple[RowFilter, ...]
    measures: tuple[ResolvedMeasure, ...]
    is_asked: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One group, or several whose rows are combined by the values of all dimensions.

    ``empty`` are groups without a row of any fact. One fact alone finds them with its own joins.
    """

    anchor: str
    groups: tuple[Group, ...]
    empty: EmptyGroups | None
    is_combined: bool
    periods: Periods | None = None


def make_plan(model: Model, resolved: ResolvedQuery) -> Plan:
    """The plan of a resolved query, or the reason why its rows could not be right."""
    periods = _periods(model, resolved)
    facts = _facts(resolved)
    is_crossing = {fact: all(ignores_repeats(measure.tree) for measure in own) for fact, own in facts.items()}
    _check_dimensions(model, resolved.dimensions, is_crossing)
    filters = _filters_by_fact(model, resolved.row_filters, is_crossing)
    trees = {
        fact: _tree(model, resolved, fact, own, filters[fact], crossing=is_crossing[fact])
        for fact, own in facts.items()
    }
    asked = {fact: tree for fact, tree in trees.items() if fact in resolved.facts}
    empty = None
    if resolved.query.include_empty:
        empty = plan_empty_groups(resolved.dimensions, asked, {fact: filters[fact] for fact in asked})
    is_combined = len(facts) > 1 or periods is not None or (empty is not None and not model.dialect.has_full_join)
    groups = []
    for fact, own in facts.items():
        inner: Iterable[str] = ()
        if not resolved.query.include_empty:
            inner = _places(resolved.dimensions, filters[fact])
        full = empty.routes[fact] if empty is not None and not is_combined else None
        joins = trees[fact].joins(inner, full)
        plain = [measure for measure in own if periods is None or measure.span is None]
        if plain or fact in asked:
            measures = _with_derived(resolved, plain)
            groups.append(Group(fact, fact, trees[fact], joins, filters[fact], measures, fact in asked))
        spans = dict.fromkeys(measure.span for measure in own if measure.span) if periods is not None else {}
        for span in spans:
            measures = tuple(measure for measure in own if measure.span == span)
            shown = [row_filter for row_filter in filters[fact] if not _is_on_time(row_filter, periods)]
            groups.append(
                Group(f"{fact}_{span}", fact, trees[fact], joins, tuple(shown), measures, is_asked=False, span=span)
            )
    groups.sort(key=lambda group: group.span is not None)
    return Plan(_anchor(resolved), tuple(groups), empty, is_combined, periods)


def _periods(model: Model, resolved: ResolvedQuery) -> Periods | None:
    """The dimension of time that cumulative and offset measures, and filling, go by."""
    times = [dimension for dimension in resolved.dimensions if dimension.granularity]
    spanning = [measure for measure in resolved.measures.values() if measure.span]
    is_filled = resolved.query.fill or (len(times) == 1 and _has_filling_measure(resolved))
    if not spanning and not is_filled:
        return None
    if len(times) == 1:
        table = resolved.calendar.date_table if is_filled else None
        return Periods(times[0], is_filled, resolved.calendar, find_date_table(model, table) if table else None)
    if not times and not resolved.query.fill and all(measure.span == Span() for measure in spanning):
        # A running total without periods is the total.
        return None
    what = "fill" if resolved.query.fill else f"measure '{spanning[0].name}'"
    raise SemanticLayerError(
        f"{what} needs one dimension with a granularity, and the query has "
        f"{'none' if not times else 'several: ' + ', '.join(dimension.label for dimension in times)}",
        hint="group by a time and its granularity, such as `orders.placed_at:month`",
    )


def _has_filling_measure(resolved: ResolvedQuery) -> bool:
    """Whether a measure that is shown asks for its gaps to be filled."""
    defined = any(measure.definition is not None and measure.definition.fill for measure in resolved.columns)
    return defined or any(request.fill for request in resolved.query.measures)


def _is_on_time(row_filter: RowFilter, periods: Periods | None) -> bool:
    """Whether a filter speaks of nothing but the time: it says which periods are shown, not which rows count."""
    time = periods.time.time if periods is not None else None
    known = {column.sql() for column in columns_of(time)} if time is not None else set()
    columns = [column.sql() for column in columns_of(row_filter.tree)]
    return bool(columns) and known.issuperset(columns)


def _facts(resolved: ResolvedQuery) -> dict[str, list[ResolvedMeasure]]:
    """The measures that aggregate rows, by the node whose rows they are; facts that were asked for first."""
    facts: dict[str, list[ResolvedMeasure]] = {fact: [] for fact in resolved.facts}
    for measure in resolved.measures.values():
        if measure.rows is not None:
            facts.setdefault(measure.rows, []).append(measure)
    return facts


def _anchor(resolved: ResolvedQuery) -> str:
    """The source whose rows are kept: the first dimension's, or the first fact."""
    if resolved.dimensions and resolved.query.include_empty:
        return node_at(resolved.dimensions[0].home)
    return resolved.facts[0]


def _places(dimensions: Iterable[Dimension], filters: Iterable[RowFilter]) -> list[str]:
    return list(
        dict.fromkeys(
            [
                *(place for dimension in dimensions for place in dimension.places),
                *(place for row_filter in filters for place in row_filter.places),
            ]
        )
    )


def _tree(
    model: Model,
    resolved: ResolvedQuery,
    fact: str,
    own: Sequence[ResolvedMeasure],
    filters: Sequence[RowFilter],
    *,
    crossing: bool,
) -> JoinTree:
    tree = JoinTree(fact)
    grouped = _places(resolved.dimensions, filters)
    measured = [place for measure in own for place in measure.places]
    for place in dict.fromkeys([*grouped, *measured]):
        tree.add(place, _route(model, resolved, fact, place, crossing=crossing and place in grouped))
    return tree


def _route(model: Model, resolved: ResolvedQuery, fact: str, place: str, *, crossing: bool) -> Route:
    route = model.paths.find(fact, place, crossing=crossing, tail=lambda: tail_of(place, resolved))
    if route is None:
        raise _unreached(model, fact, place) or _unsafe_filter(node_at(place), fact)
    return route


def _check_dimensions(model: Model, dimensions: Iterable[Dimension], is_crossing: Mapping[str, bool]) -> None:
    facts = list(is_crossing)
    for place in dict.fromkeys(place for dimension in dimensions for place in dimension.places):
        reaching = [fact for fact in facts if model.paths.reaches(fact, place, crossing=is_crossing[fact])]
        if len(reaching) == len(facts):
            continue
        stuck = next(fact for fact in facts if fact not in reaching)
        node = node_at(place)
        if not reaching:
            raise _unreached(model, stuck, place) or SemanticLayerError(
                f"Aggregate locality cannot safely reach '{node}' from any measure source ({', '.join(sorted(facts))}) "
                "without traversing one_to_many edges",
                hint=_SAFE,
            )
        raise SemanticLayerError(
            f"Asymmetric dimension grain in chasm trap: '{node}' can be reached from {', '.join(reaching)} "
            f"but not from {stuck} without traversing one_to_many edges. Group by dimensions that all measures "
            "share, or ask for the measures in separate queries."
        )


def _filters_by_fact(
    model: Model, filters: Iterable[RowFilter], is_crossing: Mapping[str, bool]
) -> dict[str, tuple[RowFilter, ...]]:
    """For each fact the filters whose places it can all reach; a filter that none can reach is refused."""
    of_fact: dict[str, list[RowFilter]] = {fact: [] for fact in is_crossing}
    for row_filter in filters:
        reaching = [fact for fact in of_fact if _reaches(model, fact, row_filter.places, crossing=False)]
        if not reaching:
            # Only when no fact reaches it to-one may it repeat rows.
            crossing = [fact for fact, crosses in is_crossing.items() if crosses]
            reaching = [fact for fact in crossing if _reaches(model, fact, row_filter.places, crossing=True)]
        if not reaching:
            raise _unreachable_filter(model, list(of_fact), row_filter)
        for fact in reaching:
            of_fact[fact].append(row_filter)
    return {fact: tuple(own) for fact, own in of_fact.items()}


def _reaches(model: Model, fact: str, places: Iterable[str], *, crossing: bool) -> bool:
    return all(model.paths.reaches(fact, place, crossing=crossing) for place in places)


def _with_derived(resolved: ResolvedQuery, own: Sequence[ResolvedMeasure]) -> tuple[ResolvedMeasure, ...]:
    """The group's measures, with the derived ones that need no other group, in order of dependency."""
    available = {measure.key for measure in own}
    measures = []
    for key, measure in resolved.measures.items():
        if measure.is_derived and available.issuperset(measure.depends_on):
            available.add(key)
        if key in available:
            measures.append(measure)
    return tuple(measures)


def _unreached(model: Model, fact: str, place: str) -> SemanticLayerError | None:
    """Why a place cannot be reached by any joins, if it cannot."""
    if model.paths.reaches(fact, place, crossing=True):
        # Raises what is wrong with a named path.
        model.paths.find(fact, place, crossing=True)
        return None
    first = steps_of(place)[0]
    if model.source_at(first) is None:
        return model.unknown_source(first, origin=fact)
    sources = model.graph.source_of.items()
    roles = [role for role, source in sources if source.name == first != role and model.paths.reaches(fact, role)]
    if not roles:
        return no_join_path(fact, first)
    names = " or ".join(f"`{written(role)}`" for role in roles[:_MOST_ROLES])
    return SemanticLayerError(
        str(no_join_path(fact, first)), hint=f"`{written(first)}` is joined as {names}: name the role instead"
    )


def _unsafe_filter(node: str, fact: str) -> SemanticLayerError:
    return SemanticLayerError(
        f"Filter on '{node}' requires a one_to_many join from measure source '{fact}', which would cause "
        "incorrect aggregation (fanout). Filter on a column that the measure's source leads to, or measure the "
        "other source.",
        hint=_SAFE,
    )


def _unreachable_filter(model: Model, facts: list[str], row_filter: RowFilter) -> SemanticLayerError:
    places = [
        place
        for place in row_filter.places
        if not any(_reaches(model, fact, [place], crossing=False) for fact in facts)
    ]
    place = (places or list(row_filter.places))[0]
    error = _unreached(model, facts[0], place)
    if error is not None:
        return error
    node = node_at(place)
    if len(facts) == 1:
        return _unsafe_filter(node, facts[0])
    return SemanticLayerError(
        f"Filter on '{node}' is not reachable via many_to_one/one_to_one edges from any measure source "
        f"({', '.join(facts)}). Filter on a source that a measure's source leads to.",
        hint=_SAFE,
    )
