"""`wizard` and `python -m wizard`."""

import sys

from wizard.ctrl_c import STOPPED, end, leaving_at_once


def main() -> int:
    """Run `wizard` and return its exit code; once stopped, leave, as a thread may still be at work."""
    with leaving_at_once():
        from wizard.cli import main as run
    code = run()
    if code == STOPPED:
        end(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
