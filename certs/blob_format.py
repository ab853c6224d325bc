"""The bytes of a certificate blob; firmware/cert_blob/cert_blob.h describes the layout."""

import dataclasses
import hashlib
import struct

CAPACITY = 16384  # of the section in the firmware: firmware/cert_blob/cert_blob_capacity.h
CHAIN_MAX = 8  # TLS_CHAIN_MAX and TLS_ANCHORS_MAX: firmware/port/tls_port.h
CAS_MAX = 8

MAGIC = b"TLSECHO\0"
VERSION = 1
HEADER = struct.Struct(">8sHHI")  # magic, version, entry_count, total_len
ENTRY_HEADER = struct.Struct(">HHI")  # type, reserved, len
HASH_LEN = 32

MADE_BYTES = struct.Struct(">Q")
MADE_MAX = 253402300799  # 9999-12-31T23:59:59Z

CA, SERVER_CERT, SERVER_KEY, CLIENT_CERT, CLIENT_KEY, MADE = range(1, 7)


class CertsError(Exception):
    """What is wrong with a blob, a firmware or a certificate, in words for the user."""


@dataclasses.dataclass
class Identity:
    """A chain (DER, leaf first) and its key (PKCS#8 DER); all empty: none. Never printed whole."""

    chain: list[bytes] = dataclasses.field(default_factory=list)
    key: bytes = dataclasses.field(default=b"", repr=False)


@dataclasses.dataclass
class Contents:
    """What a blob holds."""

    cas: list[bytes] = dataclasses.field(default_factory=list)
    server: Identity = dataclasses.field(default_factory=Identity)
    client: Identity = dataclasses.field(default_factory=Identity)
    made: int = 0  # when the blob was made, seconds since 1970; 0: it does not say


def encode(contents: Contents) -> bytes:
    entries = [(CA, der) for der in contents.cas]
    entries += [(SERVER_CERT, der) for der in contents.server.chain]
    entries += [(SERVER_KEY, contents.server.key)]
    if contents.client.chain:
        entries += [(CLIENT_CERT, der) for der in contents.client.chain]
        entries += [(CLIENT_KEY, contents.client.key)]
    if contents.made:
        entries += [(MADE, MADE_BYTES.pack(contents.made))]
    body = b"".join(ENTRY_HEADER.pack(kind, 0, len(der)) + der for kind, der in entries)
    total_len = HEADER.size + len(body) + HASH_LEN
    hashed = HEADER.pack(MAGIC, VERSION, len(entries), total_len) + body
    return hashed + hashlib.sha256(hashed).digest()


def blob_bytes(data: bytes) -> bytes:
    """The blob at the start of data without the padding behind it, its hash checked."""
    if data[: len(MAGIC)] != MAGIC:
        raise CertsError("this is not a certificate blob")
    if len(data) < HEADER.size + HASH_LEN:
        raise CertsError("the blob is cut short")
    _, version, _, total_len = HEADER.unpack_from(data)
    if version != VERSION:
        raise CertsError(f"the blob has format version {version}, this command knows {VERSION}")
    if total_len > len(data) or total_len < HEADER.size + HASH_LEN:
        raise CertsError(f"the blob is cut short: {len(data)} bytes are there, it says {total_len}")
    blob = data[:total_len]
    if hashlib.sha256(blob[:-HASH_LEN]).digest() != blob[-HASH_LEN:]:
        raise CertsError("the hash does not match: the blob is corrupt")
    return blob


def decode(blob: bytes) -> Contents:
    """Takes apart what blob_bytes gave."""
    entry_count = HEADER.unpack_from(blob)[2]
    contents = Contents()
    offset, end = HEADER.size, len(blob) - HASH_LEN
    for _ in range(entry_count):
        if end - offset < ENTRY_HEADER.size:
            raise CertsError("an entry of the blob runs over its end")
        kind, reserved, length = ENTRY_HEADER.unpack_from(blob, offset)
        offset += ENTRY_HEADER.size
        if reserved != 0 or length == 0 or length > end - offset:
            raise CertsError("an entry of the blob is malformed")
        _put(contents, kind, blob[offset : offset + length])
        offset += length
    if offset != end:
        raise CertsError("the blob has bytes behind its last entry")
    _check_complete(contents)
    return contents


def _put(contents: Contents, kind: int, der: bytes) -> None:
    lists = {
        CA: (contents.cas, CAS_MAX),
        SERVER_CERT: (contents.server.chain, CHAIN_MAX),
        CLIENT_CERT: (contents.client.chain, CHAIN_MAX),
    }
    keys = {SERVER_KEY: contents.server, CLIENT_KEY: contents.client}
    if kind in lists:
        items, limit = lists[kind]
        if len(items) == limit:
            raise CertsError(f"the blob has more than {limit} certificates of one kind")
        items.append(der)
    elif kind in keys:
        if keys[kind].key:
            raise CertsError("the blob has two keys of one kind")
        keys[kind].key = der
    elif kind == MADE:
        if contents.made or len(der) != MADE_BYTES.size:
            raise CertsError("the blob's time when it was made is malformed, or there are two")
        contents.made = MADE_BYTES.unpack(der)[0]
        if not 0 < contents.made <= MADE_MAX:
            raise CertsError("the blob's time when it was made is out of range")
    else:
        raise CertsError(f"the blob has an entry of unknown type {kind}")


def _check_complete(contents: Contents) -> None:
    if not contents.cas:
        raise CertsError("the blob has no CA certificate")
    if not contents.server.chain:
        raise CertsError("the blob has no server certificate")
    for name, identity in (("server", contents.server), ("client", contents.client)):
        if bool(identity.chain) != bool(identity.key):
            raise CertsError(f"the blob's {name} has a chain or a key without the other")
