"""openssl s_client and s_server."""

import os

import settings
import testcerts
from opensslcli import EchoServer
from process import Process

from peers.base import ALPN, LINE, SERVER, Peer, Talk, client_groups, first_words, our_address
from peers.base import identity, variant

GROUPS = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def suite_name(suite):
    """OpenSSL's own name of a TLS 1.2 suite."""
    name = suite.removeprefix("TLS_").replace("_WITH_", "-")
    if "CHACHA20" in name:
        return name.removesuffix("_SHA256").replace("_", "-")
    return name.replace("AES_", "AES").replace("_", "-")


class OpenSsl(Peer):
    """The server echoes because the harness sends back what comes out of it."""

    key = "openssl"
    title = "OpenSSL"
    packages = "openssl"
    how_client, how_server = "openssl s_client", "openssl s_server"

    def version(self):
        return first_words(settings.OPENSSL, "version")

    def cannot(self, direction, case):
        if direction == SERVER and case.kind == "half_close":
            # openssl-s_client(1), -no_ign_eof: it shuts "down the connection when end of file is
            # reached in the input"; with -ign_eof it never ends its side.
            return (
                "s_client closes both directions at the end of its input (openssl-s_client(1)); "
                "faults/test_half_close.py asks OpenSSL's library instead"
            )
        return ""

    def _limits(self, case, groups):
        args = ["-quiet", f"-tls{case.version.replace('.', '_')}"]
        if case.suite and case.version == "1.3":
            args += ["-ciphersuites", case.suite]
        elif case.suite:
            args += ["-cipher", suite_name(case.suite)]
        if groups:
            args += ["-groups", ":".join(GROUPS[name] for name in groups)]
        if case.kind == "alpn":
            args += ["-alpn", ALPN]
        return args

    def client_argv(self, case):
        argv = [settings.OPENSSL, "s_client", "-nocommands", "-connect", our_address()]
        argv += ["-CAfile", testcerts.file("ca.pem"), "-verify_return_error"]
        argv += ["-servername", settings.SERVER_NAME, "-verify_hostname", settings.SERVER_NAME]
        # -quiet, which is among the limits, also means -ign_eof.
        argv += [*self._limits(case, client_groups(case)), "-no_ign_eof"]
        if case.kind == "mutual":
            cert, key = identity(case, "client")
            argv += ["-cert", cert, "-key", key]
        return argv

    def client(self, cell, case):
        if case.kind != "resume":
            return super().client(cell, case)
        path = os.path.join(self.folder, f"session-{case.version}.pem")
        argv = self.client_argv(case)
        first = Talk(cell.own(Process([*argv, "-sess_out", path], "first s_client", stdin=True)))
        first.echo(LINE)
        first.end()
        return Talk(cell.own(Process([*argv, "-sess_in", path], "s_client", stdin=True)))

    def server(self, cell, case, port):
        args = self._limits(case, [case.group] if case.group else [])
        if case.kind == "mutual":
            args += ["-Verify", "2", "-verify_return_error", "-CAfile", testcerts.file("ca.pem")]
        if case.kind == "sni":
            args += ["-servername", settings.SERVER_NAME, "-servername_fatal"]
            cert, key = identity(case, "server")
            args += ["-cert2", cert, "-key2", key]
        return cell.own(EchoServer(*args, variant=variant(case), port=port))
