"""Is the time known, asked for and believed as the policy says, and are dates checked by it?

The machine that runs the tests has a clock. For a firmware without one, the blob says that it was
made in a month from now: then the machine's clock is one that cannot be right.
"""

import os
import shutil
import ssl
import struct
import tempfile
import time

import datedcerts
import dhcp
import harness
import services
import settings
from firmware import Firmware
from servers import tls_listener
from tlspeer import TlsPeer, connect, serve_echo

CONFIG, DEADLINE, UNTRUSTED = 78, 75, 77
DAY_S = 86400
MADE_DAY, NOW_DAY = 30, 90  # when the blob was made, and what day it really is: days from today
YEAR_2040 = 2208988800


def day(number):
    """Seconds since 1970 of a day relative to today."""
    return time.time() + number * DAY_S


class TimeTestCase(harness.TestCase):
    """Identities: always valid; begins: from between the blob's making and the real time; ends: until
    then; ended: before the blob was made."""

    folder = None
    blobs = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="tls-echo-time-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        windows = {"always": (-1, 800), "begins": (60, 800), "ends": (-1, 60), "ended": (-1, 15)}
        names = {f"{role}_{name}": days for role in ("server", "client")
                 for name, days in windows.items()}  # fmt: skip
        datedcerts.make(cls.folder, **names)
        cls.blobs = {name: cls.make_blob(name) for name in windows}

    @classmethod
    def make_blob(cls, name):
        return datedcerts.blob(cls.folder, f"server_{name}", f"client_{name}", day(MADE_DAY))

    def setUp(self):
        super().setUp()
        self.wire = self.make_wire()

    def time_server(self, *answers, unix_s=None):
        server = services.SntpServer(day(NOW_DAY) if unix_s is None else unix_s, *answers)
        self.addCleanup(server.close)
        return server

    def new_server(self, *args, identity="always", ip=None, **more):
        address = ip or f"{settings.SERVER_IP}/{settings.PREFIX_LEN}"
        first = ["--netif", self.wire.netif, "--ip", address, "--certs", self.blobs[identity]]
        return self.own(Firmware("tls-echo-server", [*first, *args], **more))

    def listening(self, *args, **more):
        server = self.new_server(*args, **more)
        server.wait_event("listening", 20)
        return server

    def path(self, name):
        return os.path.join(self.folder, name)

    def context(self, client=None):
        """Of a client that looks at no dates itself, with one of the client certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if client:
            context.load_cert_chain(
                self.path(f"client_{client}.pem"), self.path(f"client_{client}.key")
            )
        return context

    def peer(self, client=None):
        peer = TlsPeer(connect(), self.context(client))
        self.addCleanup(peer.sock.close)
        return peer

    def check_echoes(self, client=None):
        with TlsPeer(connect(), self.context(client)) as peer:
            self.assertEqual(peer.handshake().echo(b"in time"), b"in time")

    def check_refused(self, server, client, verify):
        """In TLS 1.3 the client learns of it with its first read."""
        since = server.mark()
        with TlsPeer(connect(), self.context(client)) as peer:
            with self.assertRaises((ssl.SSLError, OSError)):
                peer.handshake().echo(b"in time")
        failed = server.wait_event("handshake_failed", since=since)
        self.assertEqual((failed["reason"], failed["verify"]), ("untrusted", verify))


class WithoutAClock(TimeTestCase):
    """Policy lower-bound, and nobody who tells the time."""

    def test_policy_and_lower_bound_are_logged(self):
        server = self.listening()
        policy = server.find_events("time_policy")[0]
        self.assertEqual((policy["policy"], policy["clock"]), ("lower-bound", "lower-bound"))
        self.assertEqual(policy["sntp"], "none")
        made = time.strftime("%Y-%m-%dT%H", time.gmtime(day(MADE_DAY)))
        self.assertTrue(policy["lower_bound"].startswith(made[:10]), policy)
        unset = server.find_events("time_unset")[0]
        self.assertEqual(unset.level, "WARN")
        self.assertEqual(server.find_events("selfcheck", result="ok")[0]["clock"], "lower-bound")
        self.check_stopped(server)

    def test_what_is_certain_is_checked_and_the_rest_is_told(self):
        server = self.listening("--client-auth", "required")
        self.check_refused(server, "ended", "expired")
        self.assertEqual(server.find_events("check_deferred"), [])
        since = server.mark()
        self.check_echoes("begins")
        deferred = server.wait_event("check_deferred", since=since)
        self.assertEqual(deferred.level, "WARN")
        self.assertEqual((deferred["verify"], deferred["clock"]), ("not_yet_valid", "lower-bound"))
        self.assertTrue(deferred["not_before"].startswith("20"), deferred)
        since = server.mark()
        self.check_echoes("always")
        server.wait_event("closed", since=since)
        self.assertEqual(server.find_events("check_deferred", since=since), [])
        self.check_stopped(server)

    def test_own_certificate(self):
        """Expired for certain: no start. Not yet valid as far as one knows: a warning."""
        server = self.new_server(identity="ended")
        self.check_exit(server, CONFIG)
        failed = server.find_events("selfcheck", result="failed", check="dates")[0]
        self.assertIn("by the lower-bound clock", failed["reason"])
        server = self.listening(identity="begins")
        self.assertEqual(len(server.find_events("selfcheck", result="warning", check="dates")), 1)
        self.check_echoes()
        self.check_stopped(server)

    def test_the_machines_clock_is_believed_where_it_can_be(self):
        server = self.own(harness.new_server(self.wire))
        server.wait_event("listening", 20)
        self.assertEqual(server.find_events("time_policy")[0]["clock"], "system")
        self.assertEqual(server.find_events("time_unset"), [])
        self.check_stopped(server)


class ClockIsSet(TimeTestCase):
    """By SNTP, while the server runs."""

    def sntp(self, *args, **more):
        return self.listening("--sntp", settings.KERNEL_IP, *args, **more)

    def test_the_wall_clock_is_set_and_no_other(self):
        self.time_server()
        server = self.sntp("--stats-interval", "1")
        at = server.wait_event("time_set")
        self.assertEqual((at["source"], at["server"]), ("sntp", settings.KERNEL_IP))
        step_days = at.number("step_ms") / 1000 / DAY_S
        self.assertAlmostEqual(step_days, NOW_DAY - MADE_DAY, delta=0.01)
        now = time.mktime(time.strptime(at["now"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        self.assertAlmostEqual(now, day(NOW_DAY), delta=30)
        later = server.wait_event("stats", since=server.mark())
        self.assertLess(later.time_s - at.time_s, 10)
        self.check_stopped(server)

    def test_then_all_dates_are_checked(self):
        self.time_server()
        server = self.sntp("--client-auth", "required")
        server.wait_event("time_set")
        self.check_echoes("begins")
        self.assertEqual(server.find_events("check_deferred"), [])
        self.check_refused(server, "ends", "expired")
        self.check_stopped(server)

    def test_sessions_from_before_are_judged_again(self):
        self.time_server(services.SILENT, services.GOOD)
        server = self.sntp("--client-auth", "required")
        good, ends, begins = (self.peer(name) for name in ("always", "ends", "begins"))
        for peer in (good, ends, begins):
            self.assertEqual(peer.handshake().echo(b"early"), b"early")
        self.assertEqual(server.find_events("time_set"), [], "the test was too slow")
        server.wait_event("time_set", 20)
        lost = server.wait_event("trust_lost")
        self.assertEqual((lost["verify"], lost["clock"]), ("expired", "sntp"))
        closed = server.wait_event("closed", reason="refused")
        self.assertEqual(closed["session"], lost["session"])
        self.assertEqual(ends.read(), b"")
        for peer in (good, begins):
            self.assertEqual(peer.echo(b"late"), b"late")
        self.assertEqual(len(server.find_events("trust_lost")), 1)
        self.check_stopped(server)

    def test_tickets_from_before_are_void(self):
        self.time_server(services.SILENT, services.GOOD)
        server = self.sntp()
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        first = TlsPeer(connect(), context)
        first.handshake().echo(b"early")
        session = first.tls.session
        first.close_cleanly()
        server.wait_event("time_set", 20)
        for resumed, given in ((False, session), (True, None)):
            with TlsPeer(connect(), context, session=given or session) as peer:
                peer.handshake().echo(b"late")
                self.assertEqual(peer.tls.session_reused, resumed)
                session = peer.tls.session
        self.check_stopped(server)

    def test_own_certificate_turns_out_to_have_expired(self):
        """In 2040, which is in NTP's second era. We serve on: peers judge for themselves."""
        self.time_server(unix_s=YEAR_2040)
        server = self.sntp()
        self.assertTrue(server.wait_event("time_set")["now"].startswith("2040-01-01T"))
        warning = server.wait_event("identity_dates")
        self.assertEqual((warning.level, warning["verify"]), ("WARN", "expired"))
        self.check_echoes()
        self.check_stopped(server)


class Required(TimeTestCase):
    """Policy required: no clock, no TLS."""

    def required(self, *args, **more):
        return self.new_server("--time-policy", "required", *args, **more)

    def test_waits_for_the_clock_and_then_listens(self):
        self.time_server(services.SILENT, services.GOOD)
        server = self.required("--sntp", settings.KERNEL_IP)
        self.assertIn("waits_ms", server.wait_event("time_unset").fields)
        listening = server.wait_event("listening", 20)
        self.assertLess(server.find_events("time_set")[0].time_s, listening.time_s)
        self.check_echoes()
        self.check_stopped(server)

    def test_waits_no_longer_than_it_may(self):
        self.time_server(services.SILENT)
        server = self.required("--sntp", settings.KERNEL_IP, "--clock-timeout", "1500")
        self.check_exit(server, DEADLINE)
        self.assertEqual(server.find_events("deadline")[0]["phase"], "clock")
        self.assertEqual(server.find_events("listening"), [])

    def test_is_refused_where_nobody_could_set_the_clock(self):
        server = self.required()
        self.check_exit(server, CONFIG)
        failed = server.find_events("time_failed")[0]
        self.assertEqual(failed.level, "ERROR")
        self.assertIn("--sntp", failed["hint"])

    def test_own_certificate_is_checked_before_the_start(self):
        self.time_server()
        server = self.required("--sntp", settings.KERNEL_IP, identity="ends")
        self.check_exit(server, CONFIG)
        self.assertEqual(server.find_events("identity_dates")[0]["verify"], "expired")
        self.assertEqual(server.find_events("listening"), [])

    def test_can_be_stopped_while_it_waits(self):
        self.time_server(services.SILENT)
        server = self.required("--sntp", settings.KERNEL_IP)
        server.wait_event("net_up")
        self.check_stopped(server)

    def test_takes_commands_while_it_waits(self):
        self.time_server(services.SILENT)
        server = self.required("--sntp", settings.KERNEL_IP, "--console", "on", stdin=True)
        server.wait_event("net_up")
        server.write(b"sessions\nstats\n")
        server.wait_event("sessions", count="0")
        self.assertEqual(server.wait_event("stats").module, "console")
        server.write(b"drain\n")
        self.check_exit(server, 0)


class Client(TimeTestCase):
    """The same policy in the other role."""

    def serve(self, identity):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self.path(f"server_{identity}.pem"), self.path(f"server_{identity}.key")
        )
        listener = tls_listener(context, serve_echo, (ssl.SSLError, OSError))
        self.addCleanup(listener.close)
        return listener

    def new_client(self, listener, *args):
        first = ["--netif", self.wire.netif, "--certs", self.blobs["always"]]
        first += ["--ip", f"{settings.CLIENT_IP}/{settings.PREFIX_LEN}"]
        first += ["--server-name", settings.SERVER_NAME]
        return self.own(Firmware("tls-echo-client", [*first, *args, listener.host]))

    def test_without_a_clock(self):
        client = self.new_client(self.serve("begins"))
        self.check_exit(client, 0, 20)
        self.assertEqual(client.find_events("check_deferred")[0]["verify"], "not_yet_valid")
        client = self.new_client(self.serve("ended"))
        self.check_exit(client, UNTRUSTED, 20)
        self.assertEqual(client.find_events("handshake_failed")[0]["verify"], "expired")

    def test_waits_for_the_clock_and_judges_by_it(self):
        self.time_server()
        required = ("--time-policy", "required", "--sntp", settings.KERNEL_IP)
        client = self.new_client(self.serve("ends"), *required)
        self.check_exit(client, UNTRUSTED, 20)
        self.assertEqual(client.find_events("handshake_failed")[0]["verify"], "expired")
        client = self.new_client(self.serve("begins"), *required)
        self.check_exit(client, 0, 20)
        self.assertEqual(client.find_events("check_deferred"), [])

    def test_a_session_from_before_is_judged_again(self):
        self.time_server(services.SILENT, services.GOOD)
        first = ["--netif", self.wire.netif, "--certs", self.blobs["always"], "--stdin"]
        first += ["--ip", f"{settings.CLIENT_IP}/{settings.PREFIX_LEN}"]
        first += ["--server-name", settings.SERVER_NAME, "--sntp", settings.KERNEL_IP]
        listener = self.serve("ends")
        client = self.own(Firmware("tls-echo-client", [*first, listener.host], stdin=True))
        client.wait_event("handshake_ok", 20)
        self.check_exit(client, UNTRUSTED, 20)
        self.assertEqual(client.find_events("trust_lost")[0]["verify"], "expired")
        self.assertEqual(client.find_events("closed")[0]["reason"], "refused")


class TimeServers(TimeTestCase):
    """What is asked, of whom, and what is not believed."""

    def asking(self, *args, server=settings.KERNEL_IP, **more):
        return self.listening("--sntp", server, *args, **more)

    def test_the_question_tells_nothing_and_cannot_be_foreseen(self):
        """RFC 5905 figure 8: version 4, client; all else zero, and 64 random bits for the time."""
        time_server = self.time_server(services.SILENT, services.GOOD)
        server = self.asking()
        server.wait_event("time_set", 20)
        cookies = []
        for question in time_server.questions:
            self.assertEqual(question[:40], bytes([4 << 3 | 3]) + bytes(39))
            self.assertEqual(len(question), 48)
            cookies.append(struct.unpack("!II", question[40:]))
        (first_s, first), (second_s, second) = cookies
        self.assertGreater(abs(first_s - second_s), 1000)  # as times they would be 4 s apart
        self.assertNotEqual(first, second)
        self.check_stopped(server)

    def check_not_believed(self, how, reason, **fields):
        """One bad answer, then a good one: the bad one is named, the good one is taken."""
        time_server = self.time_server(how, services.GOOD)
        server = self.asking()
        failed = server.wait_event("time_failed", 20)
        self.assertEqual((failed.level, failed["reason"]), ("WARN", reason))
        self.assertEqual(failed["server"], settings.KERNEL_IP)
        for key, value in fields.items():
            self.assertEqual(failed[key], value)
        set_at = server.wait_event("time_set", 20)
        self.assertGreater(set_at.time_s - failed.time_s, 1.5)
        self.assertEqual(len(time_server.questions), 2)
        self.check_stopped(server)
        time_server.close()

    def test_no_answer(self):
        self.check_not_believed(services.SILENT, "no_answer", retry_ms="2000")

    def test_server_that_is_not_synchronized(self):
        self.check_not_believed(services.NOT_SYNCHRONIZED, "not_synchronized")

    def test_answer_to_another_question(self):
        self.check_not_believed(services.NOT_OURS, "not_ours")

    def test_broadcast(self):
        self.check_not_believed(services.MALFORMED, "malformed")

    def test_time_before_the_lower_bound(self):
        self.check_not_believed(services.IN_1980, "before_lower_bound", now="1980-01-01T00:00:00Z")

    def test_copy_of_an_answer_is_ignored(self):
        self.time_server(services.TWICE)
        server = self.asking()
        server.wait_event("time_set")
        self.check_echoes()
        self.check_stopped(server)
        self.assertEqual(len(server.find_events("time_set")), 1)

    def test_kiss_of_death(self):
        """DENY ends it: nothing more is asked."""
        time_server = self.time_server(services.kiss("DENY"))
        server = self.asking("--stats-interval", "5")
        failed = server.wait_event("time_failed")
        self.assertEqual((failed["reason"], failed["code"]), ("kiss_of_death", "DENY"))
        self.assertEqual(failed["asking"], "ended")
        self.check_echoes()
        server.wait_event("stats")
        self.assertEqual(len(time_server.questions), 1)
        self.check_stopped(server)

    def test_asked_to_be_patient(self):
        time_server = self.time_server(services.kiss("RATE"))
        server = self.asking("--stats-interval", "5")
        failed = server.wait_event("time_failed")
        self.assertEqual((failed["code"], failed["asking"]), ("RATE", "less"))
        server.wait_event("stats")
        self.assertEqual(len(time_server.questions), 1)
        self.check_stopped(server)

    def test_server_by_name(self):
        self.time_server()
        dns = services.DnsServer({"time.test": settings.KERNEL_IP})
        self.addCleanup(dns.close)
        server = self.asking("--dns", settings.KERNEL_IP, server="time.test")
        self.assertEqual(server.wait_event("time_set")["server"], settings.KERNEL_IP)
        self.assertIn("time.test", dns.asked)
        self.check_stopped(server)

    def test_name_that_does_not_exist(self):
        dns = services.DnsServer({})
        self.addCleanup(dns.close)
        server = self.asking("--dns", settings.KERNEL_IP, server="no-such.test")
        failed = server.wait_event("time_failed", 20)
        self.assertEqual((failed["server"], failed["reason"]), ("no-such.test", "name_not_found"))
        self.check_stopped(server)

    def lease(self, ntp_ip):
        server = dhcp.DhcpServer(self.wire.interface, settings.SERVER_IP)
        server.ntp_ip = ntp_ip
        self.addCleanup(server.close)

    def test_server_that_dhcp_names(self):
        self.time_server()
        self.lease(settings.KERNEL_IP)
        server = self.asking(server="dhcp", ip="dhcp")
        self.assertEqual(server.wait_event("time_set")["server"], settings.KERNEL_IP)
        self.check_stopped(server)

    def test_dhcp_names_none(self):
        self.lease(None)
        server = self.asking(server="dhcp", ip="dhcp")
        self.assertEqual(server.wait_event("time_failed")["reason"], "dhcp_names_none")
        self.check_stopped(server)

    def test_dhcps_server_is_not_asked_unless_wanted(self):
        time_server = self.time_server()
        self.lease(settings.KERNEL_IP)
        server = self.listening(ip="dhcp")
        self.check_echoes()
        self.check_stopped(server)
        self.assertEqual(time_server.questions, [])


if __name__ == "__main__":
    harness.main()
