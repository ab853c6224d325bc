/* Does the watchdog's device get what its driver wants, and the service manager its datagrams? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "watchdog_port.h"

/* ---- A driver of the tests' own: open and ioctl come here (-Wl,--wrap) */

static struct {
    int open_errno;      /* what opening it ends with; 0: it opens */
    int min_s, max_s;    /* timeouts it takes */
    int step_s;          /* ... rounded up to these */
    int timeout_s;       /* the one it has */
    bool has_no_timeout; /* it cannot be set */
    unsigned feeds;
    int write_end, read_end; /* of a pipe: what is written to the device */
    bool is_open;
} driver;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, int *value);
int __real_close(int fd);
int __wrap_close(int fd);

/* Any other file is the coverage counters' own. */
int __wrap_open(const char *path, int flags, ...)
{
    if (strcmp(path, "/dev/watchdog") != 0) {
        return __real_open(path, flags, 0600);
    }
    if (driver.open_errno != 0) {
        errno = driver.open_errno;
        return -1;
    }
    assert_false(driver.is_open);
    driver.is_open = true;
    return driver.write_end;
}

static int set_timeout(int *value)
{
    if (driver.has_no_timeout || *value < driver.min_s || *value > driver.max_s) {
        errno = driver.has_no_timeout ? EOPNOTSUPP : EINVAL;
        return -1;
    }
    *value = (*value + driver.step_s - 1) / driver.step_s * driver.step_s;
    driver.timeout_s = *value;
    return 0;
}

int __wrap_ioctl(int fd, unsigned long request, int *value)
{
    assert_int_equal(fd, driver.write_end);
    assert_true(driver.is_open);
    switch (request) {
    case WDIOC_SETTIMEOUT:
        return set_timeout(value);
    case WDIOC_GETTIMEOUT:
        *value = driver.timeout_s;
        return 0;
    case WDIOC_KEEPALIVE:
        driver.feeds++;
        return 0;
    default:
        errno = ENOTTY;
        return -1;
    }
}

int __wrap_close(int fd)
{
    if (driver.is_open && fd == driver.write_end) {
        driver.is_open = false;
        return 0; /* the pipe lives on for the next to open it */
    }
    return __real_close(fd);
}

/* What was written to the device before it was closed. */
static void assert_written(const char *text)
{
    char got[16] = "";
    ssize_t len = read(driver.read_end, got, sizeof(got) - 1);
    assert_int_equal(len, strlen(text));
    assert_string_equal(got, text);
}

/* ---- The tests */

static char reason[192];
static char folder[] = "/tmp/tls-echo-watchdog.XXXXXX";
static int manager; /* a service manager's socket */
static struct sockaddr_un manager_address = {.sun_family = AF_UNIX};

static int setup(void **state)
{
    (void)state;
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0) {
        return -1;
    }
    memset(&driver, 0, sizeof(driver));
    driver.read_end = ends[0];
    driver.write_end = ends[1];
    driver.min_s = 2;
    driver.max_s = 2046;
    driver.step_s = 1;
    driver.timeout_s = 30;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    return manager >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    watchdog_close();
    (void)__real_close(manager);
    (void)unlink(manager_address.sun_path);
    (void)__real_close(driver.write_end);
    return __real_close(driver.read_end);
}

static bool open_watchdog(uint32_t timeout_s)
{
    return watchdog_open(timeout_s, reason, sizeof(reason));
}

static void off_touches_no_device(void **state)
{
    (void)state;
    driver.open_errno = ENOENT;
    assert_true(open_watchdog(0));
    assert_int_equal(watchdog_timeout_us(), 0);
    watchdog_feed();
    watchdog_tell_ready();
    assert_int_equal(driver.feeds, 0);
}

static void device_is_set_fed_and_stopped(void **state)
{
    (void)state;
    assert_true(open_watchdog(15));
    assert_int_equal(driver.timeout_s, 15);
    assert_int_equal(watchdog_timeout_us(), 15000000);
    unsigned before = driver.feeds;
    watchdog_feed();
    watchdog_feed();
    assert_int_equal(driver.feeds, before + 2);
    watchdog_close();
    assert_false(driver.is_open);
    assert_int_equal(watchdog_timeout_us(), 0);
    watchdog_feed();
    assert_int_equal(driver.feeds, before + 2);
    assert_written("V");
}

static void timeout_is_what_the_driver_makes_of_it(void **state)
{
    (void)state;
    driver.step_s = 10;
    assert_true(open_watchdog(15));
    assert_int_equal(watchdog_timeout_us(), 20000000);
}

static void refused_timeout_is_told_with_the_nearest(void **state)
{
    (void)state;
    assert_false(open_watchdog(86400));
    assert_string_equal(reason, "/dev/watchdog does not take 86400 s: the nearest it takes is "
                                "2046 s");
    assert_false(driver.is_open);
    assert_int_equal(watchdog_timeout_us(), 0);
    assert_written("V");
}

static void timeout_that_is_too_short_is_told_with_the_nearest(void **state)
{
    (void)state;
    driver.min_s = 5;
    assert_false(open_watchdog(1));
    assert_string_equal(reason, "/dev/watchdog does not take 1 s: the nearest it takes is 5 s");
    assert_written("V");
}

static void driver_without_timeouts_is_told(void **state)
{
    (void)state;
    driver.has_no_timeout = true;
    assert_false(open_watchdog(15));
    assert_string_equal(reason, "/dev/watchdog lets nobody set its timeout");
    assert_written("V");
}

static void each_reason_not_to_open_has_its_words(void **state)
{
    (void)state;
    static const struct {
        int error;
        const char *words;
    } cases[] = {
        {ENOENT, "there is no /dev/watchdog: load the module"},
        {ENODEV, "there is no /dev/watchdog: load the module"},
        {EBUSY, "another program feeds /dev/watchdog already"},
        {EACCES, "this user may not open /dev/watchdog"},
        {EIO, "/dev/watchdog: Input/output error"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        driver.open_errno = cases[i].error;
        assert_false(open_watchdog(15));
        assert_ptr_equal(strstr(reason, cases[i].words), reason);
    }
}

/* ---- The service manager */

static void listen_at(const char *path, size_t len)
{
    memcpy(manager_address.sun_path, path, len);
    assert_int_equal(bind(manager, (struct sockaddr *)&manager_address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
}

static void listen_at_path(void)
{
    char path[sizeof(manager_address.sun_path)];
    int len = snprintf(path, sizeof(path), "%s/notify", folder);
    listen_at(path, (size_t)len + 1);
    (void)setenv("NOTIFY_SOCKET", path, 1);
}

static void assert_told(const char *text)
{
    char got[64] = "";
    ssize_t len = recv(manager, got, sizeof(got) - 1, 0);
    assert_int_equal(len, strlen(text));
    assert_string_equal(got, text);
}

static void assert_told_nothing(void)
{
    char got[64];
    assert_int_equal(recv(manager, got, sizeof(got), 0), -1);
    assert_int_equal(errno, EAGAIN);
}

static void set_manager_watchdog(long pid)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%ld", pid);
    (void)setenv("WATCHDOG_USEC", "3000000", 1);
    (void)setenv("WATCHDOG_PID", text, 1);
}

static void manager_is_told(void **state)
{
    (void)state;
    listen_at_path();
    set_manager_watchdog((long)getpid());
    assert_true(open_watchdog(0));
    assert_int_equal(watchdog_timeout_us(), 3000000);
    assert_told_nothing();
    watchdog_feed();
    assert_told("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=3000000");
    watchdog_tell_ready();
    watchdog_tell_ready();
    assert_told("READY=1");
    assert_told_nothing();
    watchdog_feed();
    assert_told("WATCHDOG=1");
    watchdog_close();
    assert_told("STOPPING=1");
    watchdog_feed();
    assert_told_nothing();
}

static void manager_in_the_abstract_namespace_is_told(void **state)
{
    (void)state;
    char name[64];
    int len = snprintf(name, sizeof(name), "@tls-echo-test-%ld", (long)getpid());
    (void)setenv("NOTIFY_SOCKET", name, 1);
    name[0] = '\0';
    listen_at(name, (size_t)len);
    assert_true(open_watchdog(0));
    watchdog_tell_ready();
    assert_told("READY=1");
}

static void manager_without_watchdog_is_not_fed(void **state)
{
    (void)state;
    listen_at_path();
    assert_true(open_watchdog(15));
    watchdog_feed();
    assert_told_nothing();
    assert_int_equal(watchdog_timeout_us(), 15000000);
}

static void watchdog_of_another_process_is_not_ours(void **state)
{
    (void)state;
    listen_at_path();
    set_manager_watchdog((long)getppid());
    assert_true(open_watchdog(0));
    assert_int_equal(watchdog_timeout_us(), 0);
}

static void shorter_one_of_two_counts(void **state)
{
    (void)state;
    listen_at_path();
    set_manager_watchdog((long)getpid());
    assert_true(open_watchdog(15));
    assert_int_equal(watchdog_timeout_us(), 3000000);
    unsigned before = driver.feeds;
    watchdog_feed();
    assert_int_equal(driver.feeds, before + 1);
    assert_told("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=3000000");
}

static void odd_environments_are_no_manager(void **state)
{
    (void)state;
    static const char *const sockets[] = {
        "", "relative", "vsock:2:1",
        "/far/too/long/far/too/long/far/too/long/far/too/long/"
        "far/too/long/far/too/long/far/too/long/far/too/long/too"};
    static const char *const times[] = {"", "-1", "0", "1x", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        (void)setenv("NOTIFY_SOCKET", sockets[i], 1);
        set_manager_watchdog((long)getpid());
        assert_true(open_watchdog(0));
        assert_int_equal(watchdog_timeout_us(), 0);
        watchdog_close();
    }
    listen_at_path();
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        (void)setenv("WATCHDOG_USEC", times[i], 1);
        assert_true(open_watchdog(0));
        assert_int_equal(watchdog_timeout_us(), 0);
        watchdog_close();
        assert_told("STOPPING=1");
    }
}

/* Nobody reads: the datagrams fill the socket, and feeding returns all the same. */
static void manager_that_hangs_holds_nobody_up(void **state)
{
    (void)state;
    listen_at_path();
    set_manager_watchdog((long)getpid());
    assert_true(open_watchdog(0));
    watchdog_tell_ready();
    for (unsigned i = 0; i < 2000; i++) {
        watchdog_feed();
    }
    assert_told("READY=1");
    assert_told("WATCHDOG=1");
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#define WATCHDOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHDOG_TEST(off_touches_no_device),
        WATCHDOG_TEST(device_is_set_fed_and_stopped),
        WATCHDOG_TEST(timeout_is_what_the_driver_makes_of_it),
        WATCHDOG_TEST(refused_timeout_is_told_with_the_nearest),
        WATCHDOG_TEST(timeout_that_is_too_short_is_told_with_the_nearest),
        WATCHDOG_TEST(driver_without_timeouts_is_told),
        WATCHDOG_TEST(each_reason_not_to_open_has_its_words),
        WATCHDOG_TEST(manager_is_told),
        WATCHDOG_TEST(manager_in_the_abstract_namespace_is_told),
        WATCHDOG_TEST(manager_without_watchdog_is_not_fed),
        WATCHDOG_TEST(watchdog_of_another_process_is_not_ours),
        WATCHDOG_TEST(shorter_one_of_two_counts),
        WATCHDOG_TEST(odd_environments_are_no_manager),
        WATCHDOG_TEST(manager_that_hangs_holds_nobody_up),
    };
    return cmocka_run_group_tests_name("watchdog", tests, make_folder, remove_folder);
}
