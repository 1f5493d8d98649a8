#!/usr/bin/env python3
"""The command-line door: `python migrate.py upgrade`."""

import sys

try:
    from sst.cli import leave, main
except ModuleNotFoundError as error:
    if (error.name or "sst").partition(".")[0] == "sst":
        raise
    print(  # noqa: T201 - the command line that would print it needs that package
        f"The package {error.name!r} is not installed.\n"
        f"  why:  this is {sys.executable}, not the project's environment\n"
        "  next: `make install`, then `. .venv/bin/activate`, or `.venv/bin/python migrate.py`",
        file=sys.stderr,
    )
    raise SystemExit(2) from None

if __name__ == "__main__":
    leave(main())
