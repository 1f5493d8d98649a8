"""What reading a setting costs: `settings.app.page_size`, and an attribute of a slots dataclass.

Each is a statement of `timeit`, read in turn in one process, its loop included as it is in every
program; what counts is the ratio of the medians. The aim of the project is 8 at most.

    python -m bench.settings [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import timeit
from dataclasses import dataclass

from app.settings import settings

READS = 200_000
WAYS = {
    "slots dataclass": "plain.page_size",
    "settings.app.page_size": "settings.app.page_size",
    "settings.debug": "settings.debug",
    "settings.migrate.lock_wait": "settings.migrate.lock_wait",
}


@dataclass(frozen=True, slots=True)
class Plain:
    """The cheapest frozen object of Python with an attribute."""

    page_size: int = 50


def measure(rounds: int) -> dict[str, float]:
    """Return nanoseconds of one read, by way: the median of *rounds*."""
    names = {"plain": Plain(), "settings": settings}
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, code in WAYS.items():
            seconds = timeit.timeit(code, globals=names, number=READS)
            found[way].append(seconds / READS * 1e9)
    return {way: statistics.median(times) for way, times in found.items()}


def main() -> None:
    """Print each way with its nanoseconds and its ratio to the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    found = measure(parser.parse_args().rounds)
    base = found["slots dataclass"]
    for way, nanoseconds in found.items():
        sys.stdout.write(f"{way:28} {nanoseconds:6.1f} ns {nanoseconds / base:5.1f}\n")


if __name__ == "__main__":
    main()
