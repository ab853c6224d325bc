"""Does make-certs.sh make sound certificates, and make-negative.sh bad ones of each kind?"""

import datetime
import os
import stat
import unittest

from support import Case, blob, identities, openssl, read, script

PRIVATE = ("ca.key", "server.key", "client.key", "client.p12", "client.p12.password")


class MakeCerts(Case):
    def make(self, *options) -> str:
        out = self.path("out")
        self.assert_result(script("make-certs.sh", *options, out), 0)
        return out

    def text(self, out, name) -> str:
        path = os.path.join(out, name)
        return openssl("x509", "-in", path, "-noout", "-text", "-nameopt", "RFC2253")

    def test_ec_chains_verify(self):
        out = self.make()
        self.check_chains(out)
        for name in ("ca", "server", "client"):
            self.assertIn("NIST CURVE: P-256", self.text(out, f"{name}.pem"))

    def test_rsa_chains_verify(self):
        out = self.make("--key", "rsa")
        self.check_chains(out)
        for name in ("ca", "server", "client"):
            self.assertIn("Public-Key: (2048 bit)", self.text(out, f"{name}.pem"))

    def check_chains(self, out):
        ca = os.path.join(out, "ca.pem")
        for role in ("server", "client"):
            leaf = os.path.join(out, f"{role}.pem")
            openssl("verify", "-x509_strict", "-CAfile", ca, "-purpose", f"ssl{role}", leaf)
        self.assert_result(blob("pack", out, self.path("blob.bin")), 0)

    def test_server_has_its_extensions(self):
        text = self.text(self.make(), "server.pem")
        for expected in (
            "X509v3 Basic Constraints: critical\n                CA:FALSE",
            "X509v3 Key Usage: critical\n                Digital Signature\n",
            "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
            "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
            "DNS:tls-echo.local, DNS:localhost, IP Address:198.18.0.2, IP Address:127.0.0.1, "
            "IP Address:2001:DB8:0:0:0:0:0:2, IP Address:0:0:0:0:0:0:0:1\n",
            "Signature Algorithm: ecdsa-with-SHA256",
            "Subject: CN=tls-echo server,O=TLS echo firmware\n",
        ):
            self.assertIn(expected, text)

    def test_client_and_ca_have_their_extensions(self):
        out = self.make()
        self.assertIn("TLS Web Client Authentication\n", self.text(out, "client.pem"))
        ca = self.text(out, "ca.pem")
        self.assertIn("X509v3 Basic Constraints: critical\n                CA:TRUE", ca)
        self.assertIn("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n", ca)

    def test_more_names_are_added(self):
        text = self.text(self.make("--san", "DNS:echo.example,IP:198.18.0.9"), "server.pem")
        self.assertIn("IP Address:0:0:0:0:0:0:0:1, DNS:echo.example, IP Address:198.18.0.9\n", text)

    def test_validity_begins_in_the_past(self):
        out = self.make()
        now = datetime.datetime.now(datetime.timezone.utc)
        for name, days in (("ca", 3653), ("server", 824), ("client", 824)):
            path = os.path.join(out, f"{name}.pem")
            first, last = (self.date(path, option) for option in ("-startdate", "-enddate"))
            self.assertLess(first, now - datetime.timedelta(hours=23))
            self.assertEqual(round((last - first) / datetime.timedelta(days=1)), days)

    def date(self, path, option) -> datetime.datetime:
        text = openssl("x509", "-in", path, "-noout", option).split("=")[1].strip()
        date = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y %Z")
        return date.replace(tzinfo=datetime.timezone.utc)

    def test_private_files_are_private(self):
        out = self.make()
        for name in os.listdir(out):
            mode = stat.S_IMODE(os.stat(os.path.join(out, name)).st_mode)
            self.assertEqual(mode, 0o600 if name in PRIVATE else 0o644, name)

    def test_der_is_the_same_certificate(self):
        out = self.make()
        der = openssl("x509", "-inform", "DER", "-in", os.path.join(out, "server.der"))
        self.assertEqual(der.encode(), read(os.path.join(out, "server.pem")))

    def test_pkcs12_opens_with_its_password(self):
        out = self.make()
        p12 = os.path.join(out, "client.p12")
        password = "file:" + p12 + ".password"
        text = openssl("pkcs12", "-in", p12, "-passin", password, "-nodes", "-info")
        self.assertIn("BEGIN PRIVATE KEY", text)
        self.assertEqual(text.count("BEGIN CERTIFICATE"), 2)

    def test_an_older_run_is_kept_unless_forced(self):
        out = self.make()
        before = read(os.path.join(out, "server.key"))
        self.assert_result(script("make-certs.sh", out), 73, "--force")
        self.assertEqual(read(os.path.join(out, "server.key")), before)
        self.assert_result(script("make-certs.sh", "--force", out), 0)
        self.assertNotEqual(read(os.path.join(out, "server.key")), before)

    def test_nothing_is_left_of_a_run_that_failed(self):
        out = self.path("out")
        result = script("make-certs.sh", "--san", "IP:1.2.3.4.5", out)
        self.assert_result(result, 70, "bad ip address")
        self.assertEqual(os.listdir(out), [])

    def test_usage_errors(self):
        for arguments in (
            [],
            ["--key"],
            ["--key", "dsa", self.path("out")],
            ["--unknown", self.path("out")],
            ["--san", "email:a", self.path("out")],
            ["--san", "DNS:a\nkeyUsage=any", self.path("out")],
            ["--san", "DNS:a$b", self.path("out")],
            [self.path("out"), self.path("more")],
        ):
            with self.subTest(arguments=arguments):
                self.assert_result(script("make-certs.sh", *arguments), 64)
                self.assertFalse(os.path.exists(self.path("out")))


class MakeNegative(Case):
    """Each variant is bad in its own way and in no other."""

    GOOD = ("good", "rsa", "rsa_ca", "intermediate", "many_cas", "unknown_ca", "wrong_name")
    BAD = {
        "expired": "expired at",
        "not_yet_valid": "not valid before",
        "key_mismatch": "not the key of",
        "weak": "RSA-1024",
        "weak_sha1": "sha1) is too weak",
        "bad_usage": "key usage does not allow",
    }

    def test_good_ones(self):
        for name in self.GOOD:
            with self.subTest(name):
                result = blob("check", os.path.join(identities(), f"{name}.bin"))
                self.assert_result(result, 0, "all well")
                self.assertEqual(result.stderr, "")

    def test_bad_ones(self):
        for name, reason in self.BAD.items():
            with self.subTest(name):
                result = blob("check", os.path.join(identities(), f"{name}.bin"))
                self.assert_result(result, 65)
                lines = result.stderr.splitlines()
                self.assertEqual(len(lines), 2, lines)
                for role, line in zip(("server", "client"), lines):
                    self.assertIn(reason, line)
                    self.assertIn(role, line)

    def test_bad_blobs(self):
        for name, reason in (
            ("cut", "cut short"),
            ("corrupt", "corrupt"),
            ("too_large", "too large"),
        ):
            with self.subTest(name):
                result = blob("check", os.path.join(identities(), f"{name}.bin"))
                self.assert_result(result, 65, reason)

    def test_unknown_ca_is_unknown_to_the_good_one(self):
        ca = os.path.join(identities(), "ca.pem")
        leaf = os.path.join(identities(), "unknown_ca", "server.pem")
        with self.assertRaises(AssertionError):
            openssl("verify", "-CAfile", ca, leaf)
        many = os.path.join(identities(), "many_cas", "ca.pem")
        openssl("verify", "-CAfile", many, leaf)

    def test_wrong_name_is_wrong(self):
        leaf = os.path.join(identities(), "wrong_name", "server.pem")
        text = openssl("x509", "-in", leaf, "-noout", "-ext", "subjectAltName")
        self.assertIn("DNS:wrong.invalid, IP Address:198.18.255.250", text)
        self.assertNotIn("tls-echo", text)


if __name__ == "__main__":
    unittest.main()
