"""`python -m deploy.walk`: walk the deployment guide; exit 0, 1 when a step failed, 2 refused."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from deploy.walk import images
from deploy.walk.checkout import ROOT, Checkout
from deploy.walk.engine import OwnEngine, require_alone
from deploy.walk.page import Page
from deploy.walk.parts import PARTS
from deploy.walk.parts.next_major import walk_next_major
from deploy.walk.requirements import (
    Refusal,
    require_own_engine,
    require_running_engine,
    take_folder,
)
from deploy.walk.running_engine import RunningEngine
from deploy.walk.shell import PreparationError, Shell
from deploy.walk.tally import Tally
from deploy.walk.walk import Walk

PAGE = ROOT / "docs/operators/deployment.md"
# No other variable: what a shell has exported for other work would reach the containers.
_KEPT = ("PATH", "HOME", "LANG", "SUDO_UID", "SSL_CERT_FILE")
_KEPT_FAMILIES = ("DOCKER_", "http_proxy", "https_proxy", "no_proxy")
# On an engine of somebody's own: images of a registry of their own.
_OF_COMPOSE = ("SST_", "POSTGRES_MAJOR")
_QUIET = {"COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "quiet", "BUILDKIT_PROGRESS": "plain"}


def main() -> int:
    """Walk as the command line says; return the exit code."""
    options = _options()
    os.umask(0o022)
    try:
        engine = _own_engine(options) if options.engine == "own" else _running_engine(options)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _walk(engine)
    except PreparationError as error:
        print(f"The walk could not be prepared.\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_IGN)
        if options.keep:
            _tell_how_to_go_on(engine)
        else:
            engine.remove()


def _own_engine(options: argparse.Namespace) -> OwnEngine:
    require_own_engine()
    require_alone(options.folder)
    return OwnEngine(take_folder(options.folder), _environment(_KEPT_FAMILIES))


def _running_engine(options: argparse.Namespace) -> RunningEngine:
    require_running_engine()
    variables = _environment((*_KEPT_FAMILIES, *_OF_COMPOSE))
    return RunningEngine(take_folder(options.folder), variables)


def _walk(engine: OwnEngine | RunningEngine) -> int:
    """Start the *engine*, walk all parts on it, and return the exit code."""
    begun = time.monotonic()
    tally = Tally(sys.stdout)
    engine.start()
    environment = dict(engine.environment)
    rewrites = {}
    parts = PARTS
    if isinstance(engine, OwnEngine):
        environment |= images.make_stand_ins(
            Shell(engine.folder, environment, engine.inside), engine.folder
        )
        parts += (walk_next_major,)
    else:
        rewrites = engine.rewrites
    checkout = Checkout(engine.folder)
    tally.note(f"walked: {checkout.make(Shell(engine.folder, environment))}")
    shell = Shell(checkout.operators, environment, engine.inside)
    walk = Walk(shell, tally, Page(PAGE.read_text(encoding="utf-8")), checkout, rewrites)
    walk.output("docker compose --profile '*' down --volumes")  # of a walk that was kept
    for part in parts:
        try:
            part(walk)
        except PreparationError as error:
            walk.tally.record(f"{part.__name__} can go on", str(error))
    minutes, seconds = divmod(int(time.monotonic() - begun), 60)
    print(f"in {minutes} min {seconds} s")
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.walk", description=__doc__)
    parser.add_argument(
        "--engine",
        choices=("own", "mine"),
        default="own",
        help="own: one is started, as root, on Debian; mine: the one that `docker` reaches",
    )
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    parser.add_argument(
        "--folder", type=Path, help="where all of it goes; one that was kept is used again"
    )
    return parser.parse_args()


def _environment(families: tuple[str, ...]) -> dict[str, str]:
    """Return the variables of this process that a command of the walk gets."""
    return _QUIET | {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(families)
    }


def _tell_how_to_go_on(engine: OwnEngine | RunningEngine) -> None:
    into = " ".join(engine.inside)
    host = engine.environment.get("DOCKER_HOST")
    print(f"kept in {engine.folder}; the next walk: make walk FOLDER={engine.folder}")
    if host:
        print(f"its engine: DOCKER_HOST={host}; its ports: {into} curl ...")


if __name__ == "__main__":
    sys.exit(main())
