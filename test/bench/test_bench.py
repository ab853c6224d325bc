"""Does the benchmark work? One short round of it: every row of its tables comes, with numbers that can
be true. How fast anything is, is not asked."""

import json
import math
import os
import subprocess
import sys

import harness
import settings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import report  # pylint: disable=wrong-import-position
import targets  # pylint: disable=wrong-import-position

# What is in each build of the preset host: the firmware and these peers.
TLS_PEERS = {"mbedtls-lwip", "tutorial-literal", "tutorial-tuned", "mbedtls-default"}
HANDSHAKE_PEERS = TLS_PEERS | {"ssl_server2"}
RAW_PEERS = {"raw-lwip", "raw-posix"}


class QuickBench(harness.TestCase):
    """All tests look at the results of one run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = os.path.join(settings.BUILD_DIR, "bench-quick")
        words = ["--bin", settings.BIN_DIR, "--out", folder, "--quick"]
        cls.done = subprocess.run(
            [sys.executable, os.path.join(HERE, "bench.py"), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        with open(os.path.join(folder, "bench.json"), encoding="utf-8") as file:
            cls.results = json.load(file)
        cls.tables = {table.title: table for table in report.tables(cls.results)}

    def labels(self, peers):
        return {self.results["labels"][peer] for peer in peers}

    def check_table(self, title, peers):
        """It has these peers' rows, each full of positive numbers."""
        table = self.tables[title]
        rows = dict(table.rows)
        for label in self.labels(peers):
            for column, value in zip(table.columns, rows[label]):
                self.assertIsNotNone(value, f"{title}: {label}: {column}")
                self.assertTrue(
                    math.isfinite(value.median) and value.least > 0,
                    f"{title}: {label}: {column}: {value}",
                )

    def test_nothing_failed(self):
        self.assertEqual(self.results["errors"], [], self.done.stderr)
        self.assertEqual(self.done.returncode, 0, self.done.stderr)

    def test_tables_are_full(self):
        self.check_table("Handshakes: server CPU each", HANDSHAKE_PEERS)
        self.check_table("Echo: server CPU for a MB", TLS_PEERS)
        self.check_table("Echo: MB a second", TLS_PEERS)
        self.check_table("Round trip", TLS_PEERS)
        self.check_table("Many sessions: server CPU for a message", TLS_PEERS)
        self.check_table("TCP without TLS", RAW_PEERS)
        crypto = dict(self.tables["The cryptography alone"].rows)
        self.assertEqual(len(crypto), 3)
        for label, values in crypto.items():
            self.assertTrue(all(value.least > 0 for value in values), label)

    def test_targets_are_judged(self):
        """Each that this build has the peers for."""
        verdicts = [target.verdict for target in targets.all_targets(self.results)]
        self.assertGreaterEqual(len([one for one in verdicts if one != "not measured"]), 7)

    def test_table_is_printed(self):
        for title in self.tables:
            self.assertIn(title, self.done.stdout)

    def test_the_right_thing_was_measured(self):
        """The versions, suites and groups that the tables name; resumed where it says so."""
        for cell in self.results["cells"]:
            where = f"{cell['peer']}, {cell['cell']}"
            if cell["cell"].startswith("raw"):
                self.assertEqual(cell["version"], "", where)
                continue
            version = "TLSv1.2" if cell["cell"] == "full-tls12" else "TLSv1.3"
            suite = "CHACHA20" if cell["cell"].endswith("chacha") else "AES"
            self.assertEqual(cell["version"], version, where)
            self.assertIn(suite, cell["cipher"], where)
            resumed = cell["count"] if cell["cell"] == "resumed" else 0
            self.assertEqual(cell["resumed"], resumed, where)

    def test_firmware_counts_its_memory(self):
        """An idle session takes something, and less than the record buffers of a peer would."""
        rows = dict(self.tables["Memory of a session"].rows)
        firmware = rows[self.results["labels"]["mbedtls-lwip"]]
        self.assertTrue(0.5 < firmware[0].median < 64, str(firmware[0]))


if __name__ == "__main__":
    harness.main(namespace=False)
