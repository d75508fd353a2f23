"""Run a command in a terminal of its own, and press Ctrl-C there as soon as it has shown a text.

Usage: terminal.py TEXT COMMAND [ARGUMENT]...

Prints what the terminal showed, and exits as the command did, as a shell would report it.
"""

import os
import pty
import sys

CTRL_C = b"\x03"


def run(text: bytes, command: list[str]) -> int:
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    shown = b""
    pressed = False
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            # Linux's way to say that nobody has the terminal open any more.
            break
        if not chunk:
            break
        shown += chunk
        if not pressed and text in shown:
            os.write(terminal, CTRL_C)
            pressed = True
    _, status = os.waitpid(process, 0)
    sys.stdout.buffer.write(shown)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


sys.exit(run(sys.argv[1].encode(), sys.argv[2:]))
