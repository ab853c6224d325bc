"""Stacks that are libraries: our small programs in this folder, all told the same way what to do."""

import os

import settings
import testcerts

from peers.base import ALPN, CLIENT, PEERS_DIR, Peer, client_groups, first_words, identity, our_address
from peers.openssl import suite_name


class OwnProgram(Peer):
    """PROGRAM client|server name=value..."""

    program = ()

    def version(self):
        return first_words(*self.program, "version")

    def suite(self, case):
        return case.suite

    def _limits(self, case, role, groups):
        words = [f"version={case.version}"]
        if case.suite:
            words.append(f"suite={self.suite(case)}")
        if groups:
            words.append(f"groups={','.join(groups)}")
        if role == "server" or case.kind == "mutual":
            cert, key = identity(case, role)
            words += [f"cert={cert}", f"key={key}"]
        if role == "client" or case.kind == "mutual":
            words.append(f"ca={testcerts.file('ca.pem')}")
        if case.kind == "alpn":
            words.append(f"alpn={ALPN}")
        return words

    def client_argv(self, case):
        words = [f"connect={our_address()}", f"name={settings.SERVER_NAME}"]
        words += self._limits(case, "client", client_groups(case))
        if case.kind == "resume":
            words.append("resume=1")
        return [*self.program, "client", *words]

    def server_argv(self, case, port):
        words = self._limits(case, "server", [case.group] if case.group else [])
        return [*self.program, "server", f"listen={port}", *words]


class Go(OwnProgram):
    key = "go"
    title = "Go crypto/tls"
    packages = "golang-go"
    how_client = how_server = "peers/go/main.go"
    program = (os.path.join(PEERS_DIR, "go_peer"),)

    def cannot(self, direction, case):
        if case.suite and case.version == "1.3":
            return "its TLS 1.3 suites are not configurable (crypto/tls, Config.CipherSuites)"
        return ""


class WolfSsl(OwnProgram):
    key = "wolfssl"
    title = "wolfSSL"
    packages = "libwolfssl-dev"
    how_client = how_server = "peers/wolfssl_peer.c"
    program = (os.path.join(PEERS_DIR, "wolfssl_peer"),)

    def cannot(self, direction, case):
        if direction == CLIENT and case.version == "1.2" and case.group:
            return (
                "its TLS 1.2 server takes the client's first group: wolfSSL_CTX_UseSupportedCurve is "
                "for clients, wolfSSL_CTX_set_groups for TLS 1.3 (wolfssl/ssl.h)"
            )
        return ""

    def suite(self, case):
        if case.version == "1.2":
            return suite_name(case.suite)
        return case.suite.replace("TLS_", "TLS13-").replace("AES_", "AES").replace("_", "-")


class Java(OwnProgram):
    key = "java"
    title = "Java JSSE"
    packages = "default-jdk-headless"
    how_client = how_server = "peers/JssePeer.java"
    smoke = True
    program = (
        *("java", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"),
        *("-cp", os.path.join(PEERS_DIR, "java"), "JssePeer"),
    )


class Node(OwnProgram):
    key = "node"
    title = "Node.js tls"
    packages = "nodejs"
    how_client = how_server = "peers/node_peer.js"
    smoke = True
    program = ("node", os.path.join(os.path.dirname(__file__), "node_peer.js"))
