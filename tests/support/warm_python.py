"""An interpreter that has its imports done: a program that a test starts is forked, not started.

It stands where `sys.executable` does, also for the program itself and for what that starts in
turn. Signals, exit code, files, folder and variables are those of a process; its number is not,
and `kill -9` does not reach it. With options of Python, such as `-c`, it is Python.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

LIBRARIES = (
    *("alembic.command", "click", "dynaconf.loaders.toml_loader", "packaging.version", "pluggy"),
    *("psycopg2.extras", "pydantic", "sqlalchemy.dialects.postgresql.psycopg2"),
)
"""What every command imports, and nothing of the product: a copy of it has its own."""
_LONGEST = 2**20
# With neither site-packages nor variables it starts in a twentieth of the time of the product.
_PROGRAM = """#!{python} -IS
import json, os, signal, socket, sys
words = sys.argv[1:]
if not words or words[0].startswith("-"):
    os.execv({python!r}, [{python!r}, *words])
asked = [words, os.getcwd(), dict(os.environ)]
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect({address!r})
early = []
forward = lambda number: early.append(number)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, frame: forward(number))
socket.send_fds(connection, [json.dumps(asked).encode()], [0, 1, 2])
process = int(connection.recv(100))
forward = lambda number: os.kill(process, number)
for number in early:
    os.kill(process, number)
code = int(connection.recv(100))
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


@cache
def warm_python(*modules: str, path: str = "") -> str:
    """Return the path of an interpreter that has imported *modules*, with *path* to find them.

    It ends with this process.
    """
    folder = Path(tempfile.mkdtemp(prefix="sst-warm-"))
    address, program = folder / "forks", folder / "python"
    program.write_text(_PROGRAM.format(python=sys.executable, address=str(address)))
    program.chmod(0o755)
    words = [sys.executable, "-P", __file__, str(address), str(program), *modules]
    variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        words,
        env=variables | {"PYTHONPATH": path},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline(), "the warmed interpreter did not start"
    atexit.register(_end, process, folder, os.getpid())
    return str(program)


def _end(process: subprocess.Popen[bytes], folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and no fork of it
        process.communicate(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def serve(address: str, program: str, *modules: str) -> None:
    """Fork for everybody who asks at *address*, until stdin ends."""
    for module in modules:
        import_module(module)
    gc.freeze()  # a collection in a fork would go through all of it
    sys.executable = program
    waiting: list[int] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(100)
        os.write(1, b"it listens\n")
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            waiting = [each for each in waiting if os.waitpid(each, os.WNOHANG) == (0, 0)]
            waiting.append(os.fork())
            if waiting[-1] == 0:
                listener.close()
                _attend(connection)
            connection.close()


def _attend(connection: socket.socket) -> None:
    """Run what *connection* asks for in a fork; tell its number, then how it has ended."""
    asked, files, _, _ = socket.recv_fds(connection, _LONGEST, 3)
    process = os.fork()
    if process == 0:
        connection.close()
        os._exit(_run(files, *json.loads(asked)))
    connection.send(str(process).encode())
    _, status = os.waitpid(process, 0)
    connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(files: list[int], words: list[str], folder: str, environ: dict[str, str]) -> int:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    tempfile.tempdir = None
    sys.argv[:] = words
    beside = str(Path(words[0]).resolve().parent)
    sys.path[:0] = [beside, *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    code = _exit_code(words[0])
    atexit._run_exitfuncs()
    sys.stdout.flush()
    return code


def _exit_code(file: str) -> int:
    try:
        runpy.run_path(file, run_name="__main__")
    except SystemExit as end:
        said: Any = end.code
        if isinstance(said, str):
            sys.stderr.write(f"{said}\n")
        return said if isinstance(said, int) else int(said is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    serve(*sys.argv[1:])
