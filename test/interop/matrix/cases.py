"""What the matrix asks of each peer, in each direction."""

from dataclasses import dataclass

TLS_1_3_SUITES = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
)
TLS_1_2_CIPHERS = ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
GROUPS = ("x25519", "secp256r1", "secp384r1")
VERSIONS = ("1.3", "1.2")
# A group that our server refuses, and of which peers can send a key share all the same.
REFUSED_GROUP = "secp521r1"


@dataclass(frozen=True)
class Case:
    """One question. key: of the server's certificate; suite and group: the only one the peer has."""

    title: str
    kind: str = "echo"
    version: str = "1.3"
    key: str = "ecdsa"
    suite: str = ""
    group: str = ""

    @property
    def id(self):
        return self.title.replace(" ", "_").lower()


def _suites():
    for suite in TLS_1_3_SUITES:
        yield Case(f"TLS 1.3, {suite}", suite=suite)
    for key in ("ecdsa", "rsa"):
        for cipher in TLS_1_2_CIPHERS:
            suite = f"TLS_ECDHE_{key.upper()}_WITH_{cipher}"
            yield Case(f"TLS 1.2, {suite}", version="1.2", key=key, suite=suite)


def _each_version(title, **more):
    for version in VERSIONS:
        yield Case(f"TLS {version}, {title}", version=version, **more)


def _groups():
    """With TLS 1.2 the client's groups limit the curve of an ECDSA certificate, too (RFC 8422 section
    5.1.1): one group alone can only be asked for with an RSA certificate."""
    for group in GROUPS:
        yield Case(f"TLS 1.3, {group}", group=group)
        yield Case(f"TLS 1.2, {group}", version="1.2", key="rsa", group=group)


def all_cases():
    """In the order of the table."""
    return [
        *_each_version("ECDSA certificate"),
        *_each_version("RSA certificate", key="rsa"),
        *_suites(),
        *_groups(),
        Case("HelloRetryRequest", kind="retry", group="secp384r1"),
        *_each_version("mutual TLS, ECDSA", kind="mutual"),
        *_each_version("mutual TLS, RSA", kind="mutual", key="rsa"),
        *_each_version("resumption", kind="resume"),
        *_each_version("ALPN", kind="alpn"),
        *_each_version("SNI", kind="sni"),
        *_each_version("1 MB in large records", kind="large"),
        *_each_version("records of one byte", kind="tiny"),
        *_each_version("half-close", kind="half_close"),
        *_each_version("stream cut without close_notify", kind="cut"),
        *_each_version("connection reset", kind="reset"),
    ]


def smoke_cases():
    """For peers that are there only to see that they talk to us at all."""
    return [*_each_version("ECDSA certificate"), *_each_version("mutual TLS, ECDSA", kind="mutual")]


def quick_cases():
    """One of each kind, for a run that shall not take long."""
    found = {}
    for case in all_cases():
        found.setdefault((case.kind, case.version, case.key), case)
    return list(found.values())
