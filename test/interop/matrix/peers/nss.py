"""NSS, by a small program of ours: its own selfserv speaks HTTP only, and tstclnt never ends a
session by itself. The certificates are put into its database by its own tools."""

import os
import subprocess

import hello
import settings
import testcerts

from peers.base import ALPN, PEERS_DIR, Peer, client_groups, first_words, our_address, variant

PROGRAM = os.path.join(PEERS_DIR, "nss_peer")
SUITE_NUMBERS = {name: number for number, name in hello.OFFERED_SUITES.items()}


def run(*argv):
    subprocess.run(argv, check=True, capture_output=True, timeout=60)


class Nss(Peer):
    key = "nss"
    title = "NSS"
    packages = "libnss3-tools libnss3-dev"
    how_client = how_server = "peers/nss_peer.c"

    def __init__(self, folder):
        super().__init__(folder)
        self._databases = {}

    def version(self):
        return first_words(PROGRAM, "version")

    def _database(self, case):
        """A certificate database with the CA and both identities, made once for each kind of key."""
        name = variant(case) or "ecdsa"
        if name in self._databases:
            return self._databases[name]
        path = os.path.join(self.folder, f"nss-{name}")
        os.mkdir(path)
        database = f"sql:{path}"
        run("certutil", "-N", "-d", database, "--empty-password")
        ca = testcerts.file("ca.pem")
        run("certutil", "-A", "-d", database, "-n", "ca", "-t", "CT,C,C", "-a", "-i", ca)
        for role in ("server", "client"):
            self._import(database, role, variant(case))
        self._databases[name] = database
        return database

    def _import(self, database, role, folder):
        bundle = os.path.join(self.folder, f"{role}.p12")
        argv = [settings.OPENSSL, "pkcs12", "-export", "-name", role, "-passout", "pass:interop"]
        argv += ["-in", testcerts.file(f"{role}.pem", folder)]
        run(*argv, "-inkey", testcerts.file(f"{role}.key", folder), "-out", bundle)
        run("pk12util", "-i", bundle, "-d", database, "-W", "interop", "-K", "")

    def _limits(self, case, groups):
        words = [f"database={self._database(case)}", f"version={case.version}"]
        if case.suite:
            words.append(f"suite={SUITE_NUMBERS[case.suite]:04X}")
        if groups:
            words.append(f"groups={','.join(groups)}")
        if case.kind == "alpn":
            words.append(f"alpn={ALPN}")
        return words

    def client_argv(self, case):
        argv = [PROGRAM, "client", f"connect={our_address()}", f"name={settings.SERVER_NAME}"]
        argv += self._limits(case, client_groups(case))
        if case.kind == "mutual":
            argv.append("nickname=client")
        if case.kind == "resume":
            argv.append("resume=1")
        return argv

    def server_argv(self, case, port):
        argv = [PROGRAM, "server", f"listen={port}", "nickname=server"]
        argv += self._limits(case, [case.group] if case.group else [])
        if case.kind == "mutual":
            argv.append("client_auth=1")
        if case.kind == "sni":
            argv.append(f"sni={settings.SERVER_NAME}")
        return argv
