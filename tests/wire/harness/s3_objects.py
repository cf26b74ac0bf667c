"""Objects as versions in a bucket of an S3 server."""

import datetime
import itertools
import os
import uuid

from harness.object_servers import ObjectServer
from harness.sides import ObjectSide

# Every document's key begins with it; what else is in the bucket is the store's own.
PREFIX = "documents/"
GONE = ("NoSuchKey", "NoSuchVersion")
_numbers = itertools.count(1)


class S3Objects(ObjectSide):
    """A bucket of its own, which the server under test makes at its first start."""

    def __init__(self, server: ObjectServer):
        self.server = server
        self.bucket = f"satchel-{os.getpid()}-{next(_numbers)}"
        self._client = server.client()

    def environment(self) -> dict:
        return {**self.server.settings(), "MINIO_BUCKET": self.bucket}

    def versions(self) -> list:
        """Every version of every document's key, without delete markers."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=PREFIX)
        return [version for page in pages for version in page.get("Versions", ())]

    def read(self, key: str, version: str) -> bytes:
        return self._client.get_object(Bucket=self.bucket, Key=key,
                                       VersionId=version)["Body"].read()

    def replace(self, version, stored, data) -> str:
        """A version cannot be changed: another one takes its place."""
        assert self.read(stored.path, version) == stored.data
        added = self._client.put_object(Bucket=self.bucket, Key=stored.path, Body=data)
        self.remove(version, stored)
        return added["VersionId"]

    def remove(self, version, stored) -> None:
        self.remove_version(stored.path, version)

    def remove_version(self, key: str, version: str) -> None:
        self._client.delete_object(Bucket=self.bucket, Key=key, VersionId=version)

    def pending_multipart_uploads(self, key: str) -> int:
        """MinIO lists them by exact key only."""
        return len(self._client.list_multipart_uploads(Bucket=self.bucket, Prefix=key)
                   .get("Uploads", ()))

    def holds(self, data) -> bool:
        return any(self._is(version, data)
                   for version in self.versions() if version["Size"] == len(data))

    def _is(self, version, data: bytes) -> bool:
        """False also for a version that was removed since it was listed."""
        try:
            return self.read(version["Key"], version["VersionId"]) == data
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
            return False

    def count(self) -> int:
        return len(self.versions())

    def add_orphan(self, age) -> None:
        day = (datetime.datetime.now(datetime.timezone.utc) - age).date()
        key = f"{PREFIX}nobody/general/{day}/{uuid.uuid4().hex}.txt"
        self.server.put_aged(self.bucket, key, b"nobody knows these bytes", age)
