"""Masks secrets in the daemon's output: error messages and log lines."""

import json
import re
from collections.abc import Iterator
from typing import Any

MASK = "***"

SECRET_KEYS = frozenset({"url", "password", "token", "api_key", "apikey", "auth_header"})
"""Members of a request whose values are secrets, in any letter case and at any depth."""

SHORTEST_SECRET = 4
"""Shorter pieces are left alone: masking every `a` of a message hides the message, not the secret."""

_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s\"'<>]+@")
_ASSIGNED_SECRET = re.compile(
    r"(?i)(\b\w*(?:password|passwd|pwd|token)|\bapi_?key|\bauth_header|\bauthorization)"
    rf"(\"?\s*[=:]\s*)({_QUOTED}|(?:Bearer\s+)?[^\s,;&]+)"
)
_ASSIGNED_PASSWORD = re.compile(rf"(?i)\b(?:ssl)?password\s*=\s*({_QUOTED}|[^\s&]+)")
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")


def redact(text: str) -> str:
    """Mask what looks like a credential: `user:password@` of an URL, `password=…`, bearer tokens."""
    text = _ASSIGNED_SECRET.sub(rf"\1\2{MASK}", text)
    text = _URL_CREDENTIALS.sub(f"{MASK}@", text)
    return _BEARER.sub(f"Bearer {MASK}", text)


def redact_request_secrets(text: str, body: bytes) -> str:
    """Mask in `text` what it has of the values that the request names as secrets, pieces of them included."""
    from urllib.parse import unquote

    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return text
    values = set(_secret_values(payload))
    passwords = {form for value in values for password in _passwords(value) for form in (password, unquote(password))}
    for secret in _longest_first(values | passwords):
        text = text.replace(secret, MASK)
    for secret in _longest_first(passwords):
        text = _without_pieces(text, secret)
    return text


def _longest_first(secrets: set[str]) -> list[str]:
    return sorted((secret for secret in secrets if len(secret) >= SHORTEST_SECRET), key=len, reverse=True)


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


def _passwords(value: str) -> list[str]:
    """The secret parts of a value: of a connection string its passwords, else the whole.

    A password with `@`, `/` or `?` ends where the last `@` is, whatever a parser made of it.
    """
    scheme, separator, rest = value.partition("://")
    assigned = [re.sub(r"\\(.)", r"\1", match.strip("'\"")) for match in _ASSIGNED_PASSWORD.findall(value)]
    if not separator or not scheme.isascii():
        return assigned or [value]
    authority = rest.partition("?")[0]
    if "@" not in authority and not assigned:
        authority = rest
    credentials, at, _ = authority.rpartition("@")
    return [*assigned, *([credentials.partition(":")[2]] if at else [])]


def _without_pieces(text: str, secret: str) -> str:
    """Mask every piece of the secret that is in the text, as parsers quote what they took for a host or a port."""
    kept: list[str] = []
    place = 0
    while place < len(text):
        length = SHORTEST_SECRET
        if text[place : place + length] not in secret or place + length > len(text):
            kept.append(text[place])
            place += 1
            continue
        while place + length < len(text) and text[place : place + length + 1] in secret:
            length += 1
        kept.append(MASK)
        place += length
    return "".join(kept)
