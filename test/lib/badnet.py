"""A bad network: the relay of test/faults/relay between the kernel's wire and the firmware's."""

import os

import wire
from firmware import Firmware

SEED = 20260131


class Relay(Firmware):
    """netrelay between two netifs; settings as on its command line: loss=5, delay="20,0"."""

    def __init__(self, side_a, side_b, *args, seed=SEED, **settings):
        words = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        args = [f"--seed={seed}", *words, *args, side_a, side_b]
        super().__init__("netrelay", args, stdin=True)
        self.wait_event("ready", 20)

    def tell(self, command, event, **match):
        """A command for its standard input; waits for the event that answers it."""
        since = self.mark()
        self.write(f"{command}\n".encode())
        return self.wait_event(event, since=since, **match)

    def stats(self, lane):
        """The numbers of a direction, "a_to_b" or "b_to_a"."""
        return self.tell("stats", "stats", lane=lane)


class BadWire:
    """In place of a wire: what the firmware sends to the kernel and back goes through a relay. A is
    the kernel's side. netif: what the firmware is given."""

    def __init__(self, folder, **settings):
        self._wire = wire.make(segments=True)
        self.interface = self._wire.interface
        path = os.path.join(folder, "wire")
        self.netif = f"stream:connect={path}"
        self.relay = Relay(self._wire.netif, f"stream:listen={path}", **settings)

    def close(self):
        self.relay.kill()
        self._wire.close()
