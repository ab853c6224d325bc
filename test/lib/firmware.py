"""The firmware as a process: options in, events out."""

import events
import settings
from process import Process, process_cpu_s

SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer")


def command(program):
    """The program's words on a command line; program is a name in bin/, or a path. A sanitizer's
    report names lines only with the unstripped copy."""
    if "/" in program:
        return [program]
    if settings.SANITIZED and program.startswith("tls-echo-"):
        return [settings.program("tls-echo.debug"), program.removeprefix("tls-echo-")]
    return [settings.program(program)]


class EventProcess(Process):
    """A process whose stderr is the firmware's console log."""

    def __init__(self, argv, name, **more):
        self.events = []
        self.other_lines = []
        super().__init__(argv, name, **more)

    def on_line(self, line):
        super().on_line(line)
        event = events.parse_line(line)
        if event is None:
            self.other_lines.append(line)
        else:
            self.events.append(event)

    def mark(self):
        """Where the log ends now: give it as since to look only at what comes later."""
        with self.changed:
            return len(self.events)

    def find_events(self, name, /, since=0, **match):
        """All events so far that match."""
        with self.changed:
            return [event for event in self.events[since:] if event.matches(name, match)]

    def wait_event(self, name, /, timeout_s=10.0, since=0, **match):
        """The first event after since that matches; waits for it if it has not come."""
        at = since

        def found():
            nonlocal at
            while at < len(self.events):
                event = self.events[at]
                at += 1
                if event.matches(name, match):
                    return event
            return None

        what = " ".join([name, *(f"{key}={value}" for key, value in match.items())])
        return self.wait_for(found, f"event {what!r}", timeout_s * settings.PATIENCE)

    def complaints(self):
        """What a sanitizer said; empty for healthy code."""
        return [
            line for line in self.other_lines if any(mark in line for mark in SANITIZER_MARKS)
        ]

    def cpu_time_s(self):
        """CPU time of all its threads so far."""
        return process_cpu_s(self.pid)


class Firmware(EventProcess):
    """tls-echo-server or tls-echo-client, natively or under the emulator."""

    def __init__(self, program, args, name=None, runner=None, **more):
        runner = settings.RUNNER if runner is None else runner
        super().__init__([*runner, *command(program), *args], name or program, **more)
