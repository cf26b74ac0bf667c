"""A client of Satchel: upload with progress, list all pages, download with a checksum.

    python documents.py [--server HOST:PORT] [--user USER] upload FILE | list | download ID FILE
"""

import argparse
import hashlib
import os
import pathlib
import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from document import document_service_pb2 as api
from document import document_service_pb2_grpc

CHUNK_BYTES = 256 * 1024
# mimetypes.guess_type() knows the newer ones on some machines only.
MIME_TYPES = {
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".txt": "text/plain",
}
TRIES_MAX = 5
CALL_SECONDS = 600
EXIT_QUOTA = 3


class Problem(Exception):
    """An error of the server as its details tell it; `reason` is empty when nobody answered."""

    def __init__(self, error: grpc.RpcError):
        super().__init__(error.details())
        self.code, self.reason, self.metadata, self.retry_seconds = error.code(), "", {}, None
        self.holder = ""
        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
            resource = error_details_pb2.ResourceInfo()
            if detail.Unpack(info):
                self.reason, self.metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(retry):
                self.retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
            elif detail.Unpack(resource):
                self.holder = resource.resource_name

    def delay(self, failures: int):
        """Seconds to wait before another try; None when another try would not help."""
        if self.retry_seconds is not None:
            return self.retry_seconds
        if self.code == grpc.StatusCode.UNAVAILABLE and not self.reason:
            return min(0.1 * 2 ** failures, 5)
        return None


def with_retries(call):
    """The result of `call`, tried again while the server says, by RetryInfo, that it may help."""
    for failures in range(1, TRIES_MAX + 1):
        try:
            return call()
        except grpc.RpcError as error:
            problem = Problem(error)
            delay = problem.delay(failures)
            if delay is None or failures == TRIES_MAX:
                raise problem from error
            print(f"{problem.reason or problem.code.name}: again in {delay:.1f} s",
                  file=sys.stderr)
            time.sleep(delay)


def show_progress(done: int, total: int) -> None:
    print(f"\r{100 * done // total:3} %", end="" if done < total else "\n", file=sys.stderr)


class Documents:
    """The documents of one user."""

    def __init__(self, server: str, user: str):
        self._stub = document_service_pb2_grpc.DocumentServiceStub(grpc.insecure_channel(server))
        self._user = user

    def upload(self, path: pathlib.Path, category: str) -> str:
        """Stores a file; returns the document's id."""
        with path.open("rb") as file:  # A file that cannot be read is no call's problem.
            size = os.fstat(file.fileno()).st_size
        metadata = api.DocumentMetadata(
            user_id=self._user, category=category, filename=path.name, size=size,
            mime_type=MIME_TYPES.get(path.suffix.lower(), "application/octet-stream"))
        tries = 0

        def messages():
            yield api.UploadDocumentRequest(metadata=metadata)
            done = 0
            with path.open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield api.UploadDocumentRequest(chunk=chunk)
                    done += len(chunk)
                    show_progress(done, metadata.size)

        def once():
            nonlocal tries
            tries += 1
            return self._stub.UploadDocument(messages(), timeout=CALL_SECONDS).document_id

        try:
            return with_retries(once)
        except Problem as problem:
            # The answer to an earlier try was lost, but the try had succeeded.
            if (tries > 1 and problem.reason == "DOCUMENT_ALREADY_EXISTS"
                    and problem.metadata.get("status") == "COMPLETED"):
                return problem.holder
            raise

    def list_all(self):
        """Every document, newest first, however many pages that takes."""
        request = api.ListDocumentsRequest(user_id=self._user, page_size=100)
        while True:
            page = with_retries(lambda: self._stub.ListDocuments(request, timeout=30))
            yield from page.documents
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def download(self, document_id: str, path: pathlib.Path) -> str:
        """Writes a document to `path`, which appears only when it is whole; returns its SHA-256."""
        digest, done = hashlib.sha256(), 0
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:

            def rest():
                # A broken download goes on where it broke.
                nonlocal done
                request = api.DownloadDocumentRequest(
                    user_id=self._user, document_id=document_id, offset=done)
                total = 0
                for message in self._stub.DownloadDocument(request, timeout=CALL_SECONDS):
                    if message.HasField("info"):
                        total = message.info.size
                        continue
                    file.write(message.chunk)
                    digest.update(message.chunk)
                    done += len(message.chunk)
                    show_progress(done, total)

            try:
                with_retries(rest)
                os.replace(partial, path)
            except BaseException:
                partial.unlink()
                raise
        return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="localhost:50051")
    parser.add_argument("--user", default="ada")
    commands = parser.add_subparsers(dest="command", required=True)
    upload = commands.add_parser("upload")
    upload.add_argument("file", type=pathlib.Path)
    upload.add_argument("--category", default="general")
    commands.add_parser("list")
    download = commands.add_parser("download")
    download.add_argument("id")
    download.add_argument("file", type=pathlib.Path)
    arguments = parser.parse_args()
    documents = Documents(arguments.server, arguments.user)
    try:
        if arguments.command == "upload":
            print(documents.upload(arguments.file, arguments.category))
        elif arguments.command == "download":
            print(documents.download(arguments.id, arguments.file))
        else:
            for document in documents.list_all():
                print(document.document_id, document.size, document.filename, sep="\t")
    except Problem as problem:
        if problem.reason == "QUOTA_EXCEEDED":
            print("over quota: {used} of {limit} bytes are used, {requested} more were asked for"
                  .format_map(problem.metadata), file=sys.stderr)
            return EXIT_QUOTA
        print(f"{problem.reason or problem.code.name}: {problem}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
