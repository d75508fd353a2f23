"""The stage that finds paths, alone: shortest ones, ties, named steps, roles, longer ones, left-out sources, time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from semantic_layer.dialects import get_dialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.joins import build_graph
from semantic_layer.loading import load_definitions
from semantic_layer.paths import Paths, route_text
from semantic_layer.references import place_of

SQLITE = get_dialect("sqlite")


def source(name: str, *joins: dict[str, Any], grain: tuple[str, ...] = ("id",)) -> dict[str, Any]:
    columns = [{"name": column, "type": "number"} for column in (*grain, "x", "other")]
    return {"name": name, "table": name, "grain": list(grain), "columns": columns, "joins": list(joins)}


def to(name: str, relationship: str = "many_to_one", on: str = "x = id", **more: Any) -> dict[str, Any]:
    return {"to": name, "on": on, "relationship": relationship} | more


def paths(*sources: dict[str, Any]) -> Paths:
    definitions = load_definitions(list(sources), SQLITE)
    known = {each.name: each for each in definitions.sources}
    return Paths(build_graph(known, SQLITE, definitions.ghosts), definitions.faults)


def path(found: Paths, fact: str, place: str, **options: Any) -> str | None:
    route = found.find(fact, place_of(place.split(".")), **options)
    return None if route is None else route_text(route)


DIAMOND = paths(
    source("f", to("b"), to("a")), source("a", to("z")), source("b", to("z")), source("z", to("end")), source("end")
)
SHORT = paths(source("f", to("a"), to("z")), source("a", to("z")), source("z"))


def test_the_fewest_edges_win() -> None:
    assert path(SHORT, "f", "z") == "z"
    assert path(SHORT, "f", "a") == "a"
    assert path(SHORT, "f", "f") == ""
    assert path(SHORT, "z", "f") is None


@pytest.mark.parametrize(("target", "behind"), [("z", ""), ("end", ".end")])
def test_two_paths_of_the_fewest_edges_are_ambiguous(target: str, behind: str) -> None:
    with pytest.raises(SemanticLayerError) as refused:
        path(DIAMOND, "f", target, tail=lambda: "name:month")
    assert str(refused.value) == (
        f"ambiguous path from `f` to `{target}`: `b.z{behind}`, `a.z{behind}`\n"
        f"hint: name the path: `b.z{behind}.name:month` or `a.z{behind}.name:month`"
    )


@pytest.mark.parametrize(
    ("place", "found"),
    [("a.z", "a.z"), ("f.a.z", "a.z"), ("b.z.end", "b.z.end"), ("a", "a"), ("a.end", None), ("end.z", None)],
)
def test_a_named_path_takes_its_steps_exactly(place: str, found: str | None) -> None:
    if place == "end.z":
        # The first step is found like any other, and is ambiguous.
        with pytest.raises(SemanticLayerError, match="ambiguous path from `f` to `end`"):
            path(DIAMOND, "f", place)
    else:
        assert path(DIAMOND, "f", place) == found


def test_the_first_step_of_a_named_path_is_found() -> None:
    chain = paths(source("f", to("a")), source("a", to("b")), source("b", to("c")), source("c"))
    assert path(chain, "f", "b.c") == "a.b.c"
    assert path(chain, "f", "a.c") is None


def test_a_named_path_does_not_go_to_many() -> None:
    chain = paths(source("f", to("a")), source("g", to("a")), source("a"))
    with pytest.raises(SemanticLayerError, match="one_to_many step from `a` to `g`"):
        path(chain, "f", "a.g", crossing=True)


def test_to_many_steps_are_taken_only_where_they_may_be_and_then_as_few_as_can_be() -> None:
    ways = paths(source("f", to("a"), to("z")), source("a", to("z")), source("z"))
    assert path(ways, "z", "f") is None
    assert path(ways, "z", "f", crossing=True) == "f"
    # Through `hub` it takes one step to many, directly none at all.
    around = paths(
        source("s", to("p"), to("t", "one_to_many", "id = other")),
        source("p", to("q")),
        source("q", to("t")),
        source("t"),
    )
    assert path(around, "s", "t", crossing=True) == "p.q.t"


def test_a_join_on_the_whole_grain_is_to_one_both_ways_unless_the_grain_is_all_columns() -> None:
    keyed = paths(source("cover", to("m", on="id = id")), source("m"))
    assert path(keyed, "m", "cover") == "cover"
    whole = source("cover", to("m", on="id = id AND x = x AND other = other"), grain=("id", "x", "other"))
    whole["columns"] = whole["columns"][:3]
    assert path(paths(whole, source("m")), "m", "cover") is None


def test_a_join_onto_a_part_of_the_key_is_to_many_unless_the_grain_is_all_columns() -> None:
    part = paths(source("f", to("plan", on="x = dept")), source("plan", grain=("dept", "mon")))
    assert path(part, "f", "plan") is None
    keyless = source("plan", grain=("dept", "mon"))
    keyless["columns"] = keyless["columns"][:2]
    assert path(paths(source("f", to("plan", on="x = dept")), keyless), "f", "plan") == "plan"


ROLES = paths(
    source(
        "f", to("place", alias="src"), to("place", alias="dst", on="other = id"), to("f", alias="boss", on="x = other")
    ),
    source("place", to("region")),
    source("region"),
    source("pickup", to("place", alias="spot")),
)


def test_what_is_behind_a_role_is_reached_through_it() -> None:
    assert path(ROLES, "pickup", "region") == "spot.region"
    assert path(ROLES, "f", "src.region") == "src.region"
    assert path(ROLES, "src", "region") == "region"
    assert path(ROLES, "f", "boss.dst.region") == "boss.dst.region"
    assert path(ROLES, "f", "place") is None
    with pytest.raises(SemanticLayerError, match=r"`src[.]region`, `dst[.]region`"):
        path(ROLES, "f", "region")


def test_a_named_path_may_repeat_a_role() -> None:
    assert path(ROLES, "f", "boss.boss.boss") == "boss.boss.boss"
    assert path(ROLES, "boss", "boss.boss.boss") == "boss.boss"


def test_longer_paths_are_known() -> None:
    def longer(found: Paths, fact: str, place: str) -> list[str]:
        return sorted(route_text(route) for route in found.longer(fact, place))

    assert longer(SHORT, "f", "z") == ["a.z"]
    assert longer(SHORT, "f", "a") == []
    assert longer(ROLES, "f", "src") == ["boss.src"]
    several = paths(
        source("f", to("z"), to("a"), to("b")), source("a", to("z")), source("b", to("a")), source("z", to("f"))
    )
    assert longer(several, "f", "z") == ["a.z", "b.a.z"]
    # A path that comes back to where it was is none.
    back = paths(source("f", to("a")), source("a", to("f", on="other = id"), to("z")), source("z"))
    assert longer(back, "f", "z") == []


def test_a_source_that_is_left_out_does_not_decide_a_path() -> None:
    broken = source("a", to("z"), to("nowhere", on="other = id"))
    with pytest.raises(SemanticLayerError, match=r"leads through 'a', which is left out of the model: .*'nowhere'"):
        path(paths(source("f", to("b"), to("a")), broken, source("b", to("z")), source("z")), "f", "z")
    # Where it would only be a longer way it does not matter.
    assert path(paths(source("f", to("z"), to("a")), broken, source("z")), "f", "z") == "z"


def test_a_chain_of_diamonds_takes_time_in_proportion_to_its_edges() -> None:
    """Forty diamonds in a row have 2 to the power of 40 paths, and 460 sources that none of them needs."""
    sources = []
    for number in range(40):
        sources += [
            source(f"n{number}", to(f"a{number}"), to(f"b{number}"), to(f"n{number + 1}")),
            source(f"a{number}", to(f"n{number + 1}")),
            source(f"b{number}", to(f"n{number + 1}")),
        ]
    sources += [source("n40"), *(source(f"s{number}", to("n0")) for number in range(379))]
    found = paths(*sources)
    started = time.process_time()
    assert path(found, "n0", "n40") == ".".join(f"n{number}" for number in range(1, 41))
    assert len(found.longer("n0", "n40")) == 5
    assert path(found, "s0", "n40") is not None
    assert time.process_time() - started < 0.1


def test_so_many_ties_are_refused_at_once() -> None:
    sources = []
    for number in range(40):
        sources += [
            source(f"n{number}", to(f"a{number}"), to(f"b{number}")),
            source(f"a{number}", to(f"n{number + 1}")),
            source(f"b{number}", to(f"n{number + 1}")),
        ]
    found = paths(*sources, source("n40"))
    started = time.process_time()
    with pytest.raises(SemanticLayerError, match=r"ambiguous path from `n0` to `n40`: .*, …\n"):
        path(found, "n0", "n40")
    assert time.process_time() - started < 0.1
