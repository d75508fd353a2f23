"""Entities as joins: a model with a foreign entity joins the model where that entity is the key."""

from collections.abc import Mapping
from dataclasses import dataclass

from ktx_daemon.metricflow.project import Entity, SemanticModel


class Unsayable(Exception):
    """Something that the semantic layer has no words for; the message says what."""


@dataclass(frozen=True, slots=True)
class Join:
    """A way from one model to another. `node` is what references call its end."""

    entity: str
    target: str
    node: str
    on: str
    relationship: str

    def definition(self) -> dict[str, str]:
        """The join as a source has it."""
        written = {"to": self.target, "on": self.on, "relationship": self.relationship}
        return written | ({"alias": self.node} if self.node != self.target else {})


def joins_of(models: Mapping[str, SemanticModel], columns: Mapping[str, Mapping[str, str]]) -> dict[str, list[Join]]:
    """The joins of every model. `columns` are the columns of entities, by model and entity."""
    found: dict[str, list[Join]] = {name: [] for name in models}
    taken = set(models)
    for model in models.values():
        for entity in model.entities:
            for target in models.values():
                if target.name == model.name or not _leads(entity, target, model):
                    continue
                own, other = columns[model.name].get(entity.name), columns[target.name].get(entity.name)
                if own is None or other is None:
                    continue
                # One way to a model has its name; further ones are roles.
                is_second = any(join.target == target.name for join in found[model.name])
                node = target.name if not is_second else _role(model, entity, taken)
                taken.add(node)
                relationship = "one_to_one" if entity.is_key else "many_to_one"
                on = f"{model.name}.{own} = {node}.{other}"
                found[model.name].append(Join(entity.name, target.name, node, on, relationship))
    return found


def _leads(entity: Entity, target: SemanticModel, model: SemanticModel) -> bool:
    keys = [other for other in target.entities if other.name == entity.name and other.is_key]
    # Of two models with one key, one join is enough: it works both ways.
    return bool(keys) and (not entity.is_key or model.name < target.name)


def _role(model: SemanticModel, entity: Entity, taken: set[str]) -> str:
    return entity.name if entity.name not in taken else f"{model.name}_{entity.name}"


def path_to(
    start: SemanticModel,
    entities: list[str],
    joins: Mapping[str, list[Join]],
) -> tuple[list[str], str]:
    """The steps from a model along entities, and the model at their end. Raises `Unsayable`.

    The first entity may be one that is some joins away, when only one shortest way leads to it.
    """
    if not entities or entities == [start.primary_entity] or (len(entities) == 1 and _is_own(start, entities[0])):
        return [], start.name
    steps: list[str] = []
    at = start.name
    for entity in entities:
        ways = _ways(at, entity, joins)
        if len(ways) != 1:
            found = "no way" if not ways else "several ways"
            raise Unsayable(f"{found} from `{at}` to the entity `{entity}`")
        steps += [join.node for join in ways[0]]
        at = ways[0][-1].target
    return steps, at


def _is_own(model: SemanticModel, entity: str) -> bool:
    return any(known.name == entity and known.kind == "primary" for known in model.entities)


def _ways(start: str, entity: str, joins: Mapping[str, list[Join]]) -> list[list[Join]]:
    """The shortest ways that end with a join by the entity."""
    level: list[list[Join]] = [[join] for join in joins[start]]
    for _ in range(4):
        if found := [way for way in level if way[-1].entity == entity]:
            return found
        level = [[*way, join] for way in level for join in joins[way[-1].target]]
    return []
