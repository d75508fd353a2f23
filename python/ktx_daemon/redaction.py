"""Taking secrets out of what the daemon says: error messages and log lines."""

import json
import re
from collections.abc import Iterator
from typing import Any

MASK = "***"

SECRET_KEYS = frozenset({"url", "password", "token", "api_key", "apikey", "auth_header"})
"""Members of a request whose values are secrets, in any letter case and at any depth."""

SHORTEST_SECRET = 4
"""Shorter values are left alone: masking every `a` of a message hides the message, not the secret."""

_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]+@")
_ASSIGNED_SECRET = re.compile(
    r"(?i)\b(password|token|api_?key|auth_header|authorization)(\"?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|(?:Bearer\s+)?[^\s,;&]+)"
)
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")


def redact(text: str) -> str:
    """Mask what looks like a credential: `user:password@` of an URL, `password=…`, bearer tokens."""
    text = _URL_CREDENTIALS.sub(f"{MASK}@", text)
    text = _ASSIGNED_SECRET.sub(rf"\1\2{MASK}", text)
    return _BEARER.sub(f"Bearer {MASK}", text)


def redact_request_secrets(text: str, body: bytes) -> str:
    """Mask in `text` the very values that the request names as secrets."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return text
    secrets = {part for value in _secret_values(payload) for part in _with_parts(value)}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _secret_values(payload: Any) -> Iterator[str]:
    pending = [payload]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key.lower() in SECRET_KEYS and isinstance(value, str):
                    yield value
                else:
                    pending.append(value)
        elif isinstance(node, list):
            pending.extend(node)


def _with_parts(secret: str) -> Iterator[str]:
    """Yield a secret and, of a connection string, the password as written and as decoded."""
    from urllib.parse import unquote

    yield from (part for part in (secret, unquote(secret)) if len(part) >= SHORTEST_SECRET)
    credentials = re.search(r"://([^/?#]*)@", secret)
    assigned = re.search(r"(?i)password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]+)", secret)
    found = [credentials.group(1).partition(":")[2]] if credentials else []
    found += [assigned.group(1).strip("'")] if assigned else []
    yield from (part for password in found for part in (password, unquote(password)) if len(part) >= SHORTEST_SECRET)
