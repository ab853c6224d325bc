"""Talks to QEMU's monitor (docs/interop/qmp-spec in QEMU): commands in, events out."""

import json
import os
import socket
import threading

import settings


class Monitor:
    """QEMU connects to us: give it argv, then call accept. The folder is the caller's."""

    def __init__(self, folder):
        path = os.path.join(folder, "monitor")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        self.argv = ["-chardev", f"socket,id=monitor,path={path}"]
        self.argv += ["-mon", "chardev=monitor,mode=control"]
        self.events = []
        self._answers = []
        self._changed = threading.Condition()
        self._ended = False
        self._stream = None
        self._thread = threading.Thread(target=self._collect, daemon=True)

    def accept(self, timeout_s=10.0):
        """Waits for QEMU; raises TimeoutError if it does not come."""
        self._listener.settimeout(timeout_s * settings.PATIENCE)
        connection, _ = self._listener.accept()
        self._listener.close()
        connection.settimeout(None)
        self._stream = connection.makefile("rw", encoding="utf-8")
        self._stream.readline()  # the greeting
        self._thread.start()
        self.run("qmp_capabilities")

    def _collect(self):
        try:
            for line in self._stream:
                self._take(json.loads(line))
        except (OSError, ValueError):
            pass
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take(self, message):
        with self._changed:
            if "event" in message:
                self.events.append(message)
            else:
                self._answers.append(message)
            self._changed.notify_all()

    def _wait(self, found, what, timeout_s):
        timeout_s *= settings.PATIENCE
        with self._changed:
            self._changed.wait_for(lambda: found() is not None or self._ended, timeout_s)
            result = found()
        if result is None:
            raise AssertionError(f"QEMU's monitor: no {what}")
        return result

    def run(self, command, **arguments):
        """Runs one command and returns what it answers."""
        json.dump({"execute": command, "arguments": arguments}, self._stream)
        self._stream.flush()
        answer = self._wait(lambda: self._answers[0] if self._answers else None, command, 10)
        with self._changed:
            self._answers.pop(0)
        if "error" in answer:
            raise AssertionError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def wait_event(self, name, timeout_s=10.0):
        """The first event of that name."""

        def found():
            return next((event for event in self.events if event["event"] == name), None)

        return self._wait(found, f"event {name}", timeout_s)

    def find_events(self, name):
        """All events of that name so far."""
        with self._changed:
            return [event for event in self.events if event["event"] == name]

    def close(self):
        self._listener.close()
        if self._stream:
            try:
                self._stream.close()
            except OSError:
                pass
