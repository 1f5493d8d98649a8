#!/usr/bin/env python3
"""The command-line door of this repository: `python migrate.py upgrade`."""

from pathlib import Path

from sst.door import enter

if __name__ == "__main__":
    enter("python migrate.py", Path(__file__).resolve().parent)
