"""Metrics of dbt answer as MetricFlow answers them: the real tool builds the projects and runs the same queries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from string import Template
from typing import Any

import duckdb
import pytest

from ktx_daemon.metricflow.draft import Request, respond
from semantic_layer import run_query
from tests.metricflow.cases import CASES, Case

HERE = Path(__file__).parent
PYTHON = "KTX_METRICFLOW_PYTHON"
"""The interpreter that has dbt-metricflow; `cargo xtask test` sets it."""


@dataclass
class Project:
    """A project as MetricFlow answered for it and as it was drafted."""

    answers: dict[str, Any]
    draft: dict[str, Any]
    in_new_form: dict[str, Any]
    database: duckdb.DuckDBPyConnection

    @property
    def sources(self) -> list[dict[str, Any]]:
        return [source["definition"] for source in self.draft["sources"]]

    @property
    def owners(self) -> dict[str, str]:
        return {measure["name"]: source["name"] for source in self.sources for measure in source.get("measures", [])}

    @property
    def keys(self) -> dict[str, str]:
        return {source["name"]: source["grain"][0] for source in self.sources}


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Project]]:
    python = os.environ.get(PYTHON)
    if python is None:
        told = f"{PYTHON} names no interpreter with dbt-metricflow; cargo xtask test --suite payload sets it"
        (pytest.fail if os.environ.get("KTX_TEST_NO_SKIP") == "1" else pytest.skip)(told)
    found = {name: _project(name, python, tmp_path_factory.mktemp(name)) for name in ("tutorial", "shop")}
    yield found
    for project in found.values():
        project.database.close()


def _project(name: str, python: str, folder: Path) -> Project:
    environment = os.environ | {
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "HOME": str(folder),
        "SHOP_DATABASE": str(folder / "shop.duckdb"),
    }
    project = _tutorial(python, folder) if name == "tutorial" else Path(shutil.copytree(HERE / name, folder / name))
    cases = [case for case in CASES if case.project == name]
    asked = json.dumps([case.asked() for case in cases])
    command = [python, str(HERE / "answer.py"), str(project)]
    run = subprocess.run(command, input=asked, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    old, new = (
        respond(Request(files=told["folders"][form], manifest=told["manifest"], dialect="duckdb"))
        for form in ("models", "new_form")
    )
    database = duckdb.connect(str(next(project.parent.rglob("*.duckdb"))), read_only=True)
    return Project(dict(zip(map(str, cases), told["answers"], strict=True)), old, new, database)


def _tutorial(python: str, folder: Path) -> Path:
    """What `mf tutorial` writes, which comes with dbt-metricflow."""
    found = subprocess.run([python, "-c", _WHERE], capture_output=True, text=True, check=True)
    package = Path(found.stdout.strip())
    project = Path(shutil.copytree(package / "mf_tutorial_project", folder / "tutorial"))
    shutil.copytree(package / "sample_dbt_models/sample_models", project / "models/sample_models")
    shutil.copytree(package / "sample_dbt_models/seeds", project / "seeds")
    profiles = project / "profiles.yml"
    database = Template(profiles.read_text()).substitute(db_file_path=project / "tutorial.duckdb")
    profiles.write_text(database)
    return project


_WHERE = "import dbt_metricflow.cli, pathlib; print(pathlib.Path(dbt_metricflow.cli.__file__).parent)"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_are_those_of_metricflow(case: Case, projects: dict[str, Project]) -> None:
    project = projects[case.project]
    answer = project.answers[str(case)]
    compiled = run_query(project.sources, case.ours(project.owners, project.keys), "duckdb")
    found = project.database.sql(compiled["sql"])
    dimensions, metrics = case.group_by.split(), case.metrics.split()
    # Metrics that are made of others come with them.
    rows = _chosen(found.fetchall(), list(range(len(dimensions))), [found.columns.index(name) for name in metrics])
    places = [[_place(answer["columns"], name) for name in names] for names in (dimensions, metrics)]
    expected = _chosen(answer["rows"], *places)
    assert rows, "a comparison of nothing"
    assert _comparable(rows) == _comparable(expected), compiled["sql"]


def test_both_forms_of_yaml_say_the_same(projects: dict[str, Project]) -> None:
    shop = projects["shop"]
    assert shop.in_new_form["warnings"] == []
    old, new = ({source["name"]: source for source in sources} for sources in (
        shop.sources, [source["definition"] for source in shop.in_new_form["sources"]]))  # fmt: skip
    for definition in (*old.values(), *new.values()):
        definition["measures"] = sorted(definition.get("measures", []), key=lambda measure: measure["name"])
        definition["columns"] = sorted(definition["columns"], key=lambda column: column["name"])
    assert old == new


def test_what_is_not_kept_is_reported(projects: dict[str, Project]) -> None:
    told = {
        (project, report["name"]): report.get("reason") or [item["name"] for item in report["left_out"]]
        for project in projects
        for report in projects[project].draft["reports"]
        if report["status"] != "converted"
    }
    assert told == {
        ("tutorial", "cumulative_transactions"): ["period_agg"],
        ("tutorial", "cumulative_transactions_in_last_7_days"): ["period_agg"],
        ("shop", "revenue_per_customer"): ["expr"],
        ("shop", "goods_share"): ["expr"],
        ("shop", "revenue_to_date"): ["period_agg"],
        ("shop", "revenue_30_days"): ["period_agg"],
        ("shop", "revenue_month_to_date"): ["period_agg"],
        ("shop", "sales_growth"): ["offset_window"],
        ("shop", "paid_growth"): ["offset_window"],
        ("shop", "revenue_since_month"): "it compares with the start of a period (offset_to_grain)",
    }


def _chosen(rows: Sequence[Sequence[Any]], dimensions: list[int], metrics: list[int]) -> list[tuple[Any, ...]]:
    """Those columns, without groups of which nothing is known: MetricFlow lists them for some queries only."""
    known = [row for row in rows if not metrics or any(row[place] is not None for place in metrics)]
    return [tuple(row[place] for place in (*dimensions, *metrics)) for row in known]


def _place(columns: list[str], name: str) -> int:
    """Where a column is; `metric_time` is called `metric_time__day` in an answer."""
    return next(place for place, column in enumerate(columns) if column in (name, f"{name}__day"))


def _comparable(rows: list[tuple[Any, ...]]) -> list[str]:
    return sorted(repr(tuple(map(_plain, row))) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, str) and len(value) == 19 and value[10] == "T":
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.time().isoformat() == "00:00:00":
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{float(value):.9g}"
    return value
