"""ClientHello and ServerHello as bytes: offers what no library would, and reads what ours offers.

Wire formats: RFC 8446 section 4.1.2 and 4.2, RFC 5246 section 7.4.1.
"""

import os
import struct
from dataclasses import dataclass, field

TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = 0x0301, 0x0302, 0x0303, 0x0304
ALERT, HANDSHAKE = 21, 22
CLIENT_HELLO, SERVER_HELLO = 1, 2

TLS_1_3_SUITES = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
}
ECDSA_SUITES = {
    0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
}
RSA_SUITES = {
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}
OFFERED_SUITES = {**TLS_1_3_SUITES, **ECDSA_SUITES, **RSA_SUITES}
FALLBACK_SCSV = 0x5600
SIGNALLING_SUITES = {0x00FF, FALLBACK_SCSV}  # RFC 5746, RFC 7507: no suites at all

X25519, SECP256R1, SECP384R1 = 0x001D, 0x0017, 0x0018
OFFERED_GROUPS = {X25519, SECP256R1, SECP384R1}

EXT_SERVER_NAME, EXT_GROUPS, EXT_SIGNATURES, EXT_ALPN = 0, 10, 13, 16
EXT_POINT_FORMATS, EXT_VERSIONS, EXT_KEY_SHARE = 11, 43, 51

GOOD_SIGNATURES = (0x0403, 0x0503, 0x0804, 0x0805, 0x0401, 0x0501)
SHA1_SIGNATURES = (0x0201, 0x0203)

ALERT_NAMES = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed",
    22: "record_overflow", 30: "decompression_failure", 40: "handshake_failure",
    41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
    44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
    51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
    90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
    115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip


def _vector(data, size):
    return len(data).to_bytes(size, "big") + data


def _numbers(values):
    return b"".join(struct.pack("!H", value) for value in values)


def _extension(number, data):
    return struct.pack("!H", number) + _vector(data, 2)


def record(kind, data, version=TLS_1_0):
    return struct.pack("!BH", kind, version) + _vector(data, 2)


def client_hello(
    suites,
    versions=(),
    legacy=TLS_1_2,
    groups=(X25519, SECP256R1),
    signatures=GOOD_SIGNATURES,
    more_extensions=(),
):
    """One ClientHello in one record. versions empty: no supported_versions, as before TLS 1.3. In
    TLS 1.2 the groups are also those of the server's certificate (RFC 8422 section 5.1.1).
    more_extensions: pairs of number and content."""
    extensions = _extension(EXT_GROUPS, _vector(_numbers(groups), 2))
    extensions += _extension(EXT_POINT_FORMATS, b"\x01\x00")
    extensions += _extension(EXT_SIGNATURES, _vector(_numbers(signatures), 2))
    if versions:
        extensions += _extension(EXT_VERSIONS, _vector(_numbers(versions), 1))
        share = struct.pack("!H", X25519) + _vector(os.urandom(32), 2)
        extensions += _extension(EXT_KEY_SHARE, _vector(share, 2))
    extensions += b"".join(_extension(*more) for more in more_extensions)
    body = struct.pack("!H", legacy) + os.urandom(32)
    body += _vector(os.urandom(32), 1) + _vector(_numbers(suites), 2) + b"\x01\x00"
    body += _vector(extensions, 2)
    return record(HANDSHAKE, bytes([CLIENT_HELLO]) + _vector(body, 3))


def server_hello(suite, legacy=TLS_1_2, random=None, session_id=b"", extensions=()):
    """One ServerHello in one record; extensions: pairs of number and content."""
    body = struct.pack("!H", legacy) + (random or os.urandom(32)) + _vector(session_id, 1)
    body += struct.pack("!HB", suite, 0)
    if extensions:
        body += _vector(b"".join(_extension(*more) for more in extensions), 2)
    return record(HANDSHAKE, bytes([SERVER_HELLO]) + _vector(body, 3), TLS_1_2)


@dataclass
class Answer:
    """The first thing a server says: an alert's name, or a version, a suite and its random."""

    alert: str = ""
    version: int = 0
    suite: int = 0
    random: bytes = b""


def receive_record(sock):
    """One whole record as (kind, data); (0, b"") at the end of the stream."""
    head = _receive_exactly(sock, 5)
    if len(head) < 5:
        return 0, b""
    return head[0], _receive_exactly(sock, int.from_bytes(head[3:5], "big"))


def _receive_exactly(sock, count):
    data = b""
    while len(data) < count:
        chunk = sock.recv(count - len(data))
        if not chunk:
            break
        data += chunk
    return data


def receive_answer(sock):
    kind, data = receive_record(sock)
    if kind == ALERT:
        return Answer(alert=ALERT_NAMES.get(data[1], str(data[1])))
    if kind != HANDSHAKE or data[0] != SERVER_HELLO:
        raise ValueError(f"no answer to a ClientHello: type {kind}, {data[:8].hex()}")
    return _parse_server_hello(data[4:])


def _parse_server_hello(body):
    version = int.from_bytes(body[0:2], "big")
    at = 35 + body[34]
    suite = int.from_bytes(body[at : at + 2], "big")
    extensions = _parse_extensions(body[at + 3 :])
    if EXT_VERSIONS in extensions:
        version = int.from_bytes(extensions[EXT_VERSIONS], "big")
    return Answer(version=version, suite=suite, random=body[2:34])


def _parse_extensions(data):
    extensions = {}
    at = 2
    while at + 4 <= len(data):
        number, length = struct.unpack_from("!HH", data, at)
        extensions[number] = data[at + 4 : at + 4 + length]
        at += 4 + length
    return extensions


def _parse_numbers(data, skip):
    return [value for (value,) in struct.iter_unpack("!H", data[skip:])]


@dataclass
class Offer:
    """What a ClientHello offers."""

    suites: list
    versions: list
    groups: list
    signatures: list
    server_name: str = ""
    alpn: list = field(default_factory=list)


def parse_client_hello(data):
    """data: the handshake message, as receive_record gives it."""
    if data[0] != CLIENT_HELLO:
        raise ValueError("not a ClientHello")
    body = data[4:]
    at = 35 + body[34]
    length = int.from_bytes(body[at : at + 2], "big")
    suites = _parse_numbers(body[at + 2 : at + 2 + length], 0)
    at += 2 + length
    extensions = _parse_extensions(body[at + 1 + body[at] :])
    name = extensions.get(EXT_SERVER_NAME, b"")
    return Offer(
        suites=[suite for suite in suites if suite not in SIGNALLING_SUITES],
        versions=_parse_numbers(extensions.get(EXT_VERSIONS, b"\0"), 1),
        groups=_parse_numbers(extensions.get(EXT_GROUPS, b"\0\0"), 2),
        signatures=_parse_numbers(extensions.get(EXT_SIGNATURES, b"\0\0"), 2),
        server_name=name[5:].decode("ascii"),
        alpn=_parse_names(extensions.get(EXT_ALPN, b"\0\0")[2:]),
    )


def _parse_names(data):
    names = []
    while data:
        names.append(data[1 : 1 + data[0]].decode("ascii"))
        data = data[1 + data[0] :]
    return names
