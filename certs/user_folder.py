"""Reads a folder of PEM files: ca.pem, server.pem, server.key and maybe client.pem, client.key."""

import base64
import binascii
import os
import re
import shlex
import stat

import x509
from blob_format import CAS_MAX, CHAIN_MAX, CertsError, Contents, Identity

FILE_NAMES = ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
FILE_LEN_MAX = 1 << 20

PEM_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL)
CERTIFICATE_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE")


class Folder:
    """A folder being read; what is wrong with it is collected, so that one run names it all."""

    def __init__(self, path: str):
        self.path = path
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def read(self) -> Contents:
        """What could be read; look at errors before using it."""
        if not os.path.isdir(self.path):
            self.errors.append("no such folder")
            return Contents()
        return Contents(
            cas=self._certificates("ca.pem", "the CA certificates that peers are verified against"),
            server=self._identity("server", required=True),
            client=self._identity("client", required=False),
        )

    def files(self) -> list[str]:
        """What a build depends on: the files, and the folder for those that may yet come."""
        paths = (os.path.join(self.path, name) for name in FILE_NAMES)
        return [self.path, *(path for path in paths if os.path.exists(path))]

    def _identity(self, role: str, required: bool) -> Identity:
        pem, key = f"{role}.pem", f"{role}.key"
        there = [name for name in (pem, key) if os.path.lexists(os.path.join(self.path, name))]
        if not there and not required:
            return Identity()
        if len(there) == 1 and not required:
            missing = key if there == [pem] else pem
            self.errors.append(
                f"{there[0]} is there but {missing} is not: add {missing}, or take {there[0]} away"
            )
            return Identity()
        return Identity(
            chain=self._certificates(pem, f"the {role}'s certificate chain, its own first"),
            key=self._key(key, f"the {role}'s private key"),
        )

    def _certificates(self, name: str, purpose: str) -> list[bytes]:
        try:
            ders = parse_certificates(self._load(name, purpose), os.path.join(self.path, name))
        except CertsError as error:
            self.errors.append(f"{name}: {error}")
            return []
        limit = CAS_MAX if name == "ca.pem" else CHAIN_MAX
        if len(ders) > limit:
            self.errors.append(
                f"{name}: {len(ders)} certificates, the firmware takes {limit}: take some out"
            )
        return ders

    def _key(self, name: str, purpose: str) -> bytes:
        path = os.path.join(self.path, name)
        try:
            key = parse_key(self._load(name, purpose), path)
        except CertsError as error:
            self.errors.append(f"{name}: {error}")
            return b""
        if os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            self.warnings.append(
                f"{name}: others on this machine may read it: chmod 600 {shlex.quote(path)}"
            )
        return key

    def _load(self, name: str, purpose: str) -> bytes:
        path = os.path.join(self.path, name)
        if not os.path.exists(path):
            raise CertsError(f"missing in {self.path}: put {purpose} (PEM) there")
        if not os.path.isfile(path):
            raise CertsError("not a file")
        try:
            with open(path, "rb") as file:
                data = file.read(FILE_LEN_MAX + 1)
        except OSError as error:
            raise CertsError(f"cannot be read: {error.strerror}") from None
        if len(data) > FILE_LEN_MAX:
            raise CertsError("too large for PEM certificates or a key")
        return data


def parse_certificates(data: bytes, path: str) -> list[bytes]:
    """The certificates of a PEM file as DER, in their order; other blocks are passed over."""
    _check_pem(data, f"openssl x509 -inform DER -in {shlex.quote(path)} -out NEW.pem")
    blocks = [body for label, body in PEM_BLOCK.findall(data) if label in CERTIFICATE_LABELS]
    if blocks:
        return [_decode(body) for body in blocks]
    labels = PEM_BEGIN.findall(data)
    if any(label.endswith(b"CERTIFICATE REQUEST") for label in labels):
        raise CertsError("a request, not a certificate: have a CA sign it")
    raise CertsError(f"no certificate in it, but: {labels[0].decode()}")


def parse_key(data: bytes, path: str) -> bytes:
    """The one private key of a PEM file as PKCS#8 DER."""
    _check_pem(data, f"openssl pkey -inform DER -in {shlex.quote(path)} -out NEW.key")
    keys = [m for m in PEM_BLOCK.finditer(data) if m.group(1).endswith(b"PRIVATE KEY")]
    if not keys:
        raise CertsError("no private key in it")
    if len(keys) > 1:
        raise CertsError(f"{len(keys)} private keys in it: leave only the one of the certificate")
    if keys[0].group(1).startswith(b"ENCRYPTED") or b"ENCRYPTED" in keys[0].group(2):
        raise CertsError(
            "encrypted, and the firmware has nobody to ask for the password; decrypt it with: "
            + decrypt_command(path)
        )
    return x509.key_to_pkcs8(keys[0].group(0) + b"\n")


def decrypt_command(path: str) -> str:
    old, new = shlex.quote(path), shlex.quote(path + ".plain")
    return f"(umask 077; openssl pkey -in {old} -out {new}) && mv {new} {old}"


def _check_pem(data: bytes, convert_command: str) -> None:
    if data[:1] == b"\x30":
        raise CertsError(f"DER, not PEM; convert it with: {convert_command}")
    begins = len(PEM_BEGIN.findall(data))
    if begins == 0:
        raise CertsError("not PEM: there is no -----BEGIN line in it")
    if begins != len(PEM_BLOCK.findall(data)):
        raise CertsError("damaged PEM: a -----BEGIN line has no -----END line that fits")


def _decode(body: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        raise CertsError("damaged PEM: a certificate is not base64") from None
