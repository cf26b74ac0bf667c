"""What a non-OK status of Satchel's carries, decoded and held against the contract."""

import contextlib

import grpc
from google.rpc import error_details_pb2, status_pb2

from harness.protocol import messages

DOMAIN = "document.satchel"
STATUS_BYTES_MAX = 4096
ECHOED_BYTES_MAX = 128
DETAILS_KEY = "grpc-status-details-bin"


class Failure(Exception):
    """A call that ended with an error.

    `code` is the name of the gRPC code. Everything else comes out of grpc-status-details-bin and
    is empty where that is absent: gRPC itself made such a status.
    """

    def __init__(self, code: str, message: str, raw_status: bytes):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.raw_status = raw_status
        self.status = status_pb2.Status.FromString(raw_status)
        self.info = self._only(error_details_pb2.ErrorInfo)
        self.error_details = self._only(messages.ErrorDetails)
        self.bad_request = self._only(error_details_pb2.BadRequest)
        self.quota_failure = self._only(error_details_pb2.QuotaFailure)
        self.resource_info = self._only(error_details_pb2.ResourceInfo)
        self.retry_info = self._only(error_details_pb2.RetryInfo)
        self.validation_errors = self._all(messages.ValidationError)

    def _all(self, kind) -> list:
        found = []
        for packed in self.status.details:
            if packed.Is(kind.DESCRIPTOR):
                message = kind()
                packed.Unpack(message)
                found.append(message)
        return found

    def _only(self, kind):
        found = self._all(kind)
        assert len(found) <= 1, f"{kind.DESCRIPTOR.full_name} twice in one status"
        return found[0] if found else None

    @property
    def reason(self) -> str:
        return self.info.reason if self.info else ""

    @property
    def metadata(self) -> dict:
        return dict(self.info.metadata) if self.info else {}

    @property
    def fields(self) -> list:
        """Names of the fields that BadRequest complains about."""
        return [violation.field for violation in self.bad_request.field_violations]

    def assert_well_formed(self) -> None:
        """The rules that hold for every error that Satchel's own code makes."""
        assert self.raw_status, f"no {DETAILS_KEY} on {self}"
        assert len(self.raw_status) < STATUS_BYTES_MAX
        assert self.status.code == getattr(grpc.StatusCode, self.code).value[0]
        assert self.status.message == self.message
        assert self.info is not None and self.info.domain == DOMAIN
        assert self.error_details is not None
        assert self.error_details.error_code == self.info.reason
        assert self.error_details.error_message
        assert dict(self.error_details.details) == self.metadata
        for value in self.metadata.values():
            assert len(value.encode()) <= ECHOED_BYTES_MAX
        for error in self.validation_errors:
            assert len(error.rejected_value.encode()) <= ECHOED_BYTES_MAX
        if self.bad_request is not None:
            assert self.fields == [error.field for error in self.validation_errors]
        if self.resource_info is not None:
            assert self.resource_info.resource_type == "document"
        if self.retry_info is not None:
            delay = self.retry_info.retry_delay
            assert delay.seconds > 0 or delay.nanos > 0


def failure_of(error: grpc.RpcError) -> Failure:
    metadata = dict(error.trailing_metadata() or ())
    return Failure(error.code().name, error.details() or "", metadata.get(DETAILS_KEY, b""))


class Refusal:
    """Filled in by `refused` when its block has failed as it should."""

    failure: Failure = None

    def __getattr__(self, name):
        return getattr(self.failure, name)


@contextlib.contextmanager
def refused(code: str, reason: str):
    """Expects the block to fail with this code and reason, well formed; yields the failure."""
    refusal = Refusal()
    try:
        yield refusal
    except Failure as failure:
        refusal.failure = failure
    if refusal.failure is None:
        raise AssertionError(f"expected {code} {reason}, the call was OK")
    assert (refusal.failure.code, refusal.failure.reason) == (code, reason), str(refusal.failure)
    refusal.failure.assert_well_formed()
