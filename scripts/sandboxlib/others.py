"""S3 as others make it, for tests of what is the same everywhere: moto and SeaweedFS.

Neither plays in quickstart. SeaweedFS runs with the flags that it has when nobody thinks about them, and they are
dangerous: a DELETE of a sub-resource that it does not know deletes the bucket with its objects, and an upload makes
a missing bucket. Tests prove that lifeboat loses nothing there.
"""

from __future__ import annotations

import json
import os
import secrets
import urllib.request
from pathlib import Path
from typing import Callable

from . import install, process
from .process import say

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never ask a proxy for the loopback


def moto(run: Path, servers: list[process.Server]) -> Callable[[], dict[str, str]]:
    """Begins to start moto; the answer waits for it and gives the variables that lead to it."""
    python, folder = install.moto_python(), _folder(run, "moto")

    def server(port: int) -> process.Server:
        return process.Server("moto", [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], run / "moto.log", cwd=folder,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8",
                                   "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}, **process.server_account())

    starting = process.Starting(servers, server, lambda port: _answers(f"http://127.0.0.1:{port}/moto-api/"))

    def ready() -> dict[str, str]:
        port = starting.ready()
        say(f"moto (S3, IAM, STS, KMS) on 127.0.0.1:{port}")
        # It takes every key; these are for this run only all the same.
        return _variables("MOTO", port, "MOTO" + secrets.token_hex(8).upper(), secrets.token_hex(20))

    return ready


def seaweedfs(run: Path, servers: list[process.Server]) -> Callable[[], dict[str, str]]:
    """Begins to start SeaweedFS; the answer waits for it and gives the variables that lead to it."""
    weed, folder = install.seaweedfs_weed(), _folder(run, "weed")
    key, secret = "WEED" + secrets.token_hex(8).upper(), secrets.token_hex(20)
    identities, account = folder / "s3.json", process.server_account()
    everything = ["Admin", "Read", "Write", "List", "Tagging"]
    identities.write_text(json.dumps({"identities": [{"name": "admin", "credentials": [{"accessKey": key, "secretKey": secret}], "actions": everything}]}))
    identities.chmod(0o600)
    if account:
        os.chown(identities, account["user"], account["group"])

    def server(s3: int, *other: int) -> process.Server:
        names = ("s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
                 "admin.port", "admin.port.grpc")
        ports = [f"-{name}={port}" for name, port in zip(names, other, strict=True)]
        # What binds beyond the loopback, calls home or takes ports of its own is off; all that concerns data is as it comes.
        quiet = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0",
                 "-s3.port.lance=0", f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"]
        weed_server = process.Server("SeaweedFS", [weed, "mini", f"-dir={folder}", f"-s3.config={identities}", f"-s3.port={s3}", *ports, *quiet],
                              run / "weed.log", cwd=folder, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}, **account)
        weed_server.leaves = [Path(f"/tmp/seaweedfs-{name.split('.')[0]}-grpc-{port}.sock") for name, port in zip(names, other) if name.endswith("grpc")]
        return weed_server

    starting = process.Starting(servers, server, lambda port: _answers(f"http://127.0.0.1:{port}/healthz"), ports=10)

    def ready() -> dict[str, str]:
        port = starting.ready()
        say(f"SeaweedFS (S3) on 127.0.0.1:{port}")
        return _variables("SEAWEEDFS", port, key, secret)

    return ready


def _folder(run: Path, name: str) -> Path:
    folder, account = run / name, process.server_account()
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account["user"], account["group"])
    return folder


def _variables(name: str, port: int, key: str, secret: str) -> dict[str, str]:
    values = {"URL": f"http://127.0.0.1:{port}", "KEY": key, "SECRET": secret}
    return {f"LIFEBOAT_TEST_{name}_{part}": value for part, value in values.items()}


def _answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
