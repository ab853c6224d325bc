"""TLS records sealed by hand: what no library would send, under the keys of a real session.

A RawPeer shakes hands through OpenSSL, whose secrets it logs; from then on it can seal records of
any type, length, padding and content. Reading stays OpenSSL's. RFC 8446 section 5 and 7, RFC 5246
section 6.3, RFC 5288, RFC 7905.
"""

import ctypes
import hashlib
import hmac
import os
import struct
import tempfile

from tlspeer import TlsPeer

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
NEW_SESSION_TICKET, KEY_UPDATE = 4, 24
WARNING, FATAL = 1, 2
TAG_LEN = 16
MAX_PLAINTEXT = 16384


def header(kind, length, version=0x0303):
    return struct.pack("!BHH", kind, version, length)


def message(kind, body):
    """A handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def split(stream):
    """Whole records of a stream as (kind, body), in order."""
    at = 0
    while at + 5 <= len(stream):
        length = int.from_bytes(stream[at + 3 : at + 5], "big")
        yield stream[at], stream[at + 5 : at + 5 + length]
        at += 5 + length


# ---- AEAD: OpenSSL's, which Python's ssl module sits on --------------------------------------------

_crypto = ctypes.CDLL("libcrypto.so.3")
_crypto.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
_crypto.EVP_get_cipherbyname.restype = ctypes.c_void_p
_GET_TAG = 0x10


def _aead_seal(cipher, key, nonce, aad, plaintext):
    """Ciphertext and tag."""
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    kind = ctypes.c_void_p(_crypto.EVP_get_cipherbyname(cipher))
    out = ctypes.create_string_buffer(len(plaintext) + TAG_LEN)
    count = ctypes.c_int()
    tag = ctypes.create_string_buffer(TAG_LEN)
    done = (
        _crypto.EVP_EncryptInit_ex(context, kind, None, key, nonce) == 1
        and _crypto.EVP_EncryptUpdate(context, None, ctypes.byref(count), aad, len(aad)) == 1
        and _crypto.EVP_EncryptUpdate(
            context, out, ctypes.byref(count), plaintext, len(plaintext)
        )
        == 1
        and _crypto.EVP_EncryptFinal_ex(context, None, ctypes.byref(count)) == 1
        and _crypto.EVP_CIPHER_CTX_ctrl(context, _GET_TAG, TAG_LEN, tag) == 1
    )
    _crypto.EVP_CIPHER_CTX_free(context)
    if not done:
        raise RuntimeError(f"libcrypto cannot seal with {cipher!r}")
    return out.raw[: len(plaintext)] + tag.raw


def _cipher_of(suite):
    """libcrypto's name, the key's length and the hash of a suite by OpenSSL's name for it."""
    digest = "sha384" if suite.endswith("SHA384") else "sha256"
    if "CHACHA20" in suite:
        return b"chacha20-poly1305", 32, "sha256"
    return (b"aes-256-gcm", 32, digest) if "256" in suite.split("_SHA")[0].split("-SHA")[0] else (
        b"aes-128-gcm", 16, digest)  # fmt: skip


# ---- Keys ------------------------------------------------------------------------------------------


def _expand(digest, secret, info, length):
    """HKDF-Expand (RFC 5869)."""
    out, block, number = b"", b"", 1
    while len(out) < length:
        block = hmac.new(secret, block + info + bytes([number]), digest).digest()
        out += block
        number += 1
    return out[:length]


def expand_label(digest, secret, label, length):
    """HKDF-Expand-Label with an empty context."""
    name = b"tls13 " + label
    info = struct.pack("!HB", length, len(name)) + name + b"\0"
    return _expand(digest, secret, info, length)


def _prf(digest, secret, label, seed, length):
    """The PRF of TLS 1.2."""
    out, a = b"", label + seed
    while len(out) < length:
        a = hmac.new(secret, a, digest).digest()
        out += hmac.new(secret, a + label + seed, digest).digest()
    return out[:length]


def _xor_number(iv, number):
    return bytes(a ^ b for a, b in zip(iv, number.to_bytes(len(iv), "big"), strict=True))


class Sealer13:
    """One direction of TLS 1.3 under one traffic secret."""

    def __init__(self, suite, secret, number=0):
        self._cipher, self._key_len, self._digest = _cipher_of(suite)
        self._set_secret(secret)
        self.number = number

    def _set_secret(self, secret):
        self.secret = secret
        self._key = expand_label(self._digest, secret, b"key", self._key_len)
        self._iv = expand_label(self._digest, secret, b"iv", 12)
        self.number = 0

    def update(self):
        """What a sender does after its KeyUpdate."""
        length = hashlib.new(self._digest).digest_size
        self._set_secret(expand_label(self._digest, self.secret, b"traffic upd", length))

    def seal_inner(self, inner):
        """inner: content, type and padding as they are to be."""
        head = header(APPLICATION_DATA, len(inner) + TAG_LEN)
        nonce = _xor_number(self._iv, self.number)
        self.number += 1
        return head + _aead_seal(self._cipher, self._key, nonce, head, inner)

    def seal(self, kind, data, padding=0):
        return self.seal_inner(data + bytes([kind]) + bytes(padding))


class Sealer12:
    """One direction of TLS 1.2 with an AEAD."""

    def __init__(self, suite, master, randoms, is_server, number):
        self._cipher, key_len, digest = _cipher_of(suite)
        self._is_chacha = self._cipher.startswith(b"chacha")
        iv_len = 12 if self._is_chacha else 4
        client_random, server_random = randoms
        block = _prf(digest, master, b"key expansion", server_random + client_random,
                     2 * (key_len + iv_len))  # fmt: skip
        keys, ivs = block[: 2 * key_len], block[2 * key_len :]
        self._key = keys[key_len:] if is_server else keys[:key_len]
        self._iv = ivs[iv_len:] if is_server else ivs[:iv_len]
        self.number = number

    def seal(self, kind, data):
        number = struct.pack("!Q", self.number)
        explicit = b"" if self._is_chacha else number
        nonce = _xor_number(self._iv, self.number) if self._is_chacha else self._iv + number
        aad = number + header(kind, len(data))
        self.number += 1
        head = header(kind, len(explicit) + len(data) + TAG_LEN)
        return head + explicit + _aead_seal(self._cipher, self._key, nonce, aad, data)


# ---- A peer ----------------------------------------------------------------------------------------


class RawPeer(TlsPeer):
    """Shakes hands as any peer; seal_record() and send_record() then take the place of write(), which
    must not be called any more after the first of them. A server's context has no tickets."""

    def __init__(self, sock, context, **more):
        self.is_server = context.protocol.name.endswith("SERVER")
        self._secrets = {}
        self._sent, self._first_sent, self._first_received = [], b"", b""
        self._sealer = None
        with tempfile.NamedTemporaryFile(prefix="tls-echo-keys-", delete=False) as file:
            self._key_log = file.name
        context.keylog_filename = self._key_log
        super().__init__(sock, context, **more)

    def __exit__(self, *unused):
        super().__exit__(*unused)
        os.unlink(self._key_log)

    def flush(self):
        data = self.outgoing.read()
        if data:
            self._first_sent = self._first_sent or data
            self._sent += [kind for kind, _body in split(data)]
            self.sock.sendall(data)

    def receive(self):
        data = self.sock.recv(65536)
        self._first_received = self._first_received or data
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def _read_key_log(self):
        with open(self._key_log, encoding="ascii") as file:
            for line in file:
                if not line.startswith("#"):
                    name, _random, secret = line.split()
                    self._secrets[name] = bytes.fromhex(secret)
                    self._random = bytes.fromhex(_random)

    def secret(self, name):
        """A secret by its name in the key log (draft-ietf-tls-keylogfile)."""
        self._read_key_log()
        return self._secrets[name]

    @property
    def sealer(self):
        """Seals what we send after the handshake."""
        if self._sealer is None:
            self._read_key_log()
            suite, version, _bits = self.tls.cipher()
            make = self._make_13 if self.tls.version() == "TLSv1.3" else self._make_12
            self._sealer = make(suite)
        return self._sealer

    def _make_13(self, suite):
        """A client's Finished is the one record of type application data before the first."""
        name = "SERVER_TRAFFIC_SECRET_0" if self.is_server else "CLIENT_TRAFFIC_SECRET_0"
        sent = 0 if self.is_server else self._sent.count(APPLICATION_DATA) - 1
        return Sealer13(suite, self._secrets[name], sent)

    def _make_12(self, suite):
        """Records count from ChangeCipherSpec on; the random stands 11 bytes into a hello."""
        sent = len(self._sent) - 1 - self._sent.index(CHANGE_CIPHER_SPEC)
        server_hello = self._first_sent if self.is_server else self._first_received
        randoms = (self._random, server_hello[11:43])
        return Sealer12(suite, self._secrets["CLIENT_RANDOM"], randoms, self.is_server, sent)

    def seal_record(self, kind, data, **more):
        return self.sealer.seal(kind, data, **more)

    def send_record(self, kind, data, **more):
        self.sock.sendall(self.seal_record(kind, data, **more))
