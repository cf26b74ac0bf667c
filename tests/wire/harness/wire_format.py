"""Protobuf by hand, for what no generated class will serialize: text that is not UTF-8."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field_bytes(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def field_varint(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def metadata_frame(user_id: bytes, category: bytes, filename: bytes, mime_type: bytes,
                   size: int) -> bytes:
    """A serialized UploadDocumentRequest whose names are any bytes at all."""
    return field_bytes(1, b"".join([
        field_bytes(1, user_id), field_bytes(2, category), field_bytes(3, filename),
        field_bytes(4, mime_type), field_varint(5, size)]))


def chunk_frame(data: bytes) -> bytes:
    return field_bytes(2, data)
