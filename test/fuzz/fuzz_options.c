/* The command line and the configuration file: the first byte says which, and for which role. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz_doubles.h"
#include "options.h"

#define ARGS_MAX 24
#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(int argc, char *argv[])
{
    struct options options;
    struct options_error error = {.status = EXIT_STATUS_OK};
    if (options_parse(&options, argc, argv, &error)) {
        FUZZ_CHECK(options.action != OPTIONS_RUN || options.port > 0);
        FUZZ_CHECK(options.min_tls <= TLS_VERSION_1_3);
        FUZZ_CHECK(options.client_auth <= TLS_PEER_AUTH_REQUIRED);
    } else {
        FUZZ_CHECK(error.status != EXIT_STATUS_OK && error.text[0] != '\0');
        FUZZ_CHECK(memchr(error.text, '\0', sizeof(error.text)) != NULL);
    }
    options_free(&options);
}

/* One argument a line. Those that open files of this machine are left out. */
static void parse_arguments(char *program, char *text)
{
    char *argv[ARGS_MAX + 1] = {program};
    int argc = 1;
    char *rest = NULL;
    if (strstr(text, "--config") != NULL) {
        return;
    }
    for (char *arg = strtok_r(text, "\n", &rest); arg != NULL && argc < ARGS_MAX;
         arg = strtok_r(NULL, "\n", &rest)) {
        argv[argc++] = arg;
    }
    parse(argc, argv);
}

static void parse_file(char *program, const uint8_t *data, size_t size)
{
    char path[64], config[] = "--config";
    int fd = memfd_create("config", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    char *argv[] = {program, config, path, NULL};
    parse(3, argv);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char server[] = "tls-echo-server", client[] = "tls-echo-client", text[TEXT_MAX];
    struct fuzz_input input = {.bytes = data, .len = size};
    uint8_t mode = fuzz_take_byte(&input);
    char *program = mode & 1 ? client : server;
    if ((mode & 2) != 0) {
        parse_file(program, input.bytes, input.len);
        return 0;
    }
    size_t len = input.len < sizeof(text) - 1 ? input.len : sizeof(text) - 1;
    memcpy(text, input.bytes, len);
    text[len] = '\0';
    parse_arguments(program, text);
    return 0;
}
