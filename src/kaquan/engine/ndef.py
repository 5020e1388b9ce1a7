"""NDEF messages (NFC Forum NDEF 1.0, RTD URI 1.0, RTD Text 1.0) for tags and member cards.

Only short and whole records: a tag holds a link and perhaps a line of text. Reading bears any
bytes and says what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

URI_PREFIXES = (
    "", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:",
    "ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://", "ftp://",
    "dav://", "news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:", "sips:", "tftp:",
    "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://", "file://", "urn:epc:id:",
    "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:", "urn:nfc:",
)  # fmt: skip
WELL_KNOWN, MEDIA, EXTERNAL = 0x01, 0x02, 0x04
CARD_TYPE = b"kaquan.example:card"
"""The external type of a reusable member card; `wallet.member_cards` says what it holds."""
PAYLOAD_MAX = 4_096
_BEGIN, _END, _CHUNK, _SHORT, _WITH_ID = 0x80, 0x40, 0x20, 0x10, 0x08


class Record(Struct, frozen=True):
    """One record of a message."""

    form: int
    type: bytes
    payload: bytes
    id: bytes = b""


def uri_record(uri: str) -> Record:
    """A link, shortened by the longest prefix that the standard has a byte for."""
    number = max(
        (number for number, prefix in enumerate(URI_PREFIXES) if uri.startswith(prefix)),
        key=lambda number: len(URI_PREFIXES[number]),
    )
    rest = uri[len(URI_PREFIXES[number]) :]
    return Record(WELL_KNOWN, b"U", bytes([number]) + rest.encode())


def text_record(text: str, language: str) -> Record:
    """A line of text in UTF-8; ``language`` such as ``zh``."""
    code = language.encode("ascii")
    if not 0 < len(code) < 64:
        raise ValueError("the language code must have 1 to 63 characters")
    return Record(WELL_KNOWN, b"T", bytes([len(code)]) + code + text.encode())


def card_record(text: str) -> Record:
    """A member card."""
    return Record(EXTERNAL, CARD_TYPE, text.encode())


def encode(records: Sequence[Record]) -> bytes:
    """The message's bytes; ``ValueError`` for none or for one that is too long."""
    if not records:
        raise ValueError("a message has at least one record")
    parts = []
    for place, record in enumerate(records):
        if len(record.payload) > PAYLOAD_MAX or max(len(record.type), len(record.id)) > 255:
            raise ValueError("the record is too long")
        short = len(record.payload) < 256
        flags = record.form | (_BEGIN if place == 0 else 0)
        flags |= _END if place == len(records) - 1 else 0
        flags |= (_SHORT if short else 0) | (_WITH_ID if record.id else 0)
        head = bytes([flags, len(record.type)]) + len(record.payload).to_bytes(1 if short else 4)
        head += bytes([len(record.id)]) if record.id else b""
        parts.append(head + record.type + record.id + record.payload)
    return b"".join(parts)


def decode(message: bytes) -> list[Record]:
    """The records; ``ValueError`` says what is wrong, and for chunks that they are not taken."""
    records: list[Record] = []
    at = 0
    ended = False
    while at < len(message):
        flags = message[at]
        if ended or bool(flags & _BEGIN) != (not records):
            raise ValueError("the message begins or ends in a wrong place")
        if flags & _CHUNK:
            raise ValueError("records in chunks are not taken")
        record, at = _record(message, at, flags)
        records.append(record)
        ended = bool(flags & _END)
    if not ended:
        raise ValueError("the message has no end")
    return records


def uri_of(record: Record) -> str:
    """The link of a record; ``ValueError`` where it is none."""
    if (record.form, record.type) != (WELL_KNOWN, b"U") or not record.payload:
        raise ValueError("the record is no link")
    if record.payload[0] >= len(URI_PREFIXES):
        raise ValueError("the link's prefix is reserved")
    return URI_PREFIXES[record.payload[0]] + record.payload[1:].decode()


def text_of(record: Record) -> tuple[str, str]:
    """The text and its language; ``ValueError`` where it is none."""
    if (record.form, record.type) != (WELL_KNOWN, b"T") or not record.payload:
        raise ValueError("the record is no text")
    status = record.payload[0]
    length = status & 0x3F
    if status & 0x40 or len(record.payload) < 1 + length:
        raise ValueError("the text's head is broken")
    encoding = "utf-16" if status & 0x80 else "utf-8"
    language = record.payload[1 : 1 + length].decode("ascii")
    return record.payload[1 + length :].decode(encoding), language


def card_of(record: Record) -> str:
    """What a member card says; ``ValueError`` where it is none."""
    if (record.form, record.type) != (EXTERNAL, CARD_TYPE):
        raise ValueError("the record is no member card")
    return record.payload.decode()


def _record(message: bytes, at: int, flags: int) -> tuple[Record, int]:
    size_bytes = 1 if flags & _SHORT else 4
    has_id = bool(flags & _WITH_ID)
    head_end = at + 2 + size_bytes + has_id
    if head_end > len(message):
        raise ValueError("the message is cut off")
    type_length = message[at + 1]
    payload_length = int.from_bytes(message[at + 2 : at + 2 + size_bytes])
    id_length = message[head_end - 1] if has_id else 0
    if payload_length > PAYLOAD_MAX:
        raise ValueError("the record is too long")
    id_at = head_end + type_length
    payload_at = id_at + id_length
    end = payload_at + payload_length
    if end > len(message):
        raise ValueError("the message is cut off")
    record = Record(
        flags & 0x07, message[head_end:id_at], message[payload_at:end], message[id_at:payload_at]
    )
    return record, end
