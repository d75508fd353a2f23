"""ClickHouse's HTTP interface in front of chdb: run with an interpreter that has chdb and a folder for its data.

Parameters are settings, the body is the statement: https://clickhouse.com/docs/interfaces/http. Every request is a
session of its own. Prints its address once it listens. Two things are its own: that there is one user, `default`
without a password, and how a statement is found by its id, which chdb cannot be told.
"""

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import chdb

_NOT_SETTINGS = {"database", "query", "query_id", "wait_end_of_query", "client_protocol_version", "session_id"}
_KILL = re.compile(r"KILL QUERY WHERE query_id = '([^']+)'")
_CODE = re.compile(r"Code: (\d+)\.")
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*\Z", re.IGNORECASE)


class Front(BaseHTTPRequestHandler):
    """One request, one session of the engine."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Run the statement with its settings."""
        parameters = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        statement = f"{parameters.get('query', '')}\n{body}".strip()
        if self.headers.get("Authorization") != "Basic ZGVmYXVsdDo=":
            self._answer(403, b"Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)", "516")
            return
        try:
            self._answer(200, self._run(statement, parameters))
        except Exception as error:
            text = str(error)
            code = _CODE.search(text)
            self._answer(500, text.encode(errors="replace"), code[1] if code else "1002")

    def _run(self, statement: str, parameters: dict[str, str]) -> bytes:
        session = chdb.connect(folder)
        try:
            if (database := parameters.get("database")) is not None:
                session.query(f"USE `{database}`")
            settings = [f"{name} = '{value}'" for name, value in parameters.items() if name not in _NOT_SETTINGS]
            if settings:
                session.query(f"SET {', '.join(settings)}")
            if (query_id := parameters.get("query_id")) is not None:
                statement = f"/* id:{query_id} */ {statement}"
            killed = _KILL.search(statement)
            if killed is not None:
                statement = statement.replace(killed[0], f"KILL QUERY WHERE query LIKE '/* id:{killed[1]} */%'")
            chosen = _FORMAT.search(statement)
            # chdb takes the format as an argument.
            if chosen is not None:
                statement = statement[: chosen.start()]
            return session.query(statement, chosen[1] if chosen else "TabSeparated").bytes()
        finally:
            session.close()

    def _answer(self, status: int, body: bytes, code: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing about requests."""


if __name__ == "__main__":
    folder = sys.argv[1]
    # The engine ends with its last session.
    kept = chdb.connect(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    sys.stdout.write(f"127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
