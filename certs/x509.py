"""Asks the openssl command what certificates and keys are. Private keys go through pipes only."""

import base64
import dataclasses
import datetime
import hashlib
import os
import re
import subprocess
import tempfile

from blob_format import CertsError

# Names are escaped so that a certificate cannot forge lines of ours; UTF-8 stays readable.
NAME_OPTIONS = "RFC2253,-esc_msb"


class OpensslMissing(Exception):
    """There is no openssl command."""


@dataclasses.dataclass
class Certificate:
    der: bytes = dataclasses.field(repr=False)
    subject: str
    issuer: str
    not_before: datetime.datetime
    not_after: datetime.datetime
    names: str  # SAN, "DNS:a, IP Address:b"; may be empty
    key_type: str  # "EC-P256", "RSA-2048", ...
    signature: str  # OpenSSL's name of the signature algorithm
    purposes: set[str]  # "SSL server", "SSL client", "SSL server CA", ...
    public_key: str  # PEM

    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def is_ca(self) -> bool:
        return "SSL server CA" in self.purposes

    def is_self_signed(self) -> bool:
        return self.subject == self.issuer


@dataclasses.dataclass
class Key:
    key_type: str
    public_key: str


def run_openssl(arguments: list[str], data: bytes = b"") -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            ["openssl", *arguments],
            input=data,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise OpensslMissing from None


def read_certificate(der: bytes) -> Certificate:
    """Raises CertsError if der is not exactly one certificate."""
    options = "-inform DER -noout -subject -issuer -dates -dateopt iso_8601 -text -purpose -pubkey"
    result = run_openssl(["x509", *options.split(), "-nameopt", NAME_OPTIONS], der)
    if result.returncode != 0 or not _is_one_sequence(der):
        raise CertsError("not a certificate that openssl can read")
    text = result.stdout.decode(errors="replace")
    return Certificate(
        der=der,
        subject=_find(r"^subject=(.*)$", text),
        issuer=_find(r"^issuer=(.*)$", text),
        not_before=_date(_find(r"^notBefore=(.*)$", text)),
        not_after=_date(_find(r"^notAfter=(.*)$", text)),
        names=_printable(_find(r"^ +X509v3 Subject Alternative Name:.*\n +(.*)$", text)),
        key_type=_key_type(text),
        signature=_find(r"^ +Signature Algorithm: (.*)$", text),
        purposes=set(re.findall(r"^(.*?) : Yes", text, re.MULTILINE)),
        public_key=_find(r"(-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----)", text),
    )


def read_key(der: bytes) -> Key:
    """The public side of a PKCS#8 private key. Raises CertsError if it is not a sound one."""
    result = run_openssl(["pkey", "-inform", "DER", "-check", "-pubout"], der)
    text = (result.stdout + result.stderr).decode(errors="replace")
    public_key = _find(r"(-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----)", text)
    # Some key types cannot be checked, and openssl says so; a bad key it calls invalid.
    if not public_key or "Key is invalid" in text:
        raise CertsError("not a private key that openssl finds sound")
    shown = run_openssl(["pkey", "-pubin", "-noout", "-text"], public_key.encode() + b"\n")
    return Key(key_type=_key_type(shown.stdout.decode(errors="replace")), public_key=public_key)


def key_to_pkcs8(pem: bytes) -> bytes:
    """Any unencrypted private key in PEM, as PKCS#8 DER. Raises CertsError."""
    # The empty password keeps openssl from asking at the terminal, whatever the PEM claims.
    arguments = ["pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-passin", "pass:"]
    result = run_openssl(arguments, pem)
    if result.returncode != 0:
        raise CertsError("not a private key that openssl can read")
    return result.stdout


def is_signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """True if issuer's key made the signature on certificate. Dates are not looked at."""
    options = ["-no_check_time", "-partial_chain"]
    return verify_error(certificate, [], [issuer], options) == ""


def verify_error(leaf, intermediates, trusted, options) -> str:
    """Why leaf has no chain to a trusted certificate, in openssl's words; empty if it has one."""
    with tempfile.TemporaryDirectory(prefix="tls-echo-") as folder:

        def write(name: str, certificates: list[Certificate]) -> str:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="ascii") as file:
                file.writelines(to_pem(c.der) for c in certificates)
            return path

        command = ["verify", "-no-CApath", "-no-CAstore", "-CAfile", write("trusted", trusted)]
        if intermediates:
            command += ["-untrusted", write("intermediates", intermediates)]
        result = run_openssl([*command, *options, write("leaf", [leaf])])
    if result.returncode == 0:
        return ""
    text = (result.stdout + result.stderr).decode(errors="replace")
    return _find(r"^error \d+ at \d+ depth lookup: (.*)$", text) or "openssl verify failed"


def to_pem(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match.group(1) if match else ""


def _date(text: str) -> datetime.datetime:
    """OpenSSL's "2026-01-31 12:00:00Z"."""
    try:
        date = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%SZ")
    except ValueError:
        raise CertsError("a certificate with a date that cannot be read") from None
    return date.replace(tzinfo=datetime.timezone.utc)


def _key_type(text: str) -> str:
    bits = _find(r"Public-Key: \((\d+) bit", text)
    curve = _find(r"NIST CURVE: (\S+)", text)
    if curve:
        return "EC-" + curve.replace("-", "")
    if "Modulus:" in text:
        return f"RSA-{bits}"
    oid = _find(r"ASN1 OID: (\S+)", text)
    if oid:
        return f"EC-{oid}"
    return _find(r"Public Key Algorithm: (\S+)", text) or _find(r"^(\S+) Public-Key:", text)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _is_one_sequence(der: bytes) -> bool:
    """True if der is one DER SEQUENCE and nothing behind it, which openssl would ignore."""
    if len(der) < 2 or der[0] != 0x30:
        return False
    if der[1] < 0x80:
        return len(der) == 2 + der[1]
    count = der[1] & 0x7F
    return len(der) == 2 + count + int.from_bytes(der[2 : 2 + count], "big")
