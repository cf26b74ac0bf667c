"""Real S3 servers: MinIO, and versitygw, so that nothing is used that only MinIO has."""

import datetime
import os
import pathlib

import boto3
import botocore.client
import requests

from harness.back_end_process import BackEndProcess
from harness.locations import back_end_program
from harness.ports import free_port

ACCESS_KEY = "satchel-tests"
SECRET_KEY = "not-a-secret-of-anyone"
REGION = "us-east-1"
ESTABLISHED = "01"  # in /proc/net/tcp


class ObjectServer(BackEndProcess):
    """An S3 server; `pair` (a certificate and its key) makes it speak TLS."""

    def __init__(self, directory: pathlib.Path, pair=None, ca: pathlib.Path | None = None):
        super().__init__(directory)
        self.port = free_port()
        self.pair = pair
        self.ca = ca
        self.data = directory / "data"
        self.data.mkdir(exist_ok=True)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.pair else 'http'}://{self.endpoint}"

    def settings(self) -> dict:
        """What makes a server under test use this one."""
        settings = {"MINIO_ENDPOINT": self.endpoint, "MINIO_ACCESS_KEY": ACCESS_KEY,
                    "MINIO_SECRET_KEY": SECRET_KEY}
        if self.pair:
            settings |= {"MINIO_SECURE": "true", "MINIO_CA": str(self.ca)}
        return settings

    def client(self, access_key=ACCESS_KEY, secret_key=SECRET_KEY, endpoint_url=None):
        return boto3.client(
            "s3", endpoint_url=endpoint_url or self.url, region_name=REGION,
            aws_access_key_id=access_key, aws_secret_access_key=secret_key,
            verify=str(self.ca) if self.ca else None,
            config=botocore.client.Config(signature_version="s3v4",
                                          s3={"addressing_style": "path"},
                                          retries={"max_attempts": 3}, connect_timeout=5,
                                          read_timeout=60))

    def stalled_connections(self) -> int:
        """How many it holds open whose client does not take what it sends."""
        rows = [line.split() for line in
                pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        # 0100007F:2328 …, state, bytes to be sent:bytes to be received, all hexadecimal
        return sum(int(row[1].split(":")[1], 16) == self.port and row[3] == ESTABLISHED
                   and int(row[4].split(":")[0], 16) > 0 for row in rows)

    def _answers_on(self, path: str) -> bool:
        try:
            return requests.get(self.url + path, timeout=5,
                                verify=str(self.ca) if self.ca else None).status_code == 200
        except requests.RequestException:
            return False


class MinioServer(ObjectServer):
    def __init__(self, directory, pair=None, ca=None, data=None):
        super().__init__(directory, pair, ca)
        self.data = data or self.data
        self._console_port = free_port()
        self._certificates = directory / "certificates"
        self._certificates.mkdir(exist_ok=True)
        if pair:
            (self._certificates / "public.crt").write_bytes(pair.certificate)
            (self._certificates / "private.key").write_bytes(pair.key)

    def command(self) -> list:
        return [back_end_program("minio"), "server", self.data, "--quiet",
                "--address", self.endpoint, "--console-address", f"127.0.0.1:{self._console_port}",
                "--certs-dir", self._certificates]

    def environment(self) -> dict:
        return {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY,
                "MINIO_SITE_REGION": REGION,
                "MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "MINIO_CALLHOME_ENABLE": "off"}

    def answers(self) -> bool:
        return self._answers_on("/minio/health/live")

    def put_aged(self, bucket: str, key: str, data: bytes, age: datetime.timedelta) -> None:
        """Stores an object that was last changed that long ago."""
        then = datetime.datetime.now(datetime.timezone.utc) - age
        client = self.client()

        def add_time(request, **_):
            request.headers["X-Minio-Source-Mtime"] = then.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        client.meta.events.register("before-sign.s3.PutObject", add_time)
        client.put_object(Bucket=bucket, Key=key, Body=data)


class VersitygwServer(ObjectServer):
    """Objects are files, versions files in a folder beside them, or else there are none."""

    def __init__(self, directory, pair=None, ca=None, keeps_versions=True):
        super().__init__(directory, pair, ca)
        self._versions = []
        if keeps_versions:
            folder = directory / "versions"
            folder.mkdir(exist_ok=True)
            self._versions = ["--versioning-dir", folder]

    def command(self) -> list:
        tls = []
        if self.pair:
            certificate, key = self.pair.write(self.directory, "server")
            tls = ["--cert", certificate, "--key", key]
        return [back_end_program("versitygw"), "--port", self.endpoint, "--region", REGION,
                "--health", "/health", "--quiet", *tls,
                "posix", *self._versions, self.data]

    def environment(self) -> dict:
        return {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}

    def answers(self) -> bool:
        return self._answers_on("/health")

    def put_aged(self, bucket: str, key: str, data: bytes, age: datetime.timedelta) -> None:
        """Stores an object that was last changed that long ago."""
        self.client().put_object(Bucket=bucket, Key=key, Body=data)
        then = datetime.datetime.now().timestamp() - age.total_seconds()
        os.utime(self.data / bucket / key, (then, then))
