"""A dbt project's YAML as semantic models and metrics, in the old form (`semantic_models:`) and in the new one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LINE = "__line__"
"""The key under which every map of a document has its line."""

_REF = re.compile(r"""\bref\s*\(\s*(?:['"][^'"]+['"]\s*,\s*)?['"]([^'"]+)['"]""")
_SOURCE = re.compile(r"""\bsource\s*\(\s*['"]([^'"]+)['"]\s*,\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A key of a model: `kind` is primary, unique, natural or foreign."""

    name: str
    kind: str
    expr: str
    description: str | None = None

    @property
    def is_key(self) -> bool:
        """Whether a value of it is in one row only."""
        return self.kind in ("primary", "unique")


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension; `is_time` tells the two kinds apart."""

    name: str
    is_time: bool
    expr: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What MetricFlow calls a measure: an aggregate of one model."""

    name: str
    agg: str
    expr: str
    model: str
    place: Place
    description: str | None = None
    percentile: float | None = None
    time_dimension: str | None = None
    refusal: str | None = None
    """Why it cannot be said."""


@dataclass(slots=True)
class SemanticModel:
    """A semantic model and the table that it is about."""

    name: str
    table: str
    place: Place
    dbt_model: str | None
    description: str | None
    primary_entity: str | None = None
    time_dimension: str | None = None
    entities: list[Entity] = field(default_factory=list)
    dimensions: list[Dimension] = field(default_factory=list)
    aggregates: dict[str, Aggregate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as written; `settings` has what its type needs, in the names of the old form."""

    name: str
    kind: str
    description: str | None
    filters: tuple[str, ...]
    settings: Mapping[str, Any]
    place: Place


@dataclass(slots=True)
class DbtProject:
    """What is written in a project. `columns` are what dbt itself says about the columns of a model."""

    models: dict[str, SemanticModel] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_project(files: list[tuple[str, list[Any]]], relations: Mapping[str, str]) -> DbtProject:
    """Read every document; `relations` are the tables of dbt's models by name, where a manifest knows them."""
    project = DbtProject()
    for path, documents in files:
        for document in documents:
            if isinstance(document, Mapping):
                _Reader(project, path, relations).read(document)
    return project


class _Reader:
    def __init__(self, project: DbtProject, path: str, relations: Mapping[str, str]) -> None:
        self._project = project
        self._path = path
        self._relations = relations

    def read(self, document: Mapping[str, Any]) -> None:
        for model in _maps(document.get("models")):
            self._dbt_model(model)
        for model in _enabled(document.get("semantic_models")):
            self._add(self._old_model(model))
        for metric in _enabled(document.get("metrics")):
            self._metric(metric, None)

    def _place(self, written: Mapping[str, Any]) -> Place:
        return Place(self._path, int(written.get(LINE, 1)))

    def _add(self, model: SemanticModel) -> None:
        known = self._project.models.get(model.name)
        if known is None:
            self._project.models[model.name] = model
        else:
            self._project.warnings.append(
                f"{model.place.path}:{model.place.line}: the semantic model `{model.name}` was left out: "
                f"{known.place.path}:{known.place.line} defines it already"
            )

    def _old_model(self, written: Mapping[str, Any]) -> SemanticModel:
        reference = str(written.get("model") or "")
        dbt_model, table = self._table(reference)
        defaults = written.get("defaults") or {}
        model = SemanticModel(
            name=str(written.get("name")),
            table=table,
            place=self._place(written),
            dbt_model=dbt_model,
            description=text_of(written, "description") or text_of(written, "label"),
            primary_entity=text_of(written, "primary_entity"),
            time_dimension=text_of(defaults, "agg_time_dimension"),
        )
        model.entities = [_entity(entity) for entity in _maps(written.get("entities"))]
        model.dimensions = [_dimension(dimension) for dimension in _maps(written.get("dimensions"))]
        for measure in _maps(written.get("measures")):
            aggregate = self._aggregate(measure, model)
            model.aggregates[aggregate.name] = aggregate
            if measure.get("create_metric") is True:
                settings = {"measure": aggregate.name}
                self._project.metrics.setdefault(
                    aggregate.name,
                    Metric(aggregate.name, "simple", aggregate.description, (), settings, aggregate.place),
                )
        return model

    def _table(self, reference: str) -> tuple[str | None, str]:
        """The dbt model that a `ref()` names, and its table; a `source()` is a table of its schema."""
        if ref := _REF.search(reference):
            return ref[1], self._relations.get(ref[1], ref[1])
        if source := _SOURCE.search(reference):
            return None, f"{source[1]}.{source[2]}"
        return reference or None, self._relations.get(reference, reference)

    def _aggregate(self, written: Mapping[str, Any], model: SemanticModel) -> Aggregate:
        name = str(written.get("name"))
        parameters = written.get("agg_params") or written
        percentile = parameters.get("percentile")
        refusal = None
        if written.get("non_additive_dimension"):
            refusal = "it does not add up over a dimension (non_additive_dimension)"
        elif parameters.get("use_discrete_percentile") or parameters.get("percentile_type") == "discrete":
            refusal = "a discrete percentile cannot be said"
        expr = written.get("expr")
        return Aggregate(
            name=name,
            agg=str(written.get("agg") or "").lower(),
            expr=name if expr is None else str(expr).strip(),
            model=model.name,
            place=self._place(written),
            description=text_of(written, "description") or text_of(written, "label"),
            percentile=float(percentile) if isinstance(percentile, int | float) else None,
            time_dimension=text_of(written, "agg_time_dimension") or model.time_dimension,
            refusal=refusal,
        )

    def _dbt_model(self, written: Mapping[str, Any]) -> None:
        name = str(written.get("name"))
        if description := text_of(written, "description"):
            self._project.descriptions[name] = description
        columns = _maps(written.get("columns"))
        self._project.columns.setdefault(name, {}).update({str(column.get("name")): column for column in columns})
        semantic = written.get("semantic_model")
        is_enabled = (
            isinstance(semantic, Mapping) and semantic.get("enabled") is not False and any(_enabled([semantic]))
        )
        if semantic is True or is_enabled:
            self._add(self._new_model(name, written, semantic if isinstance(semantic, Mapping) else {}))

    def _new_model(self, name: str, written: Mapping[str, Any], semantic: Mapping[str, Any]) -> SemanticModel:
        model = SemanticModel(
            name=text_of(semantic, "name") or name,
            table=self._relations.get(name, name),
            place=self._place(written),
            dbt_model=name,
            description=text_of(written, "description"),
            primary_entity=text_of(written, "primary_entity"),
            time_dimension=text_of(written, "agg_time_dimension"),
        )
        for column in _maps(written.get("columns")):
            physical = str(column.get("name"))
            if entity := _nested(column, "entity"):
                model.entities.append(_entity({"expr": physical, "name": physical, **entity}))
            if dimension := _nested(column, "dimension"):
                words = {"description": column.get("description")}
                model.dimensions.append(_dimension({"expr": physical, "name": physical, **words, **dimension}))
        derived = written.get("derived_semantics") or {}
        model.entities += [_entity(entity) for entity in _maps(derived.get("entities"))]
        model.dimensions += [_dimension(dimension) for dimension in _maps(derived.get("dimensions"))]
        for metric in _enabled(written.get("metrics")):
            self._metric(metric, model)
        return model

    def _metric(self, written: Mapping[str, Any], model: SemanticModel | None) -> None:
        name = str(written.get("name"))
        place = self._place(written)
        settings = {**written, **(written.get("type_params") or {})}
        settings |= settings.get("cumulative_type_params") or {}
        if model is not None and written.get("agg"):
            aggregate = self._aggregate(written, model)
            model.aggregates[name] = aggregate
            settings["measure"] = {"name": name, "model": model.name}
        if "input_metrics" in settings:
            settings["metrics"] = settings["input_metrics"]
        if known := self._project.metrics.get(name):
            self._project.warnings.append(
                f"{place.path}:{place.line}: the metric `{name}` was left out: "
                f"{known.place.path}:{known.place.line} defines it already"
            )
            return
        kind = str(written.get("type") or "simple").lower()
        words = text_of(written, "description") or text_of(written, "label")
        self._project.metrics[name] = Metric(name, kind, words, filters_of(written), settings, place)


def filters_of(written: Mapping[str, Any]) -> tuple[str, ...]:
    """The conditions of a `filter`, which may be one or several."""
    conditions = written.get("filter")
    if isinstance(conditions, Mapping):
        conditions = conditions.get("where_filters") or conditions.get("where_sql_template")
    if isinstance(conditions, list):
        return tuple(str(part.get("where_sql_template")) if isinstance(part, Mapping) else str(part)
                     for part in conditions)  # fmt: skip
    return (str(conditions),) if conditions else ()


def _entity(written: Mapping[str, Any]) -> Entity:
    name = str(written.get("name"))
    expr = written.get("expr")
    kind = str(written.get("type") or "foreign").lower()
    return Entity(name, kind, name if expr is None else str(expr).strip(), text_of(written, "description"))


def _dimension(written: Mapping[str, Any]) -> Dimension:
    name = str(written.get("name"))
    expr = written.get("expr")
    is_time = str(written.get("type") or "categorical").lower() == "time"
    words = text_of(written, "description") or text_of(written, "label")
    return Dimension(name, is_time, name if expr is None else str(expr).strip(), words)


def _nested(written: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """`entity: {type: primary}`, or the short `entity: primary`."""
    value = written.get(key)
    if isinstance(value, str):
        return {"type": value}
    return {known: item for known, item in value.items() if item is not None} if isinstance(value, Mapping) else None


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())


def _enabled(value: object) -> Iterator[Mapping[str, Any]]:
    """Those that dbt does not leave out itself."""
    configs = ((item, item.get("config")) for item in _maps(value))
    return (item for item, config in configs if not isinstance(config, Mapping) or config.get("enabled") is not False)


def text_of(written: object, key: str) -> str | None:
    """The text of a key. A template such as `{{ doc(…) }}` is not one."""
    value = written.get(key) if isinstance(written, Mapping) else None
    return value.strip() or None if isinstance(value, str) and "{{" not in value else None
