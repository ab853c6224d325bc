"""The certificates that tests use: good ones, and those that must be refused."""

import hashlib
import os
import ssl
import subprocess
import sys

import settings


def folder(variant=""):
    """A folder with ca.pem, server.pem, server.key, client.pem and client.key."""
    return os.path.join(settings.CERTS_DIR, variant) if variant else settings.CERTS_DIR


def file(name, variant=""):
    return os.path.join(folder(variant), name)


def blob(variant="good"):
    """The blob of a good identity (good, rsa, intermediate), or a bad file (cut, corrupt)."""
    return os.path.join(settings.CERTS_DIR, f"{variant}.bin")


def read_blob(variant="good"):
    with open(blob(variant), "rb") as stream:
        return stream.read()


def blob_tool(*args):
    """Runs the project's own command for blobs."""
    tool = os.path.join(settings.SOURCE_DIR, "certs", "blob.py")
    return subprocess.run(
        [sys.executable, tool, *args], capture_output=True, text=True, check=False
    )


def fingerprint(pem_file):
    """SHA-256 of the first certificate's DER, in lower-case hex."""
    with open(pem_file, encoding="ascii") as stream:
        text = stream.read()
    end = "-----END CERTIFICATE-----"
    first = text[text.index("-----BEGIN") : text.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def _limit_version(context, version):
    if version:
        context.minimum_version = version
        context.maximum_version = version


def client_context(variant=None, version=None, alpn=()):
    """A client that verifies our server; variant: with the client certificate of that folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file("ca.pem"))
    _limit_version(context, version)
    if variant is not None:
        # As below: our server has to refuse a weak one, not OpenSSL.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(file("client.pem", variant), file("client.key", variant))
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def server_context(variant="", version=None, client_auth=False, alpn=()):
    """A server with the server certificate of the variant's folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # A peer may show what OpenSSL itself finds too weak: our client has to refuse it.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(file("server.pem", variant), file("server.key", variant))
    _limit_version(context, version)
    if client_auth:
        context.load_verify_locations(file("ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
