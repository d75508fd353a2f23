"""Random small models with random rows, and random questions about them, from one seeded generator."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.semantic_layer.oracle import home_of
from tests.semantic_layer.oracle_model import (
    Aggregate,
    AggregateCondition,
    Condition,
    Derived,
    Dimension,
    Edge,
    Joined,
    Place,
    Question,
    Value,
    World,
)

# (child, parent, role, kind): a role renames the parent; kind is m (many to one), c (composite key), u (one to one) or
# g (many to one on the child's grain).
SHAPES: dict[str, list[tuple[str, str, str | None, str]]] = {
    "single": [],
    "star": [("f", "d", None, "m"), ("f", "e", None, "m"), ("f", "g", None, "c")],
    "snowflake": [("f", "d", None, "m"), ("d", "e", None, "m"), ("e", "g", None, "m"), ("f", "h", None, "m")],
    "two facts": [("f", "d", None, "m"), ("g", "d", None, "m"), ("d", "e", None, "m"), ("g", "h", None, "m")],
    "header and lines": [("f", "d", None, "m"), ("d", "e", None, "m"), ("g", "d", None, "m"), ("h", "e", None, "c")],
    "roles": [("f", "d", "x", "m"), ("f", "d", "y", "m"), ("f", "e", None, "m"), ("g", "e", None, "m")],
    "self": [("f", "f", "boss", "m"), ("f", "d", None, "m"), ("g", "d", None, "m")],
    "composite": [("f", "d", None, "c"), ("g", "d", None, "c"), ("d", "e", None, "m")],
    "one to one": [("f", "d", None, "m"), ("d", "e", None, "u"), ("g", "e", None, "m"), ("h", "d", None, "m")],
    "part-filled": [("c", "d", None, "g"), ("b", "d", None, "u"), ("f", "d", None, "m"), ("d", "e", None, "m")],
    "diamond": [
        ("f", "d", None, "m"),
        ("f", "e", None, "m"),
        ("d", "g", None, "m"),
        ("e", "g", None, "m"),
        ("h", "d", None, "m"),
    ],
    "short and long": [
        ("f", "d", None, "m"),
        ("f", "e", None, "m"),
        ("d", "e", None, "m"),
        ("g", "d", None, "m"),
        ("e", "h", None, "m"),
    ],
    "roles behind": [("f", "d", "x", "m"), ("f", "d", "y", "m"), ("d", "e", None, "m"), ("g", "d", "z", "m")],
    "roles behind roles": [
        ("f", "d", "x", "m"),
        ("d", "e", "u", "m"),
        ("d", "e", "v", "m"),
        ("e", "h", None, "m"),
        ("g", "d", None, "m"),
    ],
    "self and behind": [("f", "f", "boss", "m"), ("f", "d", None, "m"), ("d", "e", "home", "m"), ("g", "f", None, "m")],
}
_COLUMNS = ("id", "k1", "k2", "v", "w", "s", "t")
_TEXTS = ("p", "q", "r")
_DAYS = ("2024-01-05", "2024-01-31", "2024-02-01", "2024-03-09")
_COMPUTED: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "twice": ("v * 2", lambda row: None if row["v"] is None else row["v"] * 2),
    "more": ("twice + w", lambda row: None if None in (row["v"], row["w"]) else row["v"] * 2 + row["w"]),
    "unset": ("CASE WHEN v IS NULL THEN 1 ELSE 0 END", lambda row: int(row["v"] is None)),
}


def random_world(random: Random) -> World:
    """A model of a random shape, with rows for its tables."""
    shape = SHAPES[random.choice(sorted(SHAPES))]
    tables = sorted({"f", *(part for child, parent, _, _ in shape for part in (child, parent))})
    columns = {
        table: [
            *_COLUMNS,
            *(f"{role or parent}_{n}" for child, parent, role, _ in shape for n in "12" if child == table),
        ]
        for table in tables
    }
    world = World({}, columns, {table: table for table in tables}, [])
    joins: dict[str, list[dict[str, Any]]] = {table: [] for table in tables}
    for child, parent, role, kind in shape:
        node = role or parent
        world.table_of[node] = parent
        keys = ("k1", "k2") if kind == "c" else ("id",)
        pairs = tuple((f"{node}_{number}", key) for number, key in enumerate(keys, 1))
        if kind in "ug":
            pairs = (("id", "id"),)
        world.edges.append(Edge(child, node, pairs, kind in "ug"))
        _declare(random, joins, child, parent, role, pairs, kind)
    for table in tables:
        world.tables[table] = _rows(random, columns[table])
    world.sources = [_source(table, columns[table], joins[table], shape) for table in tables]
    random.shuffle(world.sources)
    return world


def _declare(
    random: Random,
    joins: dict[str, list[dict[str, Any]]],
    child: str,
    parent: str,
    role: str | None,
    pairs: Any,
    kind: str,
) -> None:
    """From the child's side, or the parent's, or both: it must not matter. A role can only be the child's."""
    sides = ["child"] if role or kind == "g" else random.choice((["child"], ["parent"], ["child", "parent"]))
    if "child" in sides:
        on = " AND ".join(f"{left} = {role or parent}.{right}" for left, right in pairs)
        relationship = "one_to_one" if kind == "u" else "many_to_one"
        joins[child].append({"to": parent, "on": on, "relationship": relationship} | ({"alias": role} if role else {}))
    if "parent" in sides:
        on = " AND ".join(f"{parent}.{right} = {child}.{left}" for left, right in pairs)
        relationship = "one_to_one" if kind == "u" else "one_to_many"
        joins[parent].append({"to": child, "on": on, "relationship": relationship})


def _rows(random: Random, columns: list[str]) -> list[dict[str, Any]]:
    keys = [(a, b) for a in (1, 2, 3) for b in (1, 2)]
    random.shuffle(keys)
    rows = []
    for number in range(random.randint(0, 6)):
        row: dict[str, Any] = {"id": number + 1, "k1": keys[number][0], "k2": keys[number][1]}
        for column in columns[3:]:
            row[column] = _cell(random, column)
        rows.append(row)
    return rows


def _cell(random: Random, column: str) -> Any:
    if random.random() < 0.2:
        return None
    if column == "s":
        return random.choice(_TEXTS)
    if column == "t":
        return random.choice(_DAYS)
    return random.randint(1, 7) if "_1" in column else random.randint(0, 4)


def _source(
    table: str, columns: list[str], joins: list[dict[str, Any]], shape: list[tuple[str, str, str | None, str]]
) -> dict[str, Any]:
    is_composite = any(parent == table and kind == "c" for _, parent, _, kind in shape)
    types = {"s": "string", "t": "time"}
    return {
        "name": table,
        "table": f"{table}_rows",
        "grain": ["k1", "k2"] if is_composite else ["id"],
        "columns": [
            *({"name": column, "type": types.get(column, "number")} for column in columns),
            *({"name": name, "type": "number", "expr": text} for name, (text, _) in _COMPUTED.items()),
        ],
        "joins": joins,
        "measures": [
            {"name": "n", "expr": "count(id)"},
            {"name": "total", "expr": "sum(v)"},
            {"name": "rows_p", "expr": "count(*)", "filter": "s = 'p'"},
            {"name": "late", "expr": "sum(more)", "segments": ["big"]},
            {"name": "gap", "expr": "total - n"},
        ],
        "segments": [{"name": "big", "expr": "v > 1"}],
    }


def random_question(random: Random, world: World) -> Question:
    """A question that is answerable more often than not."""
    nodes = sorted(world.table_of)
    home = random.choice(nodes)
    pool = [home] if random.random() < 0.6 else nodes

    def place() -> Place:
        return _place(random, world, random.choice(nodes) if random.random() < 0.1 else home)

    aggregates = [_aggregate(random, random.choice(pool), world) for _ in range(random.randint(0, 3))]
    if aggregates and random.random() < 0.2:
        aggregates = [_repeatable(random, home)]
    measures: list[Aggregate | Derived] = [*aggregates]
    if len(aggregates) > 1 and random.random() < 0.4:
        measures.append(_derived(random, "x", measures[0], measures[1]))
        if random.random() < 0.5:
            measures.append(_derived(random, "y", measures[-1], random.choice(aggregates)))
    if random.random() < 0.15:
        measures.append(_named(random, home, "gap"))
    dimensions = tuple(_dimension(random, place()) for _ in range(random.choice((0, 1, 1, 2, 2, 3))))
    if not measures and not dimensions:
        dimensions = (_dimension(random, (home,)),)
    on_groups = ()
    if measures and random.random() < 0.3:
        asked = random.choice(aggregates) if aggregates else measures[0]
        on_groups = (_on_groups(random, asked if random.random() < 0.7 else _named(random, random.choice(pool), "n")),)
    homes = sorted({measure.node for measure in aggregates if measure.request != "star"})
    segment = random.choice(homes) if homes and random.random() < 0.2 else None
    return Question(
        dimensions=tuple({(d.place, d.column, d.granularity): d for d in dimensions}.values()),
        measures=tuple({measure.key: measure for measure in measures}.values()),
        row_conditions=tuple(
            {c.text: c for c in (_condition(random, place()) for _ in range(random.choice((0, 0, 1, 2))))}.values()
        ),
        aggregate_conditions=on_groups,
        segments=((segment, _big(segment)),) if segment else (),
        segment_names=(f"{segment}.big",) if segment else (),
        include_empty=random.random() < 0.6,
        descending=bool(dimensions) and random.random() < 0.2,
        limit=random.choice((1000, 1000, 1000, 3, 0)),
    )


def _place(random: Random, world: World, home: str) -> Place:
    """The home, or a source above it: by its name alone, by all steps to it, or by some."""
    steps: list[str] = []
    node = home
    while random.random() < 0.65:
        onward = [way.target for way in world.ways(node) if way.is_to_one]
        if not onward:
            break
        node = random.choice(onward)
        steps.append(node)
    if not steps:
        below = [way.target for way in world.ways(home) if not way.is_to_one]
        return (random.choice(below),) if below and random.random() < 0.3 else (home,)
    spelling = random.random()
    if spelling < 0.5:
        return (steps[-1],)
    if spelling < 0.9:
        return tuple(steps)
    return (home, *steps)


def _repeatable(random: Random, node: str) -> Aggregate:
    function = random.choice(("min", "max", "count_distinct"))
    column = random.choice(("v", "w", "k2", "more"))
    value = Value(f"{node}.{column}", _cell_of((node,), column), ((node,),))
    name = f"{function}_{node}_{column}"
    return Aggregate(name, node, function, value, None, {"expr": f"{function}({value.text})", "name": name})


def _cell_of(place: Place, column: str) -> Callable[[Joined], Any]:
    compute = _COMPUTED.get(column)

    def read(row: Joined) -> Any:
        own = row[place]
        if own is None:
            return None
        return compute[1](own) if compute else own[column]

    return read


def _dimension(random: Random, place: Place) -> Dimension:
    column = random.choice(("s", "s", "k1", "v", "unset", "t", "t"))
    granularity = random.choice((None, "month")) if column == "t" else None
    read = _cell_of(place, column)
    if granularity is None:
        return Dimension(place, column, None, read)
    return Dimension(place, column, granularity, lambda row: None if read(row) is None else f"{read(row)[:7]}-01")


def _aggregate(random: Random, node: str, world: World) -> Aggregate:
    if random.random() < 0.5:
        named = _named(random, node, random.choice(("n", "total", "rows_p", "late")))
        assert isinstance(named, Aggregate)
        return named
    function = random.choice(("count", "sum", "avg", "min", "max", "count_distinct"))
    column = random.choice(("v", "w", "k2", "more", "unset"))
    value = Value(f"{node}.{column}", _cell_of((node,), column), ((node,),))
    parents = [way.target for way in world.ways(node) if way.is_to_one]
    if parents and random.random() < 0.25:
        other = _place(random, world, node)
        left, right = _cell_of((node,), column), _cell_of(other, "w")

        def product(row: Joined) -> Any:
            return None if left(row) is None or right(row) is None else left(row) * right(row)

        value = Value(f"{node}.{column} * {'.'.join(other)}.w", product, ((node,), other))
    name = f"{function}_{value.text}".replace(".", "_").replace(" * ", "_times_")
    request = {"expr": f"{function}({value.text})", "name": name}
    return Aggregate(name, home_of(world, value.places), function, value, None, request)


def _named(random: Random, node: str, name: str) -> Aggregate | Derived:
    request = f"{node}.{name}"
    read = {column: Value(f"{node}.{column}", _cell_of((node,), column), ((node,),)) for column in ("id", "v", "more")}
    if name == "gap":
        return Derived(name, "-", _named(random, node, "total"), _named(random, node, "n"), request)
    is_p = _cell_of((node,), "s")
    return {
        "n": Aggregate(name, node, "count", read["id"], None, request),
        "total": Aggregate(name, node, "sum", read["v"], None, request),
        "rows_p": Aggregate(
            name, node, "count", None, Condition("", lambda row: is_p(row) == "p", ((node,),)), request
        ),
        "late": Aggregate(name, node, "sum", read["more"], _big(node), request),
    }[name]


def _big(node: str) -> Condition:
    read = _cell_of((node,), "v")
    return Condition(f"{node}.v > 1", lambda row: read(row) is not None and read(row) > 1, ((node,),))


def _derived(random: Random, name: str, left: Aggregate | Derived, right: Aggregate | Derived) -> Derived:
    operator = random.choice("+-*/")
    expr = f"{_reference(left)} {operator} {_reference(right)}"
    return Derived(name, operator, left, right, {"expr": expr, "name": name})


def _reference(measure: Aggregate | Derived) -> str:
    return measure.request["name"] if isinstance(measure.request, dict) else measure.request


def _on_groups(random: Random, measure: Aggregate | Derived) -> AggregateCondition:
    operator = random.choice((">", "<="))
    constant = random.randint(0, 4)
    return AggregateCondition(f"{_reference(measure)} {operator} {constant}", measure, operator, constant)


def _condition(random: Random, place: Place) -> Condition:
    kind = random.choice(("text", "number", "null", "or", "not"))
    text, number = _cell_of(place, "s"), _cell_of(place, "more")
    letter, bound = random.choice(_TEXTS), random.randint(1, 8)
    name = ".".join(place)
    is_letter: Callable[[Joined], bool | None] = lambda row: None if text(row) is None else text(row) == letter  # noqa: E731
    is_large: Callable[[Joined], bool | None] = lambda row: None if number(row) is None else number(row) >= bound  # noqa: E731
    if kind == "text":
        return Condition(f"{name}.s = '{letter}'", is_letter, (place,))
    if kind == "number":
        return Condition(f"{name}.more >= {bound}", is_large, (place,))
    if kind == "null":
        return Condition(f"{name}.v IS NULL", lambda row: _cell_of(place, "v")(row) is None, (place,))
    if kind == "not":
        return Condition(
            f"NOT {name}.s = '{letter}'", lambda row: None if text(row) is None else text(row) != letter, (place,)
        )
    return Condition(
        f"{name}.s = '{letter}' OR {name}.more >= {bound}",
        lambda row: True if is_letter(row) or is_large(row) else None,
        (place,),
    )
