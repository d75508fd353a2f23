"""Start, ready file, health, proof and shutdown of a daemon as the runtime sees them."""

import hmac
import http.client
import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ktx_daemon.identity import Identity
from tests.ktx_daemon.daemon_process import INSTANCE, PYTHON_DIRECTORY, TOKEN, VERSION, running_daemon

NONCE = "aabbccddeeff00112233445566778899"


def test_proves_itself_with_the_published_test_vector() -> None:
    identity = Identity("0.4.0", "0.4.0", INSTANCE, bytes(range(32)))
    proof = identity.proof(NONCE.encode(), 51234)
    assert proof == "3cafc095ce1b3f0bf7d929680e826a394d7d15aa6486b2a781c9797f75a97bf8"


def test_reports_itself_ready_and_healthy_with_the_same_facts(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        path = tmp_path / "daemon.ready.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        text = path.read_text(encoding="utf-8")
        ready = json.loads(text)
        assert text.endswith("}\n")
        assert ready == {
            "schemaVersion": 1,
            "pid": daemon.process.pid,
            "host": "127.0.0.1",
            "port": daemon.port,
            "instance": INSTANCE,
            "version": VERSION,
            "packageVersion": ready["packageVersion"],
        }
        assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ".tmp"] == []

        health = daemon.request("GET", "/health", headers={"Authorization": "", "X-Ktx-Nonce": NONCE})
        assert health.json() == {
            "status": "healthy",
            "version": VERSION,
            "instance": INSTANCE,
            "packageVersion": ready["packageVersion"],
        }
        covered = f"ktx-daemon/1\n{NONCE}\n{INSTANCE}\n{daemon.port}\n{VERSION}\n{ready['packageVersion']}"
        expected = hmac.digest(bytes.fromhex(TOKEN), covered.encode(), "sha256").hex()
        assert health.headers["x-ktx-proof"] == expected


@pytest.mark.parametrize(
    ("nonce", "proven"),
    [("a" * 31, False), ("a" * 32, True), ("A1" * 64, True), ("a" * 129, False), ("g" * 32, False), ("", False)],
)
def test_signs_nonces_of_32_to_128_hex_digits(nonce: str, proven: bool) -> None:
    identity = Identity("1", "1", INSTANCE, bytes(32))
    assert (identity.proof(nonce.encode(), 1) is not None) == proven
    assert Identity("1", "1", INSTANCE, None).proof(nonce.encode(), 1) is None


def test_covers_every_fact_with_the_proof() -> None:
    facts = {"version": "1", "package_version": "2", "instance": INSTANCE, "token": bytes(32)}
    proofs = {Identity(**facts).proof(b"a" * 32, 1), Identity(**facts).proof(b"b" * 32, 1)}
    proofs.add(Identity(**facts).proof(b"a" * 32, 2))
    for name, value in {"version": "3", "package_version": "3", "instance": "3", "token": bytes(31) + b"3"}.items():
        proofs.add(Identity(**{**facts, name: value}).proof(b"a" * 32, 1))  # type: ignore[arg-type]
    assert len(proofs) == 7


def test_says_that_it_cannot_write_its_ready_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ktx_daemon", "serve-http", "--port", "0"]
    missing = tmp_path / "missing" / "ready"
    done = subprocess.run(
        [*command, "--ready-file", str(missing)], cwd=PYTHON_DIRECTORY, capture_output=True, timeout=30
    )
    assert done.returncode == 1
    assert f"ktx-daemon: failed to write ready file `{missing}`: No such file" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_does_not_wait_for_nagle(tmp_path: Path) -> None:
    """An answer goes out in two writes; with Nagle's algorithm on, the second waits 40 ms for an acknowledgement."""
    with running_daemon(tmp_path) as daemon:
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
        times = []
        for _ in range(20):
            started = time.perf_counter()
            connection.request("GET", "/health")
            connection.getresponse().read()
            times.append(time.perf_counter() - started)
        connection.close()
    assert min(times[1:]) < 0.03


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        (
            "serve",
            ["pydantic", "sqlglot", "psycopg", "sentence_transformers", "semantic_layer", "importlib.metadata"],
        ),
        ("one_shot", ["argparse", "asyncio", "starlette", "uvicorn", "pydantic", "sqlglot", "psycopg"]),
    ],
)
def test_imports_nothing_heavy_before_it_is_needed(module: str, unwanted: list[str]) -> None:
    program = f"import sys, ktx_daemon.{module}; print([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=PYTHON_DIRECTORY, capture_output=True, timeout=60)
    assert (done.stdout.decode().strip(), done.stderr) == ("[]", b"")


def test_leaves_when_told_to_by_a_client_with_the_token(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        assert daemon.post("/shutdown", {}, {"Authorization": "Bearer " + "0" * 64}).status == 401
        assert daemon.post("/shutdown", {"now": True}).status == 422
        assert daemon.post("/shutdown", {}).status == 202
        assert daemon.wait() == 0


def test_serves_without_a_token_when_started_by_hand(tmp_path: Path) -> None:
    with running_daemon(tmp_path, token=None) as daemon:
        health = daemon.request("GET", "/health", headers={"X-Ktx-Nonce": NONCE})
        assert health.json()["instance"] is None
        assert "x-ktx-proof" not in health.headers
        assert daemon.post("/sql/parse-table-identifier", {"items": []}).json() == {"results": {}}
