"""Answers queries as MetricFlow does, in its own environment: `answer.py PROJECT` builds the project and reads queries.

Queries are a JSON list of `{metrics, group_by, where?, start?, end?}` on stdin. The answer on stdout has the `answers`
as columns and rows, dbt's `manifest`, and the YAML of the project's folders by their names, as documents.
"""

import contextlib
import datetime
import decimal
import json
import sys
from pathlib import Path
from typing import Any

import yaml
from dbt.cli.main import dbtRunner
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest


def main() -> None:
    project = Path(sys.argv[1])
    queries = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        built = dbtRunner().invoke(
            ["build", "--quiet", "--no-version-check", "--project-dir", str(project), "--profiles-dir", str(project)]
        )
        if not built.success:
            raise SystemExit(f"failed to build `{project}`: {built.exception}")
        configuration = CLIConfiguration()
        configuration.setup(project, project, configure_file_logging=False)
        engine = configuration.mf
        answers = [_answer(engine, query) for query in queries]
    nodes = json.loads((project / "target/manifest.json").read_text())["nodes"]
    told = {
        "answers": answers,
        "manifest": {"nodes": {key: {name: node.get(name) for name in ("name", "relation_name")}
                               for key, node in nodes.items()}},
        "folders": {folder: _documents(project, folder) for folder in ("models", "new_form")},
    }  # fmt: skip
    json.dump(told, sys.stdout, default=_plain)


def _answer(engine: MetricFlowEngine, query: dict[str, Any]) -> dict[str, Any]:
    days = {key: datetime.datetime.fromisoformat(query[key]) for key in ("start", "end") if key in query}
    request = MetricFlowQueryRequest.create(
        metric_names=query["metrics"],
        group_by_names=query["group_by"],
        where_constraints=[query["where"]] if "where" in query else None,
        time_constraint_start=days.get("start"),
        time_constraint_end=days.get("end"),
    )
    table = engine.query(request).result_df
    return {"columns": table.column_names, "rows": [list(row) for row in table.rows]}


def _documents(project: Path, folder: str) -> list[dict[str, Any]]:
    return [
        {"path": path.relative_to(project).as_posix(), "documents": list(yaml.safe_load_all(path.read_text()))}
        for path in sorted((project / folder).rglob("*.yml"))
    ]


def _plain(value: object) -> object:
    return float(value) if isinstance(value, decimal.Decimal) else value.isoformat()


main()
