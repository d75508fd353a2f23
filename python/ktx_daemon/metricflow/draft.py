"""`/metricflow/draft`: a dbt project's semantic models and metrics as definitions of the semantic layer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from ktx_daemon.metricflow.conditions import Conditions
from ktx_daemon.metricflow.joins import Join, Unsayable, joins_of
from ktx_daemon.metricflow.metrics import Measure, MetricBuilder
from ktx_daemon.metricflow.project import DbtProject, Metric, Place, SemanticModel, read_project, text_of
from ktx_daemon.named_conditions import with_named_conditions
from ktx_daemon.sql.parsing import dialect_named
from semantic_layer.dialects import SqlDialect, get_dialect
from semantic_layer.errors import SemanticLayerError
from semantic_layer.expressions import columns_of, parse_expression


class File(BaseModel):
    """A YAML file; every map in its documents has its line under `__line__`."""

    model_config = ConfigDict(extra="ignore", strict=True)

    path: str
    documents: list[Any]


class Request(BaseModel):
    """A dbt project. `manifest` is dbt's own, which knows the table of each model."""

    model_config = ConfigDict(extra="ignore", strict=True)

    files: list[File]
    manifest: dict[str, Any] | None = None
    dialect: str = "postgres"


@dataclass(slots=True)
class _Draft:
    model: SemanticModel
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    entity_columns: dict[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    measures: list[dict[str, Any]] = field(default_factory=list)

    def leave_out(self, kind: str, name: str, reason: str, place: Place) -> None:
        told = {"name": name, "item_type": kind, "reason": reason}
        self.left_out.append(told | {"file": place.path, "line": place.line})


def respond(request: Request) -> dict[str, Any]:
    """Draft every semantic model; what a metric cannot say is in the report of its source."""
    dialect_named(request.dialect)
    dialect = get_dialect(request.dialect.lower())
    files = [(file.path, file.documents) for file in request.files]
    project = read_project(files, _relations(request.manifest or {}))
    drafts = {name: _draft(model, project, dialect) for name, model in project.models.items()}
    joins = joins_of(project.models, {name: draft.entity_columns for name, draft in drafts.items()})
    reports: list[dict[str, Any]] = []
    builder = MetricBuilder(project, Conditions(project.models, joins, dialect))
    for metric in project.metrics.values():
        try:
            measure = builder.measure(metric.name)
        except Unsayable as error:
            told = {"name": metric.name, "status": "not_converted", "reason": str(error)}
            reports.append(told | {"file": metric.place.path, "line": metric.place.line, "left_out": []})
            continue
        if measure.notes:
            reports.append(_in_part(metric, measure))
    for measure in builder.made():
        drafts[measure.source].measures.append(measure.definition())
        if measure.is_simple:
            _add_reads(drafts[measure.source], measure.expr, dialect)
    sources = []
    for name, draft in drafts.items():
        place = draft.model.place
        summary: dict[str, Any] = {"name": name, "file": place.path, "line": place.line, "left_out": draft.left_out}
        if draft.columns:
            definition = with_named_conditions(_definition(draft, project, joins[name]), dialect)
            sources.append({"definition": definition, "read": draft.read})
            reports.append(summary | {"status": "partial" if draft.left_out else "converted"})
        else:
            reports.append(summary | {"status": "not_converted", "reason": "it has no dimension and no entity"})
    return {"sources": sources, "reports": reports, "warnings": project.warnings}


def _in_part(metric: Metric, measure: Measure) -> dict[str, Any]:
    place = {"file": metric.place.path, "line": metric.place.line}
    left_out = [{"name": name, "item_type": "setting", "reason": reason} | place for name, reason in measure.notes]
    return {"name": metric.name, "status": "partial", "left_out": left_out} | place


def _relations(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The tables of dbt's models, seeds and snapshots by name."""
    nodes = manifest.get("nodes")
    found: dict[str, str] = {}
    for node in nodes.values() if isinstance(nodes, Mapping) else ():
        if isinstance(node, Mapping) and isinstance(node.get("relation_name"), str):
            found.setdefault(str(node.get("name")), node["relation_name"])
    return found


def _draft(model: SemanticModel, project: DbtProject, dialect: SqlDialect) -> _Draft:
    draft = _Draft(model)
    told = project.columns.get(model.dbt_model or "", {})
    computed: dict[str, tuple[str, str, bool, str | None]] = {}
    for entity in model.entities:
        if entity.expr.isidentifier():
            draft.entity_columns[entity.name] = entity.expr
            _list(draft, entity.expr, "string", told)
        else:
            draft.entity_columns[entity.name] = entity.name
        if entity.expr != entity.name:
            computed[entity.name] = (entity.expr, "entity", False, entity.description)
        if entity.kind == "natural":
            draft.leave_out(
                "entity",
                entity.name,
                "rows of one key follow each other in time, which a join cannot tell",
                model.place,
            )
    for dimension in model.dimensions:
        if dimension.expr == dimension.name:
            _list(draft, dimension.name, "time" if dimension.is_time else "string", told, dimension.description)
        else:
            computed[dimension.name] = (dimension.expr, "dimension", dimension.is_time, dimension.description)
    for name, (expr, kind, is_time, description) in computed.items():
        reads = _reads(expr, dialect)
        hidden = [read for read in reads if read in computed and read != name]
        if reads is _UNREADABLE or hidden or name in draft.columns:
            reason = f"it reads the column `{hidden[0]}`, which another of that name computes" if hidden else (
                f"its expression cannot be read: `{expr}`" if reads is _UNREADABLE
                else f"`{name}` is a column of the table as well")  # fmt: skip
            if kind == "dimension" or name not in draft.columns:
                draft.leave_out(kind, name, reason, model.place)
            draft.entity_columns = {k: v for k, v in draft.entity_columns.items() if v != name}
            continue
        written = {"name": name, "type": "time" if is_time else "string", "expr": expr, "description": description}
        draft.columns[name] = _filled(written | ({"role": "time"} if is_time else {}))
        for read in reads:
            if read != name:
                _read(draft, read)
    return draft


_UNREADABLE: tuple[str, ...] = ("",)


def _reads(expr: str, dialect: SqlDialect) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(column.parts[0].name for column in columns_of(parse_expression(expr, dialect))))
    except SemanticLayerError:
        return _UNREADABLE


def _list(
    draft: _Draft, name: str, kind: str, told: Mapping[str, Mapping[str, Any]], description: str | None = None
) -> None:
    column = {"name": name, "type": kind, "description": description}
    if kind == "time":
        column["role"] = "time"
    known = draft.columns.get(name, {})
    draft.columns[name] = known | _filled(column) | _from_dbt(told.get(name, {}))


def _from_dbt(told: Mapping[str, Any]) -> dict[str, Any]:
    """What dbt says about a column: its description, and its tests as constraints."""
    tests = [test for key in ("tests", "data_tests") for test in told.get(key) or []]
    constraints: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for test in tests:
        name, arguments = (test, {}) if isinstance(test, str) else next(
            ((key, value) for key, value in test.items() if key != "__line__"), ("", {}))  # fmt: skip
        if name in ("not_null", "unique"):
            constraints[name] = True
        elif name == "accepted_values" and isinstance(arguments, Mapping):
            values = arguments.get("values") or (arguments.get("arguments") or {}).get("values")
            found["enum_values"] = {"dbt": [str(value) for value in values or []]}
    if constraints:
        found["constraints"] = {"dbt": constraints}
    if words := text_of(told, "description"):
        found["descriptions"] = {"dbt": words}
    return found


def _read(draft: _Draft, name: str) -> None:
    if name not in draft.columns:
        draft.columns[name] = {"name": name, "type": "string", "visibility": "hidden"}
        draft.read.append(name)


def _add_reads(draft: _Draft, expr: str, dialect: SqlDialect) -> None:
    """List what a measure reads, or the semantic layer would look for it in other sources."""
    for read in _reads(expr, dialect):
        if read:
            _read(draft, read)


def _definition(draft: _Draft, project: DbtProject, joins: list[Join]) -> dict[str, Any]:
    model = draft.model
    keys = [entity for entity in model.entities if entity.is_key]
    keys.sort(key=lambda entity: entity.kind != "primary")
    key = next((column for entity in keys if (column := draft.entity_columns.get(entity.name))), None)
    physical = [name for name, column in draft.columns.items() if "expr" not in column]
    from_dbt = project.descriptions.get(model.dbt_model or "")
    return _filled(
        {
            "name": model.name,
            "table": model.table,
            "description": model.description,
            "descriptions": {"dbt": from_dbt} if from_dbt else None,
            "grain": [key] if key else physical or list(draft.columns),
            "columns": list(draft.columns.values()),
            "joins": [join.definition() for join in joins],
            "measures": draft.measures,
            "default_time_dimension": {"dbt": model.time_dimension} if model.time_dimension else None,
        }
    )


def _filled(definition: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if value not in (None, [])}
