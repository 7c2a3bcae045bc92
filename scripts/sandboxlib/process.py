"""Starting, watching and stopping processes: everything here is held by its pid, nothing by its name."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class SandboxError(Exception):
    """Something a person can read and act on; shown without a traceback."""


def say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # the terminal may be gone while servers are being stopped
        print(f"sandbox: {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    """A loopback port that was free a moment ago; whoever loses the race for it tries again (`started`)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_account() -> dict:
    """How to run what refuses root: arguments of subprocess, empty for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise SandboxError("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` here")


def dies_with_parent(sig: int) -> Callable[[], None]:
    """For preexec_fn: the kernel sends `sig` to the child when this process dies, even by SIGKILL."""
    parent = os.getpid()

    def prepare() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
            if os.getppid() != parent:  # it died before prctl
                os._exit(1)

    return prepare


def detached(sig: int = signal.SIGTERM) -> dict:
    """Arguments of subprocess for all but the user's command: out of reach of Ctrl-C, but dying with us."""
    return {"start_new_session": True, "preexec_fn": dies_with_parent(sig), "stdin": subprocess.DEVNULL}


def step(what: str, argv: list, **options) -> str:
    """Runs a short command to its end and gives its output; a failure tells what the command said."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **{**detached(), **options})
    if done.returncode != 0:
        raise SandboxError(f"{what} failed (exit {done.returncode}):\n{_indent(done.stdout)}")
    return done.stdout


def _indent(text: str, lines: int = 25) -> str:
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-lines:]) or "    (no output)"


class Server:
    """One server process of a run."""

    def __init__(self, name: str, argv: list, log: Path, stop_signal: int = signal.SIGTERM, **options):
        self.name, self.log, self.stop_signal = name, log, stop_signal
        self.leaves: list[Path] = []  # files outside the folder of the run that it does not remove itself
        with open(log, "wb") as out:
            self.process = subprocess.Popen([str(a) for a in argv], stdout=out, stderr=subprocess.STDOUT,
                                            **{**detached(stop_signal), **options})

    def log_tail(self) -> str:
        return f"its log ends with:\n{_indent(self.log.read_text(errors='replace'))}"

    def wait_ready(self, probe: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not probe():
            code = self.process.poll()
            if code is not None:
                raise SandboxError(f"{self.name} ended while starting (exit {code}); {self.log_tail()}")
            if time.monotonic() > deadline:
                raise SandboxError(f"{self.name} was not ready after {seconds:.0f} s; {self.log_tail()}")
            time.sleep(0.03)

    def stop(self, seconds: float = 15) -> None:
        self._end(seconds)
        for path in self.leaves:
            path.unlink(missing_ok=True)

    def _end(self, seconds: float) -> None:
        if self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            say(f"{self.name} did not stop within {seconds:.0f} s: killing pid {self.process.pid}")
            self.process.kill()
            self.process.wait()


class Starting:
    """A server on its way up, on free ports of its own.

    Between finding a port and taking it somebody else may take it, so a lost race is run again. The
    server is in `servers` as soon as it lives, so that it is stopped whatever happens next.
    """

    def __init__(self, servers: list[Server], start: Callable[..., Server], probe: Callable[[int], bool], ports: int = 1):
        self.servers, self.start, self.probe, self.count = servers, start, probe, ports
        self._begin()

    def _begin(self) -> None:
        self.ports = [free_port() for _ in range(self.count)]
        self.server = self.start(*self.ports)
        self.servers.append(self.server)

    def ready(self, seconds: float = 30) -> int:
        """Waits until it answers; gives its first port."""
        for attempt in (1, 2, 3):
            try:
                self.server.wait_ready(lambda: self.probe(self.ports[0]), seconds)
                break
            except SandboxError as error:
                self.server.stop()
                self.servers.remove(self.server)
                if attempt == 3 or "in use" not in str(error):
                    raise
                self._begin()
        return self.ports[0]


def started(servers: list[Server], start: Callable[[int], Server], probe: Callable[[int], bool]) -> int:
    """Starts a server on a free port and waits for it; gives the port."""
    return Starting(servers, start, probe).ready()
