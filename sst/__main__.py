"""`python -m sst`: the script `sst`, by the interpreter that is meant."""

from __future__ import annotations

from sst.door import script

if __name__ == "__main__":
    script()
