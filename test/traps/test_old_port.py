"""Can a peer come back from a port whose old connection is still in TIME_WAIT here?

A busy client runs through its ports within the minute that TIME_WAIT lasts. RFC 1122 section 4.2.2.13
lets its new SYN take the old connection's place.
"""

import harness
import settings
from rawtcp import FrameQueue, RawConnection


class OldPort(harness.TestCase):
    def test_new_syn_takes_the_place_of_time_wait(self):
        wire = self.make_wire()
        queue = FrameQueue(wire.interface)
        self.addCleanup(queue.close)
        server = self.start_server(wire)
        where = (settings.SERVER_IP, server.wait_event("net_up")["mac"], settings.PORT)
        timeout_s = 5 * settings.PATIENCE
        old = RawConnection(queue, *where, timeout_s)
        old.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while old.recv(4096):
            pass  # the alert, then the server's FIN: it ends first
        old.finish()
        server.wait_event("handshake_failed", reason="failed")
        since = server.mark()
        new = RawConnection(queue, *where, timeout_s, port=old.port, seq=old.seq + 100_000)
        server.wait_event("accepted", since=since)
        new.close()


if __name__ == "__main__":
    harness.main()
