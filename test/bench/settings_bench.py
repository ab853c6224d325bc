"""Where everything is, and how long it may take: what the command line says."""

import os


class Settings:  # pylint: disable=too-many-instance-attributes
    """bin_dir: programs of the benchmark; builds: folder with one build of the firmware a combination,
    or None: the one beside them."""

    server_name = "tls-echo.local"

    def __init__(self, options, work_dir):
        self.bin_dir = options.bin
        self.builds = options.builds
        self.work_dir = work_dir
        certs = os.path.join(work_dir, "certs")
        self.ca = os.path.join(certs, "ca.pem")
        self.chain = os.path.join(certs, "server.pem")
        self.key = os.path.join(certs, "server.key")
        self.blob = os.path.join(work_dir, "blob.bin")
        self.seconds = 0.15 if options.quick else 0.6
        # The firmware has memory for 64 sessions where nobody asked for more.
        self.session_counts = (1, 10, 30) if options.quick else (1, 10, 100, 1000)
        self.ping_counts = (1, 16) if options.quick else (1, 16, 100)
        self.sessions_max = max(self.session_counts)
        cores = sorted(os.sched_getaffinity(0))
        self.generator_core = cores[0] if len(cores) > 1 else None
        self.server_core = cores[1] if len(cores) > 1 else None

    def program(self, name):
        return os.path.join(self.bin_dir, name)

    def firmware_bin(self, combination):
        if self.builds:
            return os.path.join(self.builds, combination, "bin")
        return self.bin_dir if combination == "mbedtls-lwip" else os.devnull
