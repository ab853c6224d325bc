"""Does each bad folder of the user's get its own message, and each good one a blob?"""

import base64
import os
import shutil
import unittest

from support import Case, blob, identities, openssl, read, write

import blob_format  # found through support
import x509


class UserFolder(Case):
    def setUp(self):
        super().setUp()
        self.mine = self.user_folder()
        self.out = self.path("blob.bin")

    def file(self, name) -> str:
        return os.path.join(self.mine, name)

    def take(self, name, variant, source=None):
        shutil.copy(os.path.join(identities(), variant, source or name), self.file(name))

    def rewrite(self, key, *command):
        """Has openssl turn a key file into another form of itself."""
        openssl(*command, "-in", key, "-out", key + ".new")
        os.replace(key + ".new", key)

    def pack(self, *options):
        return blob("pack", *options, self.mine, self.out)

    def assert_refused(self, *texts):
        self.assert_result(self.pack(), 65, *texts)
        self.assertFalse(os.path.exists(self.out))

    def assert_packed(self, *texts):
        result = self.pack()
        self.assert_result(result, 0, *texts)
        if not texts:
            self.assertEqual(result.stderr, "")
        self.assertEqual(os.stat(self.out).st_mode & 0o777, 0o600)

    # ---- Good ones

    def test_good(self):
        self.assert_packed()

    def test_no_client(self):
        os.unlink(self.file("client.pem"))
        os.unlink(self.file("client.key"))
        self.assert_packed()
        self.assert_result(blob("show", self.out), 0, "client: none")

    def test_intermediate(self):
        self.take("server.pem", "intermediate")
        self.take("server.key", "intermediate")
        self.assert_packed()
        self.assert_result(blob("show", self.out), 0, "server certificate 2 of 2")

    def test_several_cas(self):
        self.take("ca.pem", "many_cas")
        self.assert_packed()
        self.assert_result(blob("show", self.out), 0, "CA 2 of 2")

    def test_text_around_the_pem_and_other_line_ends(self):
        text = b"subject: me\n\n" + read(self.file("server.pem")) + b"\ntrailing words\n"
        write(self.file("server.pem"), text.replace(b"\n", b"\r\n"))
        self.assert_packed()

    def test_other_key_formats(self):
        key = self.file("server.key")
        self.rewrite(key, "ec")
        parameters = openssl("ecparam", "-name", "prime256v1").encode()
        write(key, parameters + read(key))
        self.assertIn(b"BEGIN EC PRIVATE KEY", read(key))
        self.assert_packed()

    def test_rsa_key_in_pkcs1(self):
        self.take("server.pem", "rsa")
        self.take("server.key", "rsa")
        key = self.file("server.key")
        self.rewrite(key, "rsa", "-traditional")
        self.assertIn(b"BEGIN RSA PRIVATE KEY", read(key))
        self.assert_packed()

    # ---- Files

    def test_no_folder(self):
        self.mine = self.path("nowhere")
        self.assert_refused("nowhere: no such folder")

    def test_each_missing_file_is_named(self):
        for name in ("ca.pem", "server.pem", "server.key"):
            os.unlink(self.file(name))
        self.assert_refused("ca.pem: missing", "server.pem: missing", "server.key: missing")

    def test_client_certificate_without_key(self):
        os.unlink(self.file("client.key"))
        self.assert_refused("client.pem is there but client.key is not")

    def test_client_key_without_certificate(self):
        os.unlink(self.file("client.pem"))
        self.assert_refused("client.key is there but client.pem is not")

    def test_folder_in_place_of_a_file(self):
        os.unlink(self.file("ca.pem"))
        os.mkdir(self.file("ca.pem"))
        self.assert_refused("ca.pem: not a file")

    def test_too_large_file(self):
        write(self.file("ca.pem"), b"-----BEGIN CERTIFICATE-----\n" * 100000)
        self.assert_refused("ca.pem: too large")

    def test_readable_key_is_a_warning(self):
        os.chmod(self.file("server.key"), 0o644)
        self.assert_packed("warning: server.key: others on this machine may read it: chmod 600")

    # ---- PEM

    def test_not_pem(self):
        write(self.file("server.pem"), b"hello\n")
        self.assert_refused("server.pem: not PEM")

    def test_empty_file(self):
        write(self.file("server.key"), b"")
        self.assert_refused("server.key: not PEM")

    def test_der(self):
        self.take("server.pem", "", "server.der")
        self.assert_refused("server.pem: DER, not PEM", "openssl x509 -inform DER -in")

    def test_key_in_der(self):
        key = self.file("server.key")
        self.rewrite(key, "pkey", "-outform", "DER")
        self.assert_refused("server.key: DER, not PEM", "openssl pkey -inform DER -in")

    def test_cut_pem(self):
        data = read(self.file("server.pem"))
        write(self.file("server.pem"), data[: len(data) - 40])
        self.assert_refused("server.pem: damaged PEM: a -----BEGIN line has no -----END")

    def test_not_base64(self):
        data = read(self.file("server.pem"))
        write(self.file("server.pem"), data[:100] + b"*" + data[101:])
        self.assert_refused("server.pem: damaged PEM: a certificate is not base64")

    def test_not_a_certificate_inside(self):
        pem = b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
        write(self.file("server.pem"), pem)
        self.assert_refused("server.pem: not a certificate that openssl can read")

    def test_bytes_behind_a_certificate(self):
        der = read(os.path.join(identities(), "server.der")) + b"\0"
        body = base64.encodebytes(der)
        pem = b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
        write(self.file("server.pem"), pem)
        self.assert_refused("server.pem: not a certificate that openssl can read")

    def test_request_in_place_of_a_certificate(self):
        self.take("server.pem", "", "server.csr")
        self.assert_refused("server.pem: a request, not a certificate: have a CA sign it")

    def test_key_in_place_of_a_certificate(self):
        self.take("server.pem", "", "server.key")
        self.assert_refused("server.pem: no certificate in it, but: PRIVATE KEY")

    def test_certificate_in_place_of_a_key(self):
        self.take("server.key", "", "server.pem")
        self.assert_refused("server.key: no private key in it")

    def test_damaged_key(self):
        data = read(self.file("server.key")).splitlines(keepends=True)
        write(self.file("server.key"), data[0] + data[2] + data[-1])
        self.assert_refused("server.key: not a private key that openssl can read")

    def test_two_keys(self):
        write(self.file("server.key"), read(self.file("server.key")) * 2)
        self.assert_refused("server.key: 2 private keys in it")

    # ---- Keys

    def test_encrypted_key_and_the_way_out(self):
        key = self.file("server.key")
        self.rewrite(key, "pkey", "-aes256", "-passout", "pass:secret")
        self.assert_refused("server.key: encrypted", f"openssl pkey -in {key} -out {key}.plain")
        self.decrypt_as_told(key)

    def test_encrypted_traditional_key(self):
        key = self.file("server.key")
        self.rewrite(key, "ec", "-aes256", "-passout", "pass:secret")
        self.assertIn(b"Proc-Type: 4,ENCRYPTED", read(key))
        self.assert_refused("server.key: encrypted", f"openssl pkey -in {key} -out {key}.plain")
        self.decrypt_as_told(key)

    def decrypt_as_told(self, key):
        # The command that the message gives, but for the password, which it would ask for.
        openssl("pkey", "-in", key, "-passin", "pass:secret", "-out", f"{key}.plain")
        os.replace(f"{key}.plain", key)
        self.assert_packed()

    def test_key_of_another_certificate(self):
        self.take("server.key", "key_mismatch")
        self.assert_refused("server.key: not the key of the server's certificate (CN=tls-echo server")

    def test_client_key_of_another_certificate(self):
        self.take("client.key", "key_mismatch")
        self.assert_refused("client.key: not the key of the client's certificate (CN=tls-echo client")

    def test_key_type_that_the_firmware_lacks(self):
        key = self.file("server.key")
        openssl("genpkey", "-algorithm", "ed25519", "-out", key)
        command = ["req", "-x509", "-key", key, "-subj", "/CN=x", "-out", self.file("server.pem")]
        openssl(*command)
        self.assert_refused("server.pem: the firmware takes no ED25519 key: use EC-P256, EC-P384")

    # ---- Certificates

    def test_expired(self):
        self.take("server.pem", "expired")
        self.take("server.key", "expired")
        self.assert_refused("server.pem: expired at 20", "replace it")

    def test_not_yet_valid(self):
        self.take("client.pem", "not_yet_valid")
        self.take("client.key", "not_yet_valid")
        self.assert_refused("client.pem: not valid before 20", "check this machine's clock")

    def test_bad_usage(self):
        self.take("server.pem", "", "client.pem")
        self.take("server.key", "", "client.key")
        self.assert_refused("server.pem: its key usage does not allow a TLS server")

    def test_chain_out_of_order(self):
        self.take("server.pem", "intermediate")
        self.take("server.key", "intermediate")
        data = read(self.file("server.pem"))
        end = data.index(b"-----END CERTIFICATE-----\n") + 26
        write(self.file("server.pem"), data[end:] + data[:end])
        self.assert_refused("server.pem, 1 of 2: out of order, should be: CN=tls-echo server,O=")

    def test_root_first(self):
        write(self.file("server.pem"), read(self.file("ca.pem")) + read(self.file("server.pem")))
        self.assert_refused("server.pem, 1 of 2: out of order, should be: CN=tls-echo server,O=")

    def test_stranger_in_the_chain(self):
        stranger = os.path.join(identities(), "client.pem")
        write(self.file("server.pem"), read(self.file("server.pem")) + read(stranger))
        self.assert_refused("server.pem, 1 of 2: the next one is not its issuer, which is CN=TLS")

    def test_issuer_of_the_same_name(self):
        other = os.path.join(identities(), "unknown_ca", "ca.pem")
        write(self.file("server.pem"), read(self.file("server.pem")) + read(other))
        self.assert_refused("server.pem, 1 of 2: the next one has its issuer's name, but did not")

    def test_unknown_ca_is_a_warning(self):
        self.take("server.pem", "unknown_ca")
        self.take("server.key", "unknown_ca")
        self.assert_packed("warning: server.pem: not from a CA in ca.pem")

    def test_no_names_is_a_warning(self):
        key = self.file("server.key")
        command = ["req", "-x509", "-key", key, "-subj", "/CN=x", "-days", "90"]
        openssl(*command, "-out", self.file("server.pem"))
        self.assert_packed("warning: server.pem: no subject alternative name")

    def test_soon_to_expire_is_a_warning(self):
        key = self.file("server.key")
        command = ["req", "-x509", "-key", key, "-subj", "/CN=x", "-days", "9"]
        openssl(*command, "-addext", "subjectAltName=DNS:x", "-out", self.file("server.pem"))
        self.assert_packed("warning: server.pem: expires soon")

    def test_trusted_certificate_that_is_no_ca_is_a_warning(self):
        shutil.copy(self.file("client.pem"), self.file("ca.pem"))
        self.assert_packed("warning: ca.pem: CN=tls-echo client,O=TLS echo firmware is no CA")

    def test_too_many_certificates(self):
        write(self.file("ca.pem"), read(self.file("ca.pem")) * 9)
        write(self.file("server.pem"), read(self.file("server.pem")) * 9)
        self.assert_refused("ca.pem: 9 certificates", "server.pem: 9 certificates")

    def test_eight_cas_are_taken(self):
        write(self.file("ca.pem"), read(self.file("ca.pem")) * 8)
        self.assert_packed()

    def test_too_large_in_all(self):
        bulky = os.path.join(identities(), "too_large.bin")
        contents = blob_format.decode(blob_format.blob_bytes(read(bulky)))
        pem = "".join(x509.to_pem(der) for der in contents.cas)
        write(self.file("ca.pem"), pem.encode())
        self.assert_refused("more than the firmware has room for", "use EC keys")

    def test_all_that_is_wrong_is_said_at_once(self):
        self.take("server.key", "key_mismatch")
        self.take("client.pem", "expired")
        self.take("client.key", "expired")
        self.assert_refused("server.key: not the key", "client.pem: expired")

    # ---- The files written

    def test_a_failed_pack_keeps_the_older_blob(self):
        self.assert_packed()
        before = read(self.out)
        os.unlink(self.file("ca.pem"))
        self.assert_result(self.pack(), 65)
        self.assertEqual(read(self.out), before)

    def test_depfile_names_what_was_read(self):
        os.unlink(self.file("client.pem"))
        os.unlink(self.file("client.key"))
        depfile = self.path("blob.d")
        self.assert_result(self.pack("--depfile", depfile), 0)
        target, _, sources = read(depfile).decode().strip().partition(": ")
        self.assertEqual(target, self.out)
        names = [self.file(name) for name in ("ca.pem", "server.pem", "server.key")]
        self.assertEqual(sources.split(), [self.mine, *names])

    def test_nothing_else_is_left(self):
        self.assert_packed()
        self.assertEqual(sorted(os.listdir(self.folder)), ["blob.bin", "mine"])


if __name__ == "__main__":
    unittest.main()
