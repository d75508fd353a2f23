"""The identity of this daemon and its proof: version, instance, token, HMAC.

The proof lets a client check, before it sends a token or a payload, that the process behind a port is the
daemon that was started with this token file.
"""

import hmac
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

_TOKEN_TEXT = re.compile(rb"([0-9a-f]{64})\n")
_NONCE = re.compile(rb"[0-9a-fA-F]{32,128}")
_VERSION_LINE = re.compile(r"^Version: *(\S+)", re.MULTILINE)
_DIST_INFO = re.compile(r"kaelio_ktx-.*\.dist-info")


class TokenRefused(Exception):
    """The token file cannot be trusted; the message says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What `/health` returns and what the proof covers."""

    version: str
    package_version: str
    instance: str | None
    token: bytes | None
    """The 32 bytes of the token; None when the daemon was started by hand and needs none."""

    def accepts(self, presented: bytes) -> bool:
        """Compare a presented token (hex) with ours, in constant time."""
        return self.token is not None and hmac.compare_digest(presented, self.token.hex().encode())

    def proof(self, nonce: bytes, port: int) -> str | None:
        """Sign a client's nonce, or None when there is no token or the nonce is not 32 to 128 hex digits."""
        if self.token is None or not _NONCE.fullmatch(nonce):
            return None
        covered = (nonce.decode(), self.instance or "", str(port), self.version, self.package_version)
        return hmac.digest(self.token, "\n".join(("ktx-daemon/1", *covered)).encode(), "sha256").hex()


def read_token(path: Path) -> bytes:
    """Read the 32 bytes of a token file: 64 lower-case hex digits and a newline, private to its owner."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise TokenRefused(f"failed to read token file `{path}`: {error.strerror}") from None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise TokenRefused(f"failed to read token file `{path}`: not a regular file")
        if os.name == "posix" and (facts.st_mode & 0o077 or facts.st_uid != os.geteuid()):
            raise TokenRefused(f"failed to read token file `{path}`: others can read it; it must be yours, mode 0600")
        content = os.read(descriptor, 80)
    finally:
        os.close(descriptor)
    match = _TOKEN_TEXT.fullmatch(content)
    if match is None:
        raise TokenRefused(f"failed to read token file `{path}`: not 64 lower-case hex digits and a newline")
    return bytes.fromhex(match.group(1).decode())


def package_version() -> str:
    """Return the version of the installed distribution.

    Reads the METADATA beside the package, because importing `importlib.metadata` costs 25 ms of start-up;
    only a source checkout, which has none, goes that way.
    """
    site = Path(__file__).parent.parent
    with os.scandir(site) as entries:
        ours = [entry.path for entry in entries if _DIST_INFO.fullmatch(entry.name)]
    for directory in ours:
        headers = (Path(directory) / "METADATA").read_text(encoding="utf-8").partition("\n\n")[0]
        if version := _VERSION_LINE.search(headers):
            return version.group(1)
    from importlib import metadata

    try:
        return metadata.version("kaelio-ktx")
    except metadata.PackageNotFoundError:
        return "0.0.0"  # run from a checkout that nothing installed
