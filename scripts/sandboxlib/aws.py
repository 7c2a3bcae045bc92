"""The AWS of a run: ministack, which checks signatures and policies, and the identities that use it."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import os
import secrets
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import install, process
from .process import SandboxError, say

REGION = "eu-west-1"
ACCOUNT = "000000000000"
CONTROL_BUCKET = "shop-dr-control"
ROLES = {"writer": "shop-backup-writer", "keeper": "shop-keeper", "restorer": "shop-restorer"}

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never ask a proxy for the loopback


def _allow(resource: str | list[str], *actions: str) -> dict:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


# What each user may do; `lifeboat plan` runs as planner, `apply` as applier, and the jobs that take,
# keep and restore backups as job, which may do nothing but take on the roles that lifeboat makes.
USERS = {
    "planner": [
        _allow("*", "s3:GetBucket*", "s3:GetLifecycleConfiguration", "s3:GetEncryptionConfiguration", "s3:ListBucket", "iam:GetRole", "iam:GetRolePolicy", "iam:ListRoles",
               "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:GetOpenIDConnectProvider", "iam:ListInstanceProfilesForRole",
               "s3:GetReplicationConfiguration", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "sts:GetCallerIdentity"),
        _allow(["arn:aws:s3:::*/manifest.json", f"arn:aws:s3:::{CONTROL_BUCKET}/evidence/*", f"arn:aws:s3:::{CONTROL_BUCKET}/control/*"],
               "s3:GetObject"),  # manifests, never data
        _allow("arn:aws:s3:::*/manifest.json", "s3:GetObjectTagging"),
    ],
    "applier": [
        _allow("*", "s3:CreateBucket", "s3:ListAllMyBuckets", "s3:GetBucket*", "s3:PutBucket*", "s3:DeleteBucketPolicy",
               "s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration",
               "s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration",
               "s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"),
        _allow("arn:aws:s3:::shop-*", "s3:ListBucket"),
        _allow("arn:aws:s3:::*/manifest.json", "s3:GetObjectTagging"),
        # Evidence of its own, and the lock and journal of applies. A conditional PUT reads too; nothing of it needs a DELETE.
        _allow([f"arn:aws:s3:::{CONTROL_BUCKET}/evidence/*", f"arn:aws:s3:::{CONTROL_BUCKET}/control/*"], "s3:GetObject", "s3:PutObject"),
        # AWS checks the first name; ministack 1.5.33 leaves out the path of a role when it checks iam:*.
        _allow([f"arn:aws:iam::{ACCOUNT}:role/lifeboat/*", f"arn:aws:iam::{ACCOUNT}:role/shop-*"], "iam:CreateRole", "iam:UpdateRole", "iam:DeleteRole",
               "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole",
               "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
        _allow("*", "iam:Get*", "iam:List*", "sts:GetCallerIdentity"),
    ],
    # Who one is, AWS tells everybody.
    "job": [_allow(f"arn:aws:iam::{ACCOUNT}:role/lifeboat/*", "sts:AssumeRole"), _allow("*", "sts:GetCallerIdentity")],
}


class Client:
    """Just enough of AWS to set the stage: requests signed with Signature Version 4."""

    def __init__(self, endpoint: str, key: str, secret: str, token: str | None = None):
        self.endpoint, self.key, self.secret, self.token = endpoint, key, secret, token

    def iam(self, action: str, **parameters: str) -> ElementTree.Element:
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **parameters})
        return ElementTree.fromstring(self._send("iam", "us-east-1", "POST", "/", "", form.encode(), "application/x-www-form-urlencoded"))

    def s3_put(self, path: str, query: str, body: str) -> None:
        self._send("s3", REGION, "PUT", path, query, body.encode(), "application/xml")

    def s3(self, method: str, path: str, query: str = "", body: bytes = b"") -> tuple[int, bytes]:
        """One S3 request whose refusal is an answer too: status and body."""
        return self._request("s3", REGION, method, path, query, body, "application/xml")

    def assume(self, role: str, session: str) -> "Client":
        """The same endpoint with the credentials of a role."""
        form = urllib.parse.urlencode({"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": session})
        answer = ElementTree.fromstring(self._send("sts", REGION, "POST", "/", "", form.encode(), "application/x-www-form-urlencoded"))
        found = [answer.findtext(f".//{{*}}{name}") for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        return Client(self.endpoint, *found)

    def _send(self, service: str, region: str, method: str, path: str, query: str, body: bytes, kind: str) -> bytes:
        status, answer = self._request(service, region, method, path, query, body, kind)
        if status >= 300:
            raise SandboxError(f"ministack refused {service} {method} {path}?{query}: HTTP {status} {answer.decode(errors='replace')}")
        return answer

    def _request(self, service: str, region: str, method: str, path: str, query: str, body: bytes, kind: str) -> tuple[int, bytes]:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        host = urllib.parse.urlsplit(self.endpoint).netloc
        headers = {"content-type": kind, "host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
        if self.token:
            headers["x-amz-security-token"] = self.token
        names = ";".join(sorted(headers))
        canonical = "\n".join([method, path, query, *(f"{n}:{headers[n]}" for n in sorted(headers)), "", names, digest])
        scope = f"{now[:8]}/{region}/{service}/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, Signature={signature}"
        url = self.endpoint + path + (f"?{query}" if query else "")
        try:
            with _direct.open(urllib.request.Request(url, body, headers, method=method), timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            raise SandboxError(f"ministack did not answer {service} {method} {url}: {error}") from error

    def new_user(self, name: str, statements: list[dict]) -> tuple[str, str]:
        """Makes a user with one inline policy; gives its access key."""
        self.iam("CreateUser", UserName=name)
        self.iam("PutUserPolicy", UserName=name, PolicyName="sandbox",
                 PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
        answer = self.iam("CreateAccessKey", UserName=name)
        return answer.findtext(".//{*}AccessKeyId"), answer.findtext(".//{*}SecretAccessKey")


def start(run: Path, servers: list[process.Server]) -> dict[str, str]:
    """Starts it, makes users and the control bucket and gives the variables that lead to them."""
    python = install.ministack_python()
    root = ("ROOT" + secrets.token_hex(8).upper(), secrets.token_hex(20))
    folder = run / "aws"
    for part in (folder, folder / "state", folder / "s3", folder / "tmp"):
        part.mkdir(mode=0o700)

    def server(port: int) -> process.Server:
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder / "tmp"), "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1",
            "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "MINISTACK_REGION": REGION, "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "SERVICES": "s3,iam,sts,kms", "AUTH": "true", "AWS_ACCESS_KEY_ID": root[0], "AWS_SECRET_ACCESS_KEY": root[1],
            "STATE_DIR": str(folder / "state"), "S3_DATA_DIR": str(folder / "s3"),
            "DOCKER_HOST": f"unix://{folder}/none",  # it would remove containers of other ministacks
        }
        return process.Server("ministack", [python, "-m", "ministack"], run / "ministack.log", env=environment, cwd=folder)

    port = process.started(servers, server, _healthy)
    endpoint = f"http://127.0.0.1:{port}"
    say(f"ministack (S3, IAM, STS, KMS) on 127.0.0.1:{port}")
    admin = Client(endpoint, *root)
    keys = {"admin": root, **{name: admin.new_user(name, statements) for name, statements in USERS.items()}}
    admin.s3_put(f"/{CONTROL_BUCKET}", "", '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                 f"<LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>")
    admin.s3_put(f"/{CONTROL_BUCKET}", "versioning=", '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                 "<Status>Enabled</Status></VersioningConfiguration>")
    config, credentials = _profiles(folder, keys)
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "admin",
        "LIFEBOAT_TEST_JOB_ARN": f"arn:aws:iam::{ACCOUNT}:user/job",
    }


def _healthy(port: int) -> bool:
    try:
        with _direct.open(f"http://127.0.0.1:{port}/_ministack/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def _profiles(folder: Path, keys: dict[str, tuple[str, str]]) -> tuple[Path, Path]:
    """The files every AWS program reads: the users with their keys, the roles by way of job."""
    config, credentials = folder / "config", folder / "credentials"
    settings = [f"[profile {name}]\nregion = {REGION}\n" for name in keys]
    settings += [f"[profile {name}]\nregion = {REGION}\nrole_arn = arn:aws:iam::{ACCOUNT}:role/lifeboat/orders/{role}\n"
                 f"source_profile = job\nrole_session_name = lifeboat-{name}\n" for name, role in ROLES.items()]
    config.write_text("\n".join(settings))
    with open(os.open(credentials, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("\n".join(f"[{n}]\naws_access_key_id = {k}\naws_secret_access_key = {s}\n" for n, (k, s) in keys.items()))
    return config, credentials
