"""NSS: its own tstclnt as a client; nss_server.c as a server, because selfserv speaks HTTP only."""

import os
import subprocess

import hello
import settings
import testcerts

from peers.base import ALPN, PEERS_DIR, SERVER, Peer, client_groups, first_words, our_address, variant

GROUPS = {"x25519": "x25519", "secp256r1": "P256", "secp384r1": "P384", "secp521r1": "P521"}
SUITE_NUMBERS = {name: number for number, name in hello.OFFERED_SUITES.items()}


def run(*argv):
    subprocess.run(argv, check=True, capture_output=True, timeout=60)


class Nss(Peer):
    key = "nss"
    title = "NSS"
    packages = "libnss3-tools libnss3-dev"
    how_client, how_server = "tstclnt", "peers/nss_server.c on libnss3"

    def __init__(self, folder):
        super().__init__(folder)
        self._databases = {}

    def version(self):
        return first_words(os.path.join(PEERS_DIR, "nss_server"), "version")

    def cannot(self, direction, case):
        if direction == SERVER and case.kind == "alpn":
            # nss/cmd/tstclnt/tstclnt.c of 3.87 calls no SSL_SetNextProtoNego.
            return "tstclnt has no option for ALPN (tstclnt -h)"
        return ""

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

    def client_argv(self, case):
        host, port = our_address().split(":")
        version = f"tls{case.version}"
        argv = ["tstclnt", "-4", "-h", host, "-p", port, "-a", settings.SERVER_NAME]
        argv += ["-d", self._database(case), "-V", f"{version}:{version}", "-f"]
        if case.suite:
            argv += ["-c", f":{SUITE_NUMBERS[case.suite]:04X}"]
        if client_groups(case):
            argv += ["-I", ",".join(GROUPS[name] for name in client_groups(case))]
        if case.kind == "mutual":
            argv += ["-n", "client"]
        if case.kind == "resume":
            argv += ["-u", "-L", "2"]
        return argv

    def environment(self, case):
        return ["env", f"PEER_SERVER_NAME={settings.SERVER_NAME}"] if case.kind == "sni" else []

    def server_argv(self, case, port):
        argv = [os.path.join(PEERS_DIR, "nss_server"), "server", f"listen={port}"]
        argv += [f"database={self._database(case)}", "nickname=server", f"version={case.version}"]
        if case.suite:
            argv.append(f"suite={SUITE_NUMBERS[case.suite]:04X}")
        if case.group:
            argv.append(f"groups={case.group}")
        if case.kind == "mutual":
            argv.append("client_auth=1")
        if case.kind == "alpn":
            argv.append(f"alpn={ALPN}")
        return argv
