"""gnutls-cli and gnutls-serv."""

import os

import settings
import testcerts

from peers.base import ALPN, Peer, client_groups, first_words, identity

GROUPS = {
    "x25519": "GROUP-X25519",
    "secp256r1": "GROUP-SECP256R1",
    "secp384r1": "GROUP-SECP384R1",
    "secp521r1": "GROUP-SECP521R1",
}
RECORD_SIZE = 16384
CIPHERS = {"AES_128_GCM": "AES-128-GCM", "AES_256_GCM": "AES-256-GCM", "CHACHA20": "CHACHA20-POLY1305"}


class GnuTls(Peer):
    key = "gnutls"
    title = "GnuTLS"
    packages = "gnutls-bin"
    how_client, how_server = "gnutls-cli", "gnutls-serv --echo"

    def version(self):
        return first_words("gnutls-cli", "--version").splitlines()[0]

    def message(self, case):
        """gnutls-serv echoes text only, and not before a line ends."""
        if case.kind == "tiny":
            return "\n"
        return "x" * (RECORD_SIZE - 1) + "\n" if case.kind == "large" else "hello server\n"

    def _priority(self, case, groups):
        words = ["NORMAL", "-VERS-ALL", f"+VERS-TLS{case.version}"]
        if case.suite:
            cipher = next(value for name, value in CIPHERS.items() if name in case.suite)
            words += ["-CIPHER-ALL", f"+{cipher}"]
        if groups:
            words += ["-GROUP-ALL", *(f"+{GROUPS[name]}" for name in groups)]
        return ["--priority", ":".join(words)]

    def client_argv(self, case):
        log = os.path.join(self.folder, "gnutls-cli.log")
        argv = ["gnutls-cli", "--logfile", log, "--port", str(settings.PORT)]
        argv += ["--x509cafile", testcerts.file("ca.pem")]
        argv += ["--sni-hostname", settings.SERVER_NAME, "--verify-hostname", settings.SERVER_NAME]
        argv += self._priority(case, client_groups(case))
        if case.kind == "retry":
            argv += ["--single-key-share"]
        if case.kind == "resume":
            argv += ["--resume", "--waitresumption"]
        if case.kind == "alpn":
            argv += ["--alpn", ALPN]
        if case.kind == "mutual":
            cert, key = identity(case, "client")
            argv += ["--x509certfile", cert, "--x509keyfile", key]
        return [*argv, settings.SERVER_IP]

    def server_argv(self, case, port):
        cert, key = identity(case, "server")
        argv = ["gnutls-serv", "--echo", "--quiet", "--port", str(port)]
        argv += ["--x509certfile", cert, "--x509keyfile", key]
        argv += self._priority(case, [case.group] if case.group else [])
        if case.kind == "mutual":
            argv += ["--x509cafile", testcerts.file("ca.pem")]
            argv += ["--require-client-cert", "--verify-client-cert"]
        else:
            argv += ["--disable-client-cert"]
        if case.kind == "alpn":
            argv += ["--alpn", ALPN, "--alpn-fatal"]
        if case.kind == "sni":
            argv += ["--sni-hostname", settings.SERVER_NAME, "--sni-hostname-fatal"]
        return argv
