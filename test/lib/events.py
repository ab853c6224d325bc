"""Reads the console log: one event a line, key=value after the event's name."""

import re
from dataclasses import dataclass, field

LINE = re.compile(r"^\[ *(\d+\.\d{6})\] (ERROR|WARN|INFO|DEBUG) +(\w+) +(\w+)(?: (.*))?$")
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^" ]*)(?: |$)')
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")


@dataclass
class Event:
    """One line of the log; time_s counts from the firmware's start."""

    time_s: float
    level: str
    module: str
    name: str
    fields: dict = field(default_factory=dict)

    def __getitem__(self, key):
        return self.fields[key]

    def number(self, key):
        return float(self.fields[key])

    def matches(self, name, wanted):
        """wanted: the value of each field, or a function that says whether one will do."""
        return self.name == name and all(
            key in self.fields and _is_wanted(self.fields[key], value)
            for key, value in wanted.items()
        )


def _is_wanted(actual, wanted):
    return wanted(actual) if callable(wanted) else actual == str(wanted)


def _unescape(match):
    text = match.group(1)
    return chr(int(text[1:], 16)) if len(text) == 3 and text[0] == "x" else text


def _value(text):
    return ESCAPE.sub(_unescape, text[1:-1]) if text.startswith('"') else text


def parse_fields(text):
    """Splits key=value pairs. Raises ValueError when anything is left over."""
    fields = {}
    at = 0
    while at < len(text):
        match = PAIR.match(text, at)
        if not match:
            raise ValueError(f"not key=value: {text[at:]!r}")
        fields[match.group(1)] = _value(match.group(2))
        at = match.end()
    return fields


def parse_line(line):
    """The event of one line; None if the line is no event at all."""
    match = LINE.match(line)
    if not match:
        return None
    time_s, level, module, name, rest = match.groups()
    return Event(float(time_s), level, module, name, parse_fields(rest or ""))
