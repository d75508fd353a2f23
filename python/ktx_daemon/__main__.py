"""The command line, `ktx-daemon <command>`: only dispatch and exit code."""

import sys


def main() -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    from ktx_daemon.endpoints import BY_COMMAND

    arguments = sys.argv[1:]
    # A one-shot command takes no flags, so the common case does not pay for importing argparse.
    if len(arguments) == 1 and (endpoint := BY_COMMAND.get(arguments[0])):
        from ktx_daemon.one_shot import run_one_shot

        return run_one_shot(endpoint, sys.stdin.buffer, sys.stdout.buffer, sys.stderr)

    from ktx_daemon.command_line import parse_arguments

    options = parse_arguments(arguments)
    from ktx_daemon.importing import imported

    code: int = imported("ktx_daemon.serve").serve(options)
    return code


if __name__ == "__main__":
    sys.exit(main())
