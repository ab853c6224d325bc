"""Does ./run do what it says, in one clear line each, and leave nothing behind?"""

import os
import signal
import socket
import ssl

import harness
import settings
from process import Process

RUN = os.path.join(settings.SOURCE_DIR, "run")
CA = os.path.join(os.path.dirname(settings.BIN_DIR), "certs", "ca.pem")
HOST_PORT = 18433


class Script(harness.TestCase):
    """./run in a namespace with nothing but lo; what it leaves in its temporary folder counts."""

    def setUp(self):
        super().setUp()
        self.folder = self.make_folder()
        os.chmod(self.folder, 0o755)  # passt looks for its socket there as "nobody"

    def start(self, *args, **more):
        argv = ["env", f"TMPDIR={self.folder}", RUN, *args]
        return self.own(Process(argv, f"run {' '.join(args)}".strip(), **more))

    def start_server(self, *args):
        server = self.start("server", "--host-port", str(HOST_PORT), *args)
        self.wait_stdout_text(server, "Ctrl-C ends the server")
        return server

    def wait_stdout_text(self, process, text):
        found = text.encode()
        process.wait_for(lambda: found in process.stdout or None, text, 30 * settings.PATIENCE)

    def check_nothing_left(self):
        self.assertEqual(os.listdir(self.folder), [])
        for name in ("qemu-aarch64", "passt"):
            self.assertEqual(self.processes(name), [])

    def processes(self, name):
        """Living processes of that name in this test's namespace."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                same = os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    head, _, tail = file.read().rpartition(")")
            except OSError:
                continue  # it has just ended, or is not ours to look at
            if same and name in head and not tail.startswith(" Z"):
                found.append(head)
        return found


class Demo(Script):
    def test_echo_comes_back(self):
        demo = self.start()
        self.assertEqual(demo.wait_exit(60), 0)
        output = demo.stdout.decode()
        self.assertIn("echo   | hello from one firmware to the other\n", output)
        self.assertRegex(output, r"server \| .* handshake_ok ")
        self.assertRegex(output, r"client \| .* handshake_ok ")
        self.check_nothing_left()

    def test_interrupt_leaves_nothing(self):
        demo = self.start()
        self.wait_stdout_text(demo, " listening ")
        demo.signal(signal.SIGTERM)
        self.assertEqual(demo.wait_exit(), 143)
        harness.wait_until(lambda: not self.processes("qemu-aarch64"), "end of the firmware")
        self.check_nothing_left()


class Server(Script):
    def test_stranger_reaches_it_on_localhost(self):
        server = self.start_server()
        context = ssl.create_default_context(cafile=CA)
        with socket.create_connection(("127.0.0.1", HOST_PORT), 10) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as session:
                session.sendall(b"hello")
                self.assertEqual(session.recv(5), b"hello")
        self.assertEqual(server.stop(30), 0)
        harness.wait_until(lambda: not self.processes("passt"), "end of passt")
        self.check_nothing_left()

    def test_hint_can_be_pasted(self):
        server = self.start_server()
        hint = server.stdout.decode().partition("  openssl s_client")[2].partition("\n\n")[0]
        pasted = self.own(Process(["sh", "-c", f"openssl s_client{hint}"], "hint", stdin=True))
        pasted.write(b"typed\n")
        pasted.wait_for(lambda: b"\ntyped\n" in pasted.stdout or None, "the line again", 30)
        pasted.close_stdin()
        self.assertEqual(pasted.wait_exit(), 0)
        self.assertIn(b"Verification: OK", pasted.stdout)
        self.assertEqual(server.stop(30), 0)

    def test_our_client_reaches_it(self):
        server = self.start_server()
        client = self.start("client", "--server-name", "localhost", f"198.18.0.1:{HOST_PORT}")
        self.assertEqual(client.wait_exit(30), 0)
        self.assertEqual(client.stdout, b"hello server\n")
        self.assertEqual(server.stop(30), 0)

    def test_taken_port_is_named(self):
        with socket.create_server(("127.0.0.1", HOST_PORT)):
            server = self.start("server", f"--host-port={HOST_PORT}")
            self.assertEqual(server.wait_exit(), 69)
        self.assertRegex(server.lines[-1], f"port {HOST_PORT} .* taken .*--host-port")
        self.check_nothing_left()

    def test_port_that_is_none_is_named(self):
        server = self.start("server", "--host-port", "echo")
        self.assertEqual(server.wait_exit(), 64)
        self.assertIn('"echo" is no port number', server.lines[-1])


class Client(Script):
    def test_nobody_there(self):
        client = self.start("client")
        self.assertEqual(client.wait_exit(30), 69)
        self.assertIn("reason=refused", client.log())
        self.check_nothing_left()


class Usage(Script):
    def test_unknown_command(self):
        unknown = self.start("nonsense")
        self.assertEqual(unknown.wait_exit(), 64)
        self.assertEqual(unknown.lines[-1], 'run: there is no command "nonsense"')

    def test_unknown_preset(self):
        unknown = self.start("build", "nonsense")
        self.assertEqual(unknown.wait_exit(), 64)
        self.assertIn('there is no preset "nonsense"', unknown.lines[-1])

    def test_help(self):
        helped = self.start("help")
        self.assertEqual(helped.wait_exit(), 0)
        self.assertTrue(helped.stdout.startswith(b"usage: ./run"))

    def test_firmware_explains_its_own_options(self):
        helped = self.start("server", "--help")
        self.assertEqual(helped.wait_exit(30), 0)
        self.assertIn(b"--max-sessions", helped.stdout)


if __name__ == "__main__":
    harness.main()
