/* What the load generator saw, as JSON. */
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "load.h"

#define LATENCIES_MAX 1000000

static const char *group_name(SSL *ssl)
{
    const char *name = OBJ_nid2sn((int)SSL_get_negotiated_group(ssl));
    return name != NULL ? name : "none";
}

void load_result_note(struct load_result *result, const struct load_stream *stream)
{
    if (stream->ssl != NULL) {
        snprintf(result->version, sizeof result->version, "%s", SSL_get_version(stream->ssl));
        snprintf(result->cipher, sizeof result->cipher, "%s", SSL_get_cipher_name(stream->ssl));
        snprintf(result->group, sizeof result->group, "%s", group_name(stream->ssl));
    }
}

void load_result_add_latency(struct load_result *result, double seconds)
{
    if (result->latencies_us == NULL) {
        result->latencies_us = calloc(LATENCIES_MAX, sizeof *result->latencies_us);
    }
    if (result->latencies_us != NULL && result->latency_count < LATENCIES_MAX) {
        result->latencies_us[result->latency_count++] = (float)(seconds * 1e6);
    }
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: the smallest value that at least this share of all does not exceed. */
static double percentile(const struct load_result *result, double share)
{
    size_t rank = (size_t)(share * (double)result->latency_count);
    return (double)result->latencies_us[rank < result->latency_count ? rank : rank - 1];
}

static void print_latencies(struct load_result *result)
{
    if (result->latency_count == 0) {
        return;
    }
    qsort(result->latencies_us, result->latency_count, sizeof *result->latencies_us, compare);
    printf(", \"p50_us\": %.2f, \"p99_us\": %.2f, \"p999_us\": %.2f", percentile(result, 0.5),
           percentile(result, 0.99), percentile(result, 0.999));
}

double load_cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

void load_result_print(struct load_result *result)
{
    printf("{\"event\": \"done\", \"seconds\": %.6f, \"count\": %llu, \"bytes\": %llu, "
           "\"resumed\": %llu, \"unclean\": %llu, \"version\": \"%s\", \"cipher\": \"%s\", "
           "\"group\": \"%s\", \"generator_cpu_s\": %.6f",
           result->seconds, (unsigned long long)result->count, (unsigned long long)result->bytes,
           (unsigned long long)result->resumed, (unsigned long long)result->unclean,
           result->version, result->cipher, result->group, load_cpu_s() - load_ready_cpu_s());
    print_latencies(result);
    puts("}");
    fflush(stdout);
    free(result->latencies_us);
    result->latencies_us = NULL;
}
