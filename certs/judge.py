"""Judges what is to go into a firmware: would its self-check and its peers be content?"""

import dataclasses
import datetime

import x509
from blob_format import CertsError, Contents, Identity

# What firmware/tls_mbedtls/ is built with: peers could not even parse the others.
KEY_TYPES = "EC-P256, EC-P384, or RSA of 2048 to 4096 bits"
SOON = datetime.timedelta(days=30)
DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclasses.dataclass
class Findings:
    errors: list[str] = dataclasses.field(default_factory=list)
    dates: list[str] = dataclasses.field(default_factory=list)  # expired, not yet valid
    warnings: list[str] = dataclasses.field(default_factory=list)


def judge(contents: Contents, source: str, now: datetime.datetime) -> Findings:
    """source says how to name the parts: "folder" (server.pem) or "blob" (server certificate)."""
    findings = Findings()
    cas = _read_all(contents.cas, _labels(source, "ca", len(contents.cas)), findings, now)
    for ca in cas:
        if not ca.is_ca():
            findings.warnings.append(
                f"{_labels(source, 'ca', 1)[0]}: {ca.subject} is no CA: it vouches for itself alone"
            )
    for role in ("server", "client"):
        identity = getattr(contents, role)
        if identity.chain:
            _judge_identity(identity, role, cas, source, findings, now)
    return findings


def _labels(source: str, role: str, count: int) -> list[str]:
    base = f"{role}.pem" if source == "folder" else f"{role} certificate"
    return [base] if count == 1 else [f"{base}, {i + 1} of {count}" for i in range(count)]


def _read_all(ders, labels, findings, now) -> list[x509.Certificate]:
    certificates = []
    for der, label in zip(ders, labels):
        try:
            certificate = x509.read_certificate(der)
        except CertsError as error:
            findings.errors.append(f"{label}: {error}")
            continue
        certificates.append(certificate)
        _judge_dates(certificate, label, findings, now)
        _judge_strength(certificate, label, findings)
    return certificates


def _judge_dates(certificate, label, findings, now) -> None:
    first = certificate.not_before.strftime(DATE_FORMAT)
    last = certificate.not_after.strftime(DATE_FORMAT)
    if now > certificate.not_after:
        findings.dates.append(f"{label}: expired at {last}: replace it")
    elif now < certificate.not_before:
        findings.dates.append(f"{label}: not valid before {first}: check this machine's clock")
    elif now + SOON > certificate.not_after:
        findings.warnings.append(f"{label}: expires soon, at {last}")


def _judge_strength(certificate, label, findings) -> None:
    if not is_key_type_known(certificate.key_type):
        findings.errors.append(
            f"{label}: the firmware takes no {certificate.key_type} key: use {KEY_TYPES}"
        )
    # A root is trusted as it is: its own signature proves nothing.
    signature = certificate.signature.lower()
    if not certificate.is_self_signed() and ("md5" in signature or "sha1" in signature):
        findings.errors.append(f"{label}: its signature ({signature}) is too weak: use SHA-256")


def is_key_type_known(key_type: str) -> bool:
    kind, _, size = key_type.partition("-")
    if kind == "RSA":
        return size.isdigit() and 2048 <= int(size) <= 4096
    return key_type in ("EC-P256", "EC-P384")


def _judge_identity(identity: Identity, role, cas, source, findings, now) -> None:
    labels = _labels(source, role, len(identity.chain))
    chain = _read_all(identity.chain, labels, findings, now)
    if len(chain) != len(identity.chain) or not _judge_order(chain, labels, findings):
        return
    leaf, label = chain[0], labels[0]
    _judge_key(identity.key, leaf, role, source, findings)
    if f"SSL {role}" not in leaf.purposes:
        findings.errors.append(f"{label}: its key usage does not allow a TLS {role}")
        return
    if role == "server" and not leaf.names:
        findings.warnings.append(
            f"{label}: no subject alternative name: clients find no name to check, and refuse it"
        )
    options = ["-no_check_time", "-purpose", f"ssl{role}"]
    reason = x509.verify_error(leaf, chain[1:], cas, options) if cas else ""
    if reason:
        ca_label = "ca.pem" if source == "folder" else "the CA certificates"
        findings.warnings.append(f"{label}: not from a CA in {ca_label} ({reason})")


def _judge_order(chain, labels, findings) -> bool:
    for i, (certificate, issuer) in enumerate(zip(chain, chain[1:])):
        if certificate.issuer == issuer.subject:
            if not x509.is_signed_by(certificate, issuer):
                findings.errors.append(
                    f"{labels[i]}: the next one has its issuer's name, but did not sign it"
                )
                return False
            continue
        order = _natural_order(chain)
        if len(order) == len(chain):
            wanted = "; then ".join(other.subject for other in order)
            advice = f"out of order, should be: {wanted}"
        else:
            advice = f"the next one is not its issuer, which is {certificate.issuer}"
        findings.errors.append(f"{labels[i]}: {advice}")
        return False
    return True


def _natural_order(chain) -> list[x509.Certificate]:
    """As many of chain as can be put in order, by the names of their issuers, leaf first."""
    issuers = {c.issuer for c in chain if not c.is_self_signed()}
    by_subject = {c.subject: c for c in chain}
    order = [c for c in chain if c.subject not in issuers][:1]
    while order and not order[-1].is_self_signed() and order[-1].issuer in by_subject:
        order.append(by_subject[order[-1].issuer])
        if len(order) > len(chain):
            return []  # they name each other in a circle
    return order


def _judge_key(der, leaf, role, source, findings) -> None:
    label = f"{role}.key" if source == "folder" else f"{role} key"
    try:
        key = x509.read_key(der)
    except CertsError as error:
        findings.errors.append(f"{label}: {error}")
        return
    if key.public_key != leaf.public_key:
        findings.errors.append(
            f"{label}: not the key of the {role}'s certificate ({leaf.subject}): "
            "give the key that its request was made with"
        )
