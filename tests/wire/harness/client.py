"""Thin helpers over the generated stub; every error comes out as a `Failure`."""

import contextlib
import dataclasses
import queue

import grpc

from harness.documents import mime_type_of
from harness.failures import failure_of
from harness.protocol import SERVICE, messages, services
from harness.waiting import wait_until

CHUNK_BYTES = 256 * 1024
CALL_SECONDS = 60
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 16 << 20),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    # Not a pause: how long one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 200),
)


@dataclasses.dataclass(frozen=True)
class Stored:
    """A document as the test knows it."""

    user_id: str
    document_id: str
    category: str
    filename: str
    mime_type: str
    path: str
    data: bytes


@dataclasses.dataclass
class Downloaded:
    info: object
    data: bytes
    chunk_sizes: list


@contextlib.contextmanager
def failures():
    try:
        yield
    except grpc.RpcError as error:
        raise failure_of(error) from error


def metadata_request(user_id, filename, size, category="general", mime_type=None):
    if mime_type is None:
        mime_type = mime_type_of(filename)
    return messages.UploadDocumentRequest(metadata=messages.DocumentMetadata(
        user_id=user_id, category=category, filename=filename, mime_type=mime_type, size=size))


def chunk_request(data: bytes):
    return messages.UploadDocumentRequest(chunk=data)


def chunks_of(data: bytes, chunk_bytes: int = CHUNK_BYTES):
    for start in range(0, len(data), chunk_bytes):
        yield chunk_request(data[start:start + chunk_bytes])


class UploadStream:
    """An upload under the test's control: it stays open until the test closes or cancels it."""

    _END = object()

    def __init__(self, channel, timeout=CALL_SECONDS, raw=False):
        self._requests = queue.Queue()
        method = channel.stream_unary(
            SERVICE + "UploadDocument",
            request_serializer=(lambda data: data) if raw
            else messages.UploadDocumentRequest.SerializeToString,
            response_deserializer=messages.UploadDocumentResponse.FromString)
        self._call = method.future(self._feed(), timeout=timeout)

    def _feed(self):
        while (request := self._requests.get()) is not self._END:
            yield request

    def send(self, *requests) -> "UploadStream":
        for request in requests:
            self._requests.put(request)
        return self

    def close(self) -> "UploadStream":
        self._requests.put(self._END)
        return self

    def result(self, seconds=CALL_SECONDS):
        """The server's answer; waits for it without ending the client's side."""
        try:
            with failures():
                return self._call.result(timeout=seconds)
        finally:
            self._requests.put(self._END)

    def done(self) -> bool:
        return self._call.done()

    def cancel(self) -> None:
        self._call.cancel()
        self._requests.put(self._END)


class Client:
    """One channel to one server. Safe to share between threads."""

    def __init__(self, address: str, credentials=None, options=()):
        self.options = [*CHANNEL_OPTIONS, *options]
        if credentials is None:
            self.channel = grpc.insecure_channel(address, self.options)
        else:
            self.channel = grpc.secure_channel(address, credentials, self.options)
        self.stub = services.DocumentServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self.channel.close()

    def upload(self, user_id, filename, data, category="general", mime_type=None, size=None,
               chunk_bytes=CHUNK_BYTES, timeout=CALL_SECONDS):
        """The response message. The declared size is the real one unless given."""
        first = metadata_request(user_id, filename, len(data) if size is None else size, category,
                                 mime_type)

        def requests():
            yield first
            yield from chunks_of(data, chunk_bytes)
        with failures():
            return self.stub.UploadDocument(requests(), timeout=timeout)

    def store(self, user_id, filename, data, category="general", mime_type=None,
              timeout=CALL_SECONDS) -> Stored:
        """Uploads and returns what the test needs to recognise the document again."""
        answer = self.upload(user_id, filename, data, category, mime_type, timeout=timeout)
        return Stored(user_id, answer.document_id, category, filename,
                      mime_type or mime_type_of(filename), answer.path, data)

    def open_upload(self, timeout=CALL_SECONDS, raw=False) -> UploadStream:
        return UploadStream(self.channel, timeout, raw)

    def download(self, user_id, document_id, offset=0, timeout=CALL_SECONDS) -> Downloaded:
        request = messages.DownloadDocumentRequest(
            user_id=user_id, document_id=document_id, offset=offset)
        info, parts = None, []
        with failures():
            for message in self.stub.DownloadDocument(request, timeout=timeout):
                if info is None:
                    assert message.WhichOneof("data") == "info", "the info comes first"
                    info = message.info
                else:
                    assert message.WhichOneof("data") == "chunk", "after the info only chunks"
                    parts.append(message.chunk)
        assert info is not None, "a download that is OK has an info"
        return Downloaded(info, b"".join(parts), [len(part) for part in parts])

    def delete(self, user_id, document_id, timeout=CALL_SECONDS):
        with failures():
            return self.stub.DeleteDocument(messages.DeleteDocumentRequest(
                user_id=user_id, document_id=document_id), timeout=timeout)

    def list(self, user_id, category=None, date_filter=None, page_size=0, page_token="",
             timeout=CALL_SECONDS):
        with failures():
            return self.stub.ListDocuments(messages.ListDocumentsRequest(
                user_id=user_id, category=category, date_filter=date_filter, page_size=page_size,
                page_token=page_token), timeout=timeout)

    def list_all(self, user_id, category=None, date_filter=None, page_size=100) -> list:
        documents, token = [], ""
        while True:
            page = self.list(user_id, category, date_filter, page_size, token)
            documents.extend(page.documents)
            token = page.next_page_token
            if not token:
                return documents

    def url(self, user_id, document_id, expiry_minutes=None, timeout=CALL_SECONDS):
        with failures():
            return self.stub.GetDocumentUrl(messages.GetDocumentUrlRequest(
                user_id=user_id, document_id=document_id, expiry_minutes=expiry_minutes),
                timeout=timeout)

    def usage(self, user_id, timeout=CALL_SECONDS):
        with failures():
            return self.stub.GetUsageStats(
                messages.GetUsageStatsRequest(user_id=user_id), timeout=timeout)

    def used(self, user_id) -> tuple:
        """(file_count, total_bytes) of the user."""
        usage = self.usage(user_id).usage
        return usage.file_count, usage.total_bytes

    def hold_upload(self, store, user_id, filename="a.txt", size=10, data=b"abc",
                    **metadata) -> UploadStream:
        """An upload that has its name and its reservation, has sent `data`, and stays open."""
        stream = self.open_upload().send(metadata_request(user_id, filename, size, **metadata))
        if data:
            stream.send(chunk_request(data))
        wait_until(lambda: store.pending_rows(user_id, filename) == 1, 30,
                   f"{filename!r} is reserved")
        return stream
