"""What the tests of the certificate scripts share."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

CERTS = os.path.normpath(os.path.join(os.path.dirname(__file__), "../../../certs"))
sys.path.insert(0, CERTS)

USER_FILES = ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")

_root = tempfile.TemporaryDirectory(prefix="tls-echo-test-certs-")


def run(*command, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def script(name, *arguments) -> subprocess.CompletedProcess:
    return run(os.path.join(CERTS, name), *arguments)


def blob(*arguments) -> subprocess.CompletedProcess:
    return run(sys.executable, "-B", os.path.join(CERTS, "blob.py"), *arguments)


def openssl(*arguments) -> str:
    result = run("openssl", *arguments)
    if result.returncode != 0:
        raise AssertionError(f"openssl {arguments}: {result.stderr}")
    return result.stdout


@functools.cache
def identities() -> str:
    """The folder that make-negative.sh made, once for all tests; to be left as it is."""
    folder = os.path.join(_root.name, "identities")
    result = script("make-negative.sh", folder)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return folder


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


class Case(unittest.TestCase):
    """A test with an empty folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tls-echo-test-certs-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names) -> str:
        return os.path.join(self.folder, *names)

    def user_folder(self, variant="") -> str:
        """A copy of a good identity (or of a variant) in the layout of a user's folder."""
        target = self.path("mine")
        os.mkdir(target)
        for name in USER_FILES:
            shutil.copy(os.path.join(identities(), variant, name), target)
        return target

    def assert_result(self, result, status, *texts):
        output = result.stdout + result.stderr
        self.assertEqual(result.returncode, status, output)
        for text in texts:
            self.assertIn(text, output)
        self.assertNotIn("Traceback", output)
