"""A Slurm of one node with two pretended GPUs on this machine, for as long as a block runs.

Needs root. Debian: ``apt-get install slurm-wlm munge slurmdbd mariadb-server
slurm-wlm-mysql-plugin``. The configuration lies where Slurm looks by itself, since the executor
plug-in removes SLURM_CONF from a job's environment; what was there is put back. Everything else
lies in one folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

PROGRAMS = {
    "munged": "munge",
    "slurmctld": "slurm-wlm",
    "slurmd": "slurm-wlm",
    "slurmdbd": "slurmdbd",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
}
PLUGIN = "accounting_storage_mysql.so"
CONFIGURATION = Path("/etc/slurm")
PATIENCE = 60.0
"""Seconds in which a daemon must answer, or end."""

SLURM_CONF = """\
ClusterName=lift
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={accounts}
AccountingStoragePass={folder}/munge.socket
JobAcctGatherType=jobacct_gather/linux
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={megabytes} Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
GRES_CONF = """\
Name=gpu File=/dev/null
Name=gpu File=/dev/zero
"""
SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={accounts}
SlurmUser=root
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct
"""


def missing() -> str:
    """What keeps a Slurm from being started here, in one line; nothing where it can be."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    lacking = {p: package for p, package in PROGRAMS.items() if not shutil.which(p, path=path)}
    if not list(Path("/usr/lib").glob(f"*/slurm*/{PLUGIN}")):
        lacking[PLUGIN] = "slurm-wlm-mysql-plugin"
    if lacking:
        packages = " ".join(dict.fromkeys(lacking.values()))
        return f"not installed: {', '.join(lacking)}; expected: apt-get install {packages}"
    if os.geteuid():
        return f"user {os.geteuid()}; expected root, because {CONFIGURATION} is written"
    running = [p.name() for p in psutil.process_iter() if p.name() in ("slurmctld", "slurmd")]
    return f"{running[0]} runs on this machine already; expected none" if running else ""


@contextmanager
def one_node(folder: Path) -> Iterator[None]:
    """Starts munge, MariaDB, the accounting, the controller and a node; ends them all afterwards.

    Args:
        folder: one that everybody may enter, as munge wants it.

    Raises:
        RuntimeError: a daemon does not answer; its log is named.
    """
    for name in ("state", "spool", "database"):
        (folder / name).mkdir(parents=True)
    names = ("controller", "node", "accounts", "database")
    values = {
        "folder": folder,
        "host": socket.gethostname().split(".")[0],
        "password": secrets.token_hex(8),
        "cpus": os.cpu_count() or 1,
        "megabytes": int(psutil.virtual_memory().total / 2**20 * 0.9),
        **dict(zip(names, free_ports(len(names)), strict=True)),
    }
    with ExitStack() as stack:
        files = {"slurm.conf": SLURM_CONF, "slurmdbd.conf": SLURMDBD_CONF, "gres.conf": GRES_CONF}
        written = {name: text.format(**values) for name, text in files.items()}
        stack.enter_context(configured(written))

        def start(command: Sequence[str], answers: Callable[[], bool]) -> None:
            stack.enter_context(daemon(command, folder, answers))

        start(munge(folder), (folder / "munge.socket").exists)
        start(database(folder, values), lambda: listens(values["database"]))
        start(["slurmdbd", "-D"], lambda: listens(values["accounts"]))
        for words in (
            "add cluster lift",
            "add account lift Description=tests Organization=tests",
            "add user root Account=lift",
        ):
            run(["sacctmgr", "-i", *words.split()], accepted=(0, 1))  # 1: the controller will do it
        start(["slurmctld", "-D"], lambda: says(["scontrol", "ping"], "is UP"))
        start(["slurmd", "-D"], lambda: says(["sinfo", "-h", "-o", "%T"], "idle"))
        try:
            yield
        finally:
            end_jobs()


def end_jobs() -> None:
    """Cancels every job and waits until none is left: jobs outlive the daemons."""
    run(["scancel", "--user=root"])
    until = time.monotonic() + PATIENCE
    while run(["squeue", "-h"]).strip() and time.monotonic() < until:
        time.sleep(0.5)


def munge(folder: Path) -> list[str]:
    """The command of a munge with a key of its own."""
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    files = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{name}={folder}/munge.{suffix}" for name, suffix in files.items()]
    return ["munged", "--foreground", f"--key-file={key}", *options]


def database(folder: Path, values: dict[str, object]) -> list[str]:
    """The command of a MariaDB with a new, empty folder, and a user for the accounting."""
    data = folder / "database"
    shutil.chown(data, "mysql", "mysql")
    options = ["--no-defaults", f"--datadir={data}", "--user=mysql"]
    run(["mariadb-install-db", *options, "--auth-root-authentication-method=normal"])
    first = data / "first.sql"
    first.write_text(
        "CREATE DATABASE slurm_acct;\n"
        f"CREATE USER slurm@'127.0.0.1' IDENTIFIED BY '{values['password']}';\n"
        "GRANT ALL ON slurm_acct.* TO slurm@'127.0.0.1';\n",
        encoding="utf-8",
    )
    shutil.chown(first, "mysql", "mysql")
    network = ["--bind-address=127.0.0.1", f"--port={values['database']}", "--skip-name-resolve"]
    files = [f"--socket={data}/socket", f"--pid-file={data}/pid", f"--init-file={first}"]
    return ["mariadbd", *options, *network, *files]


@contextmanager
def configured(written: Mapping[str, str]) -> Iterator[None]:
    """Writes Slurm's files by their names; puts back what was there."""
    CONFIGURATION.mkdir(exist_ok=True)
    kept = {CONFIGURATION / name: CONFIGURATION / f"{name}.kept-by-lift" for name in written}
    for path, aside in kept.items():
        if path.exists():
            path.rename(aside)
    try:
        for name, text in written.items():
            path = CONFIGURATION / name
            path.touch(mode=0o600 if name == "slurmdbd.conf" else 0o644)
            path.write_text(text, encoding="utf-8")
        yield
    finally:
        for path, aside in kept.items():
            path.unlink(missing_ok=True)
            if aside.exists():
                aside.rename(path)


@contextmanager
def daemon(command: Sequence[str], folder: Path, answers: Callable[[], bool]) -> Iterator[None]:
    """A daemon in the foreground of its own session, until the block ends."""
    log = folder / f"{command[0]}.out"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=variables(), stdout=output, stderr=output, start_new_session=True
        )
    print(f"started {command[0]}, process {process.pid}", flush=True)
    try:
        until = time.monotonic() + PATIENCE
        while not answers():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} does not answer; its logs are in {folder}")
            time.sleep(0.3)
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        print(f"stopped {command[0]}", flush=True)


def variables() -> dict[str, str]:
    """An environment that finds daemons, and no other Slurm's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    return {**kept, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}


def run(command: Sequence[str], accepted: Sequence[int] = (0,)) -> str:
    """Output of a command.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run(
        command, env=variables(), capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode not in accepted:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def says(command: Sequence[str], words: str) -> bool:
    """Whether a command's output holds some words; one that fails says nothing."""
    try:
        return words in run(command)
    except RuntimeError:
        return False


def listens(port: object) -> bool:
    """Whether somebody answers at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(str(port)))) == 0


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens at now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


if __name__ == "__main__":
    sys.exit(missing())
