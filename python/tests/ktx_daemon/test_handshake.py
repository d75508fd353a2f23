"""Start, ready file, health, proof and shutdown of a daemon as the runtime sees them."""

import hmac
import json
import stat
from pathlib import Path

from ktx_daemon.identity import Identity
from tests.ktx_daemon.daemon_process import INSTANCE, TOKEN, VERSION, running_daemon

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
