"""Mbed TLS's own ssl_client2 and ssl_server2, built with the library's default configuration.

They speak HTTP of a kind: ssl_client2 sends one request of a given size and waits for an answer that
ends with a line feed, which the echo of its request is. ssl_server2 answers every request with the
same text, so our client sends that very text."""

import os

import settings
import testcerts

from peers.base import ALPN, CLIENT, PEERS_DIR, SERVER, Peer, Talk, client_groups, first_words
from peers.base import identity

RECORD_SIZE = 16384
# What ssl_server2 answers with response_size=16.
RESPONSE = "HTTP/1.0 200 O\r\n"


class RequestTalk(Talk):
    """ssl_client2: how much it sends was said when it was started, and it ends by itself."""

    def __init__(self, process):
        super().__init__(process)
        self.sent = None

    def echo(self, data):
        self.process.wait_stdout(1)

    def exchange(self, data):
        pass

    def tiny(self, count):
        pass

    def hold(self):
        """It goes on asking: many exchanges."""

    def end(self):
        status = self.process.wait_exit(30)
        if status != 0 or b"Read from server" not in self.process.stdout:
            said = bytes(self.process.stdout[-300:]).decode("ascii", "backslashreplace")
            raise AssertionError(f"ssl_client2 ended with {status}: {said}")


class MbedTls(Peer):
    key = "mbedtls"
    title = "Mbed TLS example programs"
    packages = ""
    how_client, how_server = "programs/ssl/ssl_client2.c", "programs/ssl/ssl_server2.c"

    def version(self):
        words = first_words(os.path.join(PEERS_DIR, "ssl_client2"), "build_version=1")
        return words.removeprefix("build version: ")

    def cannot(self, direction, case):
        if direction == SERVER and case.kind == "half_close":
            # programs/ssl/ssl_client2.c: after close_notify it frees the connection.
            return "ssl_client2 reads nothing after its close_notify (programs/ssl/ssl_client2.c)"
        if direction == CLIENT and case.kind == "large":
            # programs/ssl/ssl_server2.c, "7. Write the 200 Response".
            return "ssl_server2 answers with a text of its own, no echo (programs/ssl/ssl_server2.c)"
        return ""

    def _limits(self, case, groups):
        version = case.version.replace(".", "")
        words = [f"force_version=tls{version}"]
        if case.suite:
            prefix = "TLS1-3" if case.version == "1.3" else "TLS"
            name = case.suite.removeprefix("TLS_").replace("_", "-")
            words.append(f"force_ciphersuite={prefix}-{name}")
        if groups:
            words.append(f"groups={','.join(groups)}")
        if case.kind == "alpn":
            words.append(f"alpn={ALPN}")
        return words

    def client_argv(self, case):
        argv = [os.path.join(PEERS_DIR, "ssl_client2"), f"server_addr={settings.SERVER_IP}"]
        argv += [f"server_port={settings.PORT}", f"server_name={settings.SERVER_NAME}"]
        argv += [f"ca_file={testcerts.file('ca.pem')}", "auth_mode=required"]
        argv += self._limits(case, client_groups(case)) + self._load(case)
        if case.kind == "mutual":
            cert, key = identity(case, "client")
            argv += [f"crt_file={cert}", f"key_file={key}"]
        else:
            argv += ["crt_file=none", "key_file=none"]
        return argv

    def _load(self, case):
        return {
            "large": [f"request_size={RECORD_SIZE}", f"exchanges={(1 << 20) // RECORD_SIZE}"],
            "tiny": ["request_size=1", "exchanges=30"],
            "cut": ["exchanges=1000000"],
            "reset": ["exchanges=1000000"],
            "resume": ["reconnect=1", *(["new_session_tickets=1"] if case.version == "1.3" else [])],
        }.get(case.kind, [])

    def client(self, cell, case):
        talk = super().client(cell, case)
        return RequestTalk(talk.process)

    def message(self, case):
        """What our client has to send to get it back."""
        return "\n" if case.kind == "tiny" else RESPONSE

    def server_argv(self, case, port):
        cert, key = identity(case, "server")
        size = len(self.message(case))
        argv = [os.path.join(PEERS_DIR, "ssl_server2"), f"server_port={port}"]
        argv += [f"crt_file={cert}", f"key_file={key}", "crt_file2=none", "key_file2=none"]
        argv += [f"response_size={size}", "exchanges=1000000"]
        argv += self._limits(case, [case.group] if case.group else [])
        if case.kind == "mutual":
            argv += ["auth_mode=required", f"ca_file={testcerts.file('ca.pem')}"]
        else:
            argv += ["auth_mode=none"]
        if case.kind == "sni":
            # Only this name is known; the handshake with another one, or none, fails.
            argv.append(f"sni={settings.SERVER_NAME},{cert},{key},-,-,-")
        return argv
