"""Runs programs in forks of one process that has imported the libraries already.

Importing torch, its compiler, diffusers and matplotlib takes four to eight seconds of a core: in
the demo, a fourth of its time. A server imports them once, and none of this project's modules, so
that a job runs the code that is on disk when it starts. Linux on the CPU only: a CUDA context does
not survive a fork.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

FOLDER = "LIFT_FORK_SERVER"
"""Environment variable: the folder of the servers' sockets, each named by its number of threads."""
LIBRARIES = (
    "torch._dynamo",
    "diffusers.schedulers",
    "fvcore.nn",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "pandas",
    "scipy.ndimage",
    "scipy.spatial",
    "skimage.measure",
    "skimage.metrics",
    "sklearn.linear_model",
    "sklearn.preprocessing",
)
REQUEST_BYTES = 2**20


def start(environment: dict[str, str], threads: int) -> None:
    """Starts a server that this process's children find, and that ends with this process.

    Args:
        environment: what must stand before the libraries load: threads, memory.
        threads: for programs of that many.
    """
    folder = Path(tempfile.mkdtemp(prefix="lift-fork-server-"))
    # Bound here, so that a program that comes before the libraries are there waits for them.
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(folder / str(threads)))
        listener.listen(1024)
        handle = listener.fileno()
        program = [
            sys.executable,
            "-m",
            "benchmarks.workflow.fork_server",
            str(handle),
            str(os.getpid()),
        ]
        subprocess.Popen(program, env=environment, pass_fds=[handle])
    os.environ[FOLDER] = str(folder)


def run(
    command: Sequence[str], output: TextIO, environment: dict[str, str], threads: int
) -> int | None:
    """Has a server run ``python -m MODULE ...``.

    Returns:
        the exit code, negative where a signal ended the program (as of ``subprocess``); None where
        no server runs such a program.
    """
    python, flag, *program = command
    if (python, flag) != (sys.executable, "-m") or FOLDER not in os.environ:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        request = json.dumps([program, os.getcwd(), environment]).encode()
        try:
            connection.connect(str(Path(os.environ[FOLDER], str(threads))))
            socket.send_fds(connection, [request], [output.fileno()])
            code = connection.recv(REQUEST_BYTES)
        except OSError:  # no server, or it ended before it had read the request
            return None
        return int(code or -signal.SIGKILL)


def serve(listener: socket.socket, parent: int) -> tuple[bytes, int] | None:
    """Forks for every request, until the parent has ended.

    Returns:
        in a child its request and output, in the server None.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while os.getppid() == parent:
            for key, _ in selector.select(timeout=1):
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    request, handles, _, _ = socket.recv_fds(connection, REQUEST_BYTES, 1)
                    if not handles:  # whoever asked was killed before the request was out
                        connection.close()
                        continue
                    (output,) = handles
                    child = os.fork()
                    if not child:
                        return request, output
                    os.close(output)
                    ended = os.pidfd_open(child)
                    selector.register(ended, selectors.EVENT_READ, (child, connection))
                else:
                    child, connection = key.data
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                    with connection, contextlib.suppress(BrokenPipeError):
                        connection.send(str(code).encode())
    return None


def become(request: bytes, output: int) -> None:
    """Runs the requested program in this process, as the interpreter would."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    os.close(output)
    program, directory, environment = json.loads(request)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(program)
    runpy.run_module(program[0], run_name="__main__", alter_sys=True)


def main() -> None:
    """Command line: the listening socket's number, and the process to end with."""
    handle, parent = (int(argument) for argument in sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # a collection in a child would copy every page that it looks at
    with socket.socket(fileno=handle) as listener:
        accepted = serve(listener, parent)
        folder = Path(listener.getsockname()).parent
    if accepted:
        become(*accepted)
    else:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
