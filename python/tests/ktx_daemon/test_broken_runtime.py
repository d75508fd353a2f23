"""Modules that are gone, and a base Python that was upgraded away: one sentence and the command that helps."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ktx_daemon.daemon_process import PYTHON_DIRECTORY, running_daemon
from tests.ktx_daemon.test_bad_requests import BODY, PARSE, VALID

HINT = "run: ktx runtime install --force"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of our packages that a test may damage."""
    for name in ("ktx_daemon", "semantic_layer"):
        shutil.copytree(PYTHON_DIRECTORY / name, tmp_path / "site" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site"


def damage(package: Path, how: str) -> None:
    module = package / "ktx_daemon" / "sql" / "table_identifiers.py"
    if how == "deleted":
        module.unlink()
    elif how == "cut off":
        module.write_text(module.read_text(encoding="utf-8")[:700], encoding="utf-8")
    else:
        (package / "sqlglot").mkdir()
        (package / "sqlglot" / "__init__.py").write_text("import no_such_library\n", encoding="utf-8")


@pytest.mark.parametrize("how", ["deleted", "cut off", "without its library"])
def test_names_the_command_that_repairs_the_runtime(package: Path, tmp_path: Path, how: str) -> None:
    damage(package, how)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package)}
    command = [sys.executable, "-m", "ktx_daemon"]
    one_shot = subprocess.run(
        [*command, "sql-parse-table-identifier"],
        input=BODY,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    said = one_shot.stderr.decode()
    assert one_shot.returncode == 1
    assert said.startswith("the Python runtime of ktx is incomplete: ")
    assert said.endswith(f"\nhint: {HINT}\n")
    assert "Traceback" not in said

    with running_daemon(tmp_path, command=["env", f"PYTHONPATH={package}", *command, "serve-http"]) as daemon:
        answer = daemon.request("POST", PARSE, BODY)
        assert answer.status == 500
        assert answer.json()["detail"].startswith("Table identifier parsing failed: the Python runtime of ktx is ")
        assert answer.json()["hint"] == HINT
        assert daemon.post("/lookml/parse", VALID["/lookml/parse"]).status == (200 if "library" not in how else 500)
        assert daemon.request("GET", "/health").status == 200
        assert "Traceback" not in daemon.log()


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_leaves_when_its_python_is_not_what_it_was(tmp_path: Path, change: str) -> None:
    library = tmp_path / "os.py"
    library.write_text("first", encoding="utf-8")
    program = (
        "from pathlib import Path; from ktx_daemon import leaving, serve; from ktx_daemon.__main__ import main; "
        f"leaving.INTERPRETER_FILES = (Path({json.dumps(str(library))}),); serve.CHECK_SECONDS = 0.2; main()"
    )
    with running_daemon(tmp_path, command=[sys.executable, "-c", program, "serve-http"]) as daemon:
        assert daemon.request("POST", PARSE, BODY).status == 200
        if change == "removed":
            library.unlink()
        else:
            library.write_text("second", encoding="utf-8")
        assert daemon.wait() == 0
        assert "leaving: its Python was removed or replaced" in daemon.log()
