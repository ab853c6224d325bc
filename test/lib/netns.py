"""Runs the calling program again in a network namespace of its own."""

import os
import subprocess
import sys

import guard

MARK = "TLS_ECHO_TEST_NETNS"


def ip(*words):
    """Runs ip(8); what it complains about becomes the exception's text."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _namespace():
    return os.readlink("/proc/self/ns/net")


def enter():
    """Returns inside a fresh namespace with lo up, or does not return. Root needs no user
    namespace; an ordinary user is root inside one."""
    outside = os.environ.get(MARK)
    if outside is None:
        os.environ[MARK] = _namespace()
        flags = "-n" if os.geteuid() == 0 else "-rn"
        command = ["unshare", flags, "--", sys.executable, *sys.argv]
        os.execvp(command[0], command)
    if outside == _namespace():
        raise RuntimeError("still in the namespace that the test was started from")
    ip("link", "set", "lo", "up")
    guard.check()
