"""The PostgreSQL of a run: a new cluster, the sample database and the accounts that use it."""

from __future__ import annotations

import os
import secrets
import signal
import time
from pathlib import Path

from . import install, process
from .process import SandboxError, say, step

SAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "quickstart" / "shop.sql"
CONFIGURATION = """
listen_addresses = '127.0.0.1'
max_connections = 60
timezone = 'UTC'
log_timezone = 'UTC'
fsync = off                  # a sandbox is never read again after a crash
synchronous_commit = off
full_page_writes = off
max_wal_size = '2GB'
"""
ROLES_AND_DATABASE = """
CREATE ROLE shop_owner NOLOGIN;
CREATE ROLE shop_backup LOGIN PASSWORD :'backup_password';
GRANT pg_read_all_data TO shop_backup;
CREATE DATABASE shop OWNER shop_owner;
"""


def start(run: Path, servers: list[process.Server], sample: bool) -> dict[str, str]:
    """Starts it, fills it and gives the variables that lead to it."""
    bin_ = install.postgres_bin()
    account = process.server_account()
    password, backup_password = secrets.token_hex(16), secrets.token_hex(16)
    folder = run / "pg"  # short: the path of the socket may have some 100 bytes
    data, pwfile = folder / "data", folder / "password"
    folder.mkdir(mode=0o755)
    pwfile.write_text(password)
    pwfile.chmod(0o600)
    if account:
        for path in (folder, pwfile):
            os.chown(path, account["user"], account["group"])
    quiet = {"cwd": folder, "env": {"PATH": f"{bin_}:{os.environ.get('PATH', '')}", "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}}
    step("initdb", [bin_ / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", pwfile,
                    "-E", "UTF8", "--locale=C", "--no-sync"], **account, **quiet)
    pwfile.unlink()
    with open(data / "postgresql.conf", "a") as file:
        file.write(f"{CONFIGURATION}unix_socket_directories = '{folder}'\n")

    def psql(port: int, database: str, *arguments, **variables) -> list:
        quiet["env"].update(PGPASSWORD=password, PGCONNECT_TIMEOUT="5")
        settings = [f"--set={name}={value}" for name, value in variables.items()]
        return [bin_ / "psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", database,
                "-v", "ON_ERROR_STOP=1", *settings, *arguments]

    def answers(port: int) -> bool:
        try:
            step("psql", psql(port, "postgres", "-c", "SELECT 1"), **quiet)
            return True
        except SandboxError:
            return False

    # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for the clients to leave.
    port = process.started(servers, lambda port: process.Server(
        "PostgreSQL", [bin_ / "postgres", "-D", data, "-p", port], run / "postgres.log", signal.SIGINT, **account, **quiet), answers)
    version = ".".join(str(n) for n in install.postgres_version(bin_))
    say(f"PostgreSQL {version} on 127.0.0.1:{port}")

    # By standard input, for a command line can be read by everybody on the machine.
    roles = run / "roles.sql"
    roles.write_text(f"\\set backup_password '{backup_password}'\n{ROLES_AND_DATABASE}")
    roles.chmod(0o600)
    with open(roles) as script:
        step("making the database", psql(port, "postgres"), **{**quiet, "stdin": script})
    roles.unlink()
    if sample:
        begun = time.monotonic()
        step(f"loading {SAMPLE.name}", psql(port, "shop", "-f", SAMPLE), **quiet)
        say(f"database shop filled from examples/quickstart/{SAMPLE.name} in {time.monotonic() - begun:.1f} s")
    return {
        "PGBIN": str(bin_),
        "SHOP_DATABASE_URL": f"postgresql://shop_backup:{backup_password}@127.0.0.1:{port}/shop",
        "LIFEBOAT_TEST_PG_ADMIN_URL": f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres",
    }
