"""A child process whose output threads collect, and whose end nobody can forget."""

import os
import shutil
import signal
import subprocess
import threading
import time

import settings

# Bounded, so that a peer that prints without end cannot eat the machine.
OUTPUT_MAX = 64 << 20

CPUCLOCK_SCHED = 2


def process_cpu_s(pid):
    """CPU time of all threads of a process, those that have ended included
    (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


def _standard_input(stdin):
    if isinstance(stdin, bool):
        return subprocess.PIPE if stdin else subprocess.DEVNULL
    return stdin


class Process:
    """Started at once; stdout is kept as bytes, stderr as lines. Dies with its parent. stdin: True
    for a pipe that write() fills, or a descriptor, which stays the caller's."""

    def __init__(self, argv, name, stdin=False, prefix=(), environment=None):
        self.name = name
        self.argv = list(argv)
        self.stdout = bytearray()
        self.lines = []
        self.changed = threading.Condition()
        self._open_streams = 2
        self._popen = subprocess.Popen(
            [shutil.which("setpriv"), "--pdeathsig", "KILL", *prefix, *self.argv],
            stdin=_standard_input(stdin),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **(environment or {})},
        )
        self._threads = [
            threading.Thread(target=self._collect_stdout, daemon=True),
            threading.Thread(target=self._collect_lines, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self):
        return self._popen.pid

    @property
    def running(self):
        return self._popen.poll() is None

    def _collect_stdout(self):
        while chunk := self._popen.stdout.read(65536):
            self._store(lambda data=chunk: self._keep(data))
        self._stream_ended()

    def _keep(self, data):
        if len(self.stdout) < OUTPUT_MAX:
            self.stdout += data

    def _collect_lines(self):
        rest = b""
        while chunk := self._popen.stderr.read(65536):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                self._take_line(line.decode("utf-8", "backslashreplace"))
        if rest:
            self._take_line(rest.decode("utf-8", "backslashreplace"))
        self._stream_ended()

    def _take_line(self, line):
        self._store(lambda: self.on_line(line))

    def on_line(self, line):
        """Called for each line of stderr, with the condition held."""
        self.lines.append(line)

    def _store(self, action):
        with self.changed:
            action()
            self.changed.notify_all()

    def _stream_ended(self):
        with self.changed:
            self._open_streams -= 1
            self.changed.notify_all()

    @property
    def ended(self):
        """No more output will come."""
        return self._open_streams == 0

    def wait_for(self, found, what, timeout_s):
        """Waits until found() is not None and returns it. found runs with the condition held."""
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while True:
                result = found()
                if result is not None:
                    return result
                left = deadline - time.monotonic()
                if self.ended:
                    raise AssertionError(f"{self.name} ended before {what}")
                if left <= 0:
                    raise AssertionError(f"{self.name}: no {what} within {timeout_s:.1f} s")
                self.changed.wait(left)

    def wait_stdout(self, count, timeout_s=10.0):
        """Waits until at least count bytes came and returns all that came."""
        return self.wait_for(
            lambda: bytes(self.stdout) if len(self.stdout) >= count else None,
            f"{count} bytes on stdout",
            timeout_s * settings.PATIENCE,
        )

    def wait_line(self, text, timeout_s=10.0):
        """Waits for a line of stderr that contains text."""
        return self.wait_for(
            lambda: next((line for line in self.lines if text in line), None),
            f"line with {text!r}",
            timeout_s * settings.PATIENCE,
        )

    def write(self, data):
        """Writes all of data to its standard input; waits while the pipe is full."""
        view = memoryview(data)
        while view:
            view = view[self._popen.stdin.write(view) :]

    def close_stdin(self):
        self._popen.stdin.close()

    def drop_stderr(self):
        """Nobody reads what it says on stderr from now on: the pipe's reader is gone."""
        os.dup2(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), self._popen.stderr.fileno())

    def signal(self, number):
        self._popen.send_signal(number)

    def wait_exit(self, timeout_s=10.0):
        """The exit status, negative for a signal's number."""
        try:
            status = self._popen.wait(timeout_s * settings.PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {timeout_s:.1f} s") from None
        for thread in self._threads:
            thread.join(5)
        return status

    def stop(self, timeout_s=10.0):
        """Asks the process to end, and returns its exit status."""
        if self.running:
            self.signal(signal.SIGTERM)
        return self.wait_exit(timeout_s)

    def kill(self):
        """Ends it whatever it does; for cleaning up."""
        if self.running:
            self._popen.kill()
        self._popen.wait()
        for thread in self._threads:
            thread.join(5)
        for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if stream:
                stream.close()

    def log(self):
        """What it said, for a failed test's report."""
        status = "running" if self.running else f"status {self._popen.returncode}"
        head = f"---- {self.name} ({status}): {' '.join(self.argv)}"
        return "\n".join([head, *self.lines[-200:]])
