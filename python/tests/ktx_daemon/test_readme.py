"""The README's examples, run over HTTP and as one-shot commands: what it shows is what the daemon answers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ktx_daemon.endpoints import ENDPOINTS, Endpoint
from tests.ktx_daemon.daemon_process import PYTHON_DIRECTORY, running_daemon

README = (PYTHON_DIRECTORY / "README.md").read_text(encoding="utf-8")
SECTION = re.compile(
    r"^### `POST (?P<path>\S+)` · `ktx-daemon (?P<command>\S+)`\n(?P<text>.*?)"
    r"```json\n(?P<request>.*?)```\n\n```json\n(?P<answer>.*?)```$",
    re.MULTILINE | re.DOTALL,
)
SECTIONS = {match["path"]: match for match in SECTION.finditer(README)}
EXAMPLE_URL = "postgresql://postgres@127.0.0.1:5432/zoo"
EXAMPLE_FILE = "/data/.partial-numbers"
STAND_IN = str(Path(__file__).with_name("stand_in_library"))


def test_documents_every_endpoint_with_its_command() -> None:
    documented = {(path, match["command"]) for path, match in SECTIONS.items()}
    assert documented == {(endpoint.path, endpoint.command) for endpoint in ENDPOINTS}
    assert all(len(match["text"].split()) >= 5 for match in SECTIONS.values())


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.command)
def test_shows_what_the_daemon_answers(endpoint: Endpoint, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    section = SECTIONS[endpoint.path]
    body = section["request"]
    if EXAMPLE_URL in body:
        body = body.replace(EXAMPLE_URL, request.getfixturevalue("zoo_url"))
    file = tmp_path / ".partial-numbers"
    body = body.replace(EXAMPLE_FILE, str(file))
    file.touch()
    command = [sys.executable, "-m", "ktx_daemon", endpoint.command]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{PYTHON_DIRECTORY}:{STAND_IN}"}
    done = subprocess.run(command, input=body.encode(), env=environment, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    file.write_text("")
    with running_daemon(tmp_path, python_path=STAND_IN) as daemon:
        served = daemon.request("POST", endpoint.path, body.encode())
    assert served.status == 200
    for answer in (json.loads(done.stdout), served.json()):
        assert shown_part(answer, json.loads(section["answer"])) == json.loads(section["answer"])


def shown_part(answer: Any, shown: Any) -> Any:
    """The part of an answer that the README shows: it may leave members out, never items of a list."""
    if isinstance(answer, dict) and isinstance(shown, dict):
        return {name: shown_part(value, shown[name]) for name, value in answer.items() if name in shown}
    if isinstance(answer, list) and isinstance(shown, list) and len(answer) == len(shown):
        return [shown_part(value, part) for value, part in zip(answer, shown, strict=True)]
    return answer
