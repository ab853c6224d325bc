"""What ctest tells the tests: which program, run how, and where its surroundings are."""

import os
import shlex

BIN_DIR = os.environ.get("TLS_ECHO_BIN_DIR", "")
BUILD_DIR = os.environ.get("TLS_ECHO_BUILD_DIR", "")
SOURCE_DIR = os.environ.get("TLS_ECHO_SOURCE_DIR", "")
CERTS_DIR = os.environ.get("TLS_ECHO_TEST_CERTS", "")
BOARD = os.environ.get("TLS_ECHO_BOARD", "")
# What the board boots: kernel8.img, initramfs.zst and sdcard.img.
IMAGE_DIR = os.environ.get("TLS_ECHO_IMAGE_DIR", "")
# The Debian package is the one file in it.
PACKAGE_DIR = os.path.join(BUILD_DIR, "package")
OPENSSL = os.environ.get("TLS_ECHO_OPENSSL", "openssl")

# The emulator and its options before the program's name; empty when it runs natively.
RUNNER = shlex.split(os.environ.get("TLS_ECHO_RUNNER", ""))
EMULATED = bool(RUNNER)
SANITIZED = os.environ.get("TLS_ECHO_KIND") == "sanitized"

# How much longer than a native program this one may take for the same thing.
PATIENCE = 4.0 if EMULATED or SANITIZED else 1.0

# Seconds after which a test file gives up by itself, so that it can still clean up.
TIME_LIMIT_S = int(os.environ.get("TLS_ECHO_TIME_LIMIT", "0"))

KERNEL_IP = "198.18.0.1"
SERVER_IP = "198.18.0.2"
CLIENT_IP = "198.18.0.3"
PREFIX_LEN = 24
PORT = 8433
SERVER_NAME = "tls-echo.local"


def program(name):
    """Path of tls-echo-server, tls-echo-client or tls-echo in the build tree."""
    return os.path.join(BIN_DIR, name)
