"""A server of the same contract in Python, over the same MinIO and MariaDB: what a team would
write with grpc.aio, the vendor's S3 client and a connection pool. The bench measures beside it.

It keeps the contract where clients see it (the quota is one conditional update, a download streams,
and ends OK only when its SHA-256 is that of the upload) and does without what Satchel adds: no
leases, no clean-up after a crash. With --unchecked it does without hashes, too.

    python_server.py --address 127.0.0.1:PORT --s3 HOST:PORT --bucket NAME --database DSN-JSON
"""

import argparse
import asyncio
import datetime
import hashlib
import io
import json
import os
import pathlib
import sys
import uuid

import aiomysql
import grpc
import urllib3
from minio import Minio

PROTO = pathlib.Path(__file__).resolve().parent.parent / "proto"
CHUNK_BYTES = 256 * 1024
DATABASE_CONNECTIONS = 16
STORE_THREADS = 16
QUOTA_BYTES = 1 << 40

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS document (
        id CHAR(36) PRIMARY KEY, user_id VARCHAR(128) NOT NULL, category VARCHAR(128) NOT NULL,
        filename VARCHAR(255) NOT NULL, path VARCHAR(534) NOT NULL UNIQUE, size BIGINT NOT NULL,
        mime_type VARCHAR(255) NOT NULL, created_at DATETIME(3) NOT NULL, sha256 CHAR(64) NULL,
        INDEX (user_id, created_at)) CHARACTER SET utf8mb4""",
    """CREATE TABLE IF NOT EXISTS usage_counter (
        user_id VARCHAR(128) PRIMARY KEY, file_count INT NOT NULL, total_bytes BIGINT NOT NULL,
        updated_at DATETIME(3) NOT NULL) CHARACTER SET utf8mb4""",
)


class DocumentService:
    """The calls that the bench makes."""

    def __init__(self, messages, store, bucket, pool, checked):
        self.messages = messages
        self.store = store
        self.bucket = bucket
        self.pool = pool
        self.checked = checked

    async def upload(self, requests, context):
        first = await anext(aiter(requests))
        metadata = first.metadata
        content = bytearray()
        async for request in requests:
            content += request.chunk
        if len(content) != metadata.size:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "size differs")
        now = datetime.datetime.now(datetime.timezone.utc)
        path = (f"documents/{metadata.user_id}/{metadata.category}/{now:%Y-%m-%d}/"
                f"{metadata.filename}")
        await self._charge(metadata.user_id, metadata.size, context)
        sha256 = await asyncio.to_thread(self._put, path, content, metadata.mime_type)
        document_id = str(uuid.uuid4())
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(
                "INSERT INTO document VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (document_id, metadata.user_id, metadata.category, metadata.filename, path,
                 metadata.size, metadata.mime_type, now.replace(tzinfo=None), sha256))
            await connection.commit()
        return self.messages.UploadDocumentResponse(
            document_id=document_id, path=path, size=metadata.size, status="COMPLETED")

    def _put(self, path, content, mime_type):
        """Stores an object; returns its SHA-256. Blocks."""
        sha256 = hashlib.sha256(content).hexdigest() if self.checked else None
        self.store.put_object(self.bucket, path, io.BytesIO(content), len(content), mime_type)
        return sha256

    async def _charge(self, user, size, context):
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(
                "INSERT IGNORE INTO usage_counter VALUES (%s, 0, 0, UTC_TIMESTAMP(3))", (user,))
            changed = await cursor.execute(
                "UPDATE usage_counter SET file_count = file_count + 1,"
                " total_bytes = total_bytes + %s, updated_at = UTC_TIMESTAMP(3)"
                " WHERE user_id = %s AND total_bytes + %s <= %s", (size, user, size, QUOTA_BYTES))
            await connection.commit()
        if changed != 1:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "over quota")

    async def download(self, request, context):
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(
                "SELECT path, filename, mime_type, size, sha256 FROM document"
                " WHERE id = %s AND user_id = %s", (request.document_id, request.user_id))
            row = await cursor.fetchone()
            await connection.commit()
        if row is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such document")
        path, filename, mime_type, size, sha256 = row
        yield self.messages.DownloadDocumentResponse(info=self.messages.DocumentInfo(
            document_id=request.document_id, filename=filename, mime_type=mime_type, size=size))
        response = await asyncio.to_thread(self.store.get_object, self.bucket, path)
        digest = hashlib.sha256()

        def read():
            content = response.read(CHUNK_BYTES)
            if self.checked:
                digest.update(content)
            return content

        try:
            while chunk := await asyncio.to_thread(read):
                yield self.messages.DownloadDocumentResponse(chunk=chunk)
        finally:
            response.close()
            response.release_conn()
        if self.checked and digest.hexdigest() != sha256:
            await context.abort(grpc.StatusCode.DATA_LOSS, "the stored document is damaged")

    async def usage(self, request, _context):
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(
                "SELECT file_count, total_bytes, updated_at FROM usage_counter WHERE user_id = %s",
                (request.user_id,))
            row = await cursor.fetchone()
            await connection.commit()
        files, stored, updated = row or (0, 0, None)
        return self.messages.GetUsageStatsResponse(
            usage=self.messages.UsageStats(
                user_id=request.user_id, file_count=files, total_bytes=stored,
                last_updated=f"{updated.isoformat(timespec='milliseconds')}Z" if updated else ""),
            quota=self.messages.QuotaInfo(
                quota_limit=QUOTA_BYTES, quota_used=stored,
                quota_remaining=max(0, QUOTA_BYTES - stored),
                quota_percentage=100 * stored / QUOTA_BYTES))


def handlers(messages, service):
    """The service's methods by name; the rest of the contract is not needed here."""
    return grpc.method_handlers_generic_handler("document.DocumentService", {
        "UploadDocument": grpc.stream_unary_rpc_method_handler(
            service.upload, messages.UploadDocumentRequest.FromString,
            messages.UploadDocumentResponse.SerializeToString),
        "DownloadDocument": grpc.unary_stream_rpc_method_handler(
            service.download, messages.DownloadDocumentRequest.FromString,
            messages.DownloadDocumentResponse.SerializeToString),
        "GetUsageStats": grpc.unary_unary_rpc_method_handler(
            service.usage, messages.GetUsageStatsRequest.FromString,
            messages.GetUsageStatsResponse.SerializeToString),
    })


async def serve(arguments, messages):
    database = json.loads(arguments.database)
    pool = await aiomysql.create_pool(minsize=1, maxsize=DATABASE_CONNECTIONS, **database)
    async with pool.acquire() as connection, connection.cursor() as cursor:
        for statement in SCHEMA:
            await cursor.execute(statement)
    store = Minio(arguments.s3, os.environ["S3_ACCESS_KEY"], os.environ["S3_SECRET_KEY"],
                  secure=False, http_client=urllib3.PoolManager(maxsize=STORE_THREADS))
    if not store.bucket_exists(arguments.bucket):
        store.make_bucket(arguments.bucket)
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 4 << 20)])
    service = DocumentService(messages, store, arguments.bucket, pool, not arguments.unchecked)
    server.add_generic_rpc_handlers((handlers(messages, service),))
    server.add_insecure_port(arguments.address)
    await server.start()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (2, 15):  # SIGINT, SIGTERM
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop(1)
    pool.close()
    await pool.wait_closed()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True)
    parser.add_argument("--s3", required=True)
    parser.add_argument("--bucket", default="python-server")
    parser.add_argument("--unchecked", action="store_true", help="without SHA-256")
    parser.add_argument("--database", required=True, help="aiomysql's arguments, as JSON")
    arguments = parser.parse_args()
    sys.path.insert(0, str(PROTO))
    asyncio.run(serve(arguments, grpc.protos("document/document_service.proto")))


if __name__ == "__main__":
    main()
