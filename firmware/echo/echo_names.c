/* Tables from numbers to the words of the console log. */
#include "echo_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *tls_outcome_name(enum tls_outcome outcome)
{
    static const char *const names[] = {
        [TLS_OK] = "ok",         [TLS_WANT_READ] = "want_read", [TLS_WANT_WRITE] = "want_write",
        [TLS_CLOSED] = "closed", [TLS_TRUNCATED] = "truncated", [TLS_RESET] = "reset",
        [TLS_ALERT] = "alert",   [TLS_UNTRUSTED] = "untrusted", [TLS_NO_MEMORY] = "no_memory",
        [TLS_MISUSE] = "misuse", [TLS_FAILED] = "failed",
    };
    return (size_t)outcome < COUNT_OF(names) ? names[outcome] : "failed";
}

const char *net_outcome_name(enum net_outcome outcome)
{
    static const char *const names[] = {
        [NET_OK] = "ok",
        [NET_WANT_READ] = "want_read",
        [NET_WANT_WRITE] = "want_write",
        [NET_CLOSED] = "closed",
        [NET_RESET] = "reset",
        [NET_REFUSED] = "refused",
        [NET_UNREACHABLE] = "unreachable",
        [NET_TIMED_OUT] = "timed_out",
        [NET_NOT_FOUND] = "not_found",
        [NET_IN_USE] = "in_use",
        [NET_NO_MEMORY] = "no_memory",
        [NET_MISUSE] = "misuse",
        [NET_FAILED] = "failed",
    };
    return (size_t)outcome < COUNT_OF(names) ? names[outcome] : "failed";
}

const char *tls_alert_name(int alert)
{
    static const struct {
        int number;
        const char *name;
    } alerts[] = {
        {0, "close_notify"},
        {10, "unexpected_message"},
        {20, "bad_record_mac"},
        {21, "decryption_failed"},
        {22, "record_overflow"},
        {30, "decompression_failure"},
        {40, "handshake_failure"},
        {41, "no_certificate"},
        {42, "bad_certificate"},
        {43, "unsupported_certificate"},
        {44, "certificate_revoked"},
        {45, "certificate_expired"},
        {46, "certificate_unknown"},
        {47, "illegal_parameter"},
        {48, "unknown_ca"},
        {49, "access_denied"},
        {50, "decode_error"},
        {51, "decrypt_error"},
        {60, "export_restriction"},
        {70, "protocol_version"},
        {71, "insufficient_security"},
        {80, "internal_error"},
        {86, "inappropriate_fallback"},
        {90, "user_canceled"},
        {100, "no_renegotiation"},
        {109, "missing_extension"},
        {110, "unsupported_extension"},
        {111, "certificate_unobtainable"},
        {112, "unrecognized_name"},
        {113, "bad_certificate_status_response"},
        {114, "bad_certificate_hash_value"},
        {115, "unknown_psk_identity"},
        {116, "certificate_required"},
        {120, "no_application_protocol"},
    };
    if (alert == TLS_NO_ALERT) {
        return "none";
    }
    for (size_t i = 0; i < COUNT_OF(alerts); i++) {
        if (alerts[i].number == alert) {
            return alerts[i].name;
        }
    }
    return "unknown";
}

const char *tls_verify_names(char *out, size_t cap, unsigned verify)
{
    static const struct {
        unsigned bit;
        const char *name;
    } words[] = {
        {TLS_VERIFY_EXPIRED, "expired"},       {TLS_VERIFY_NOT_YET_VALID, "not_yet_valid"},
        {TLS_VERIFY_UNKNOWN_CA, "unknown_ca"}, {TLS_VERIFY_WRONG_NAME, "wrong_name"},
        {TLS_VERIFY_MISSING, "missing"},       {TLS_VERIFY_WEAK, "weak"},
        {TLS_VERIFY_BAD_USAGE, "bad_usage"},   {TLS_VERIFY_KEY_MISMATCH, "key_mismatch"},
        {TLS_VERIFY_OTHER, "other"},
    };
    size_t used = 0;
    (void)snprintf(out, cap, "none");
    for (size_t i = 0; i < COUNT_OF(words) && used < cap; i++) {
        if (verify & words[i].bit) {
            used +=
                (size_t)snprintf(out + used, cap - used, "%s%s", used ? "," : "", words[i].name);
        }
    }
    return out;
}

#define IP6_GROUPS 8

static unsigned ip6_group(const uint8_t bytes[16], size_t i)
{
    return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* The longest run of zero groups, the first of equals; RFC 5952 section 4.2: "::" stands for two at
 * least. Returns where it begins; *len is 0 if there is none. */
static size_t find_zeros(const uint8_t bytes[16], size_t *len)
{
    size_t begin = 0;
    *len = 0;
    for (size_t i = 0; i < IP6_GROUPS; i++) {
        size_t end = i;
        while (end < IP6_GROUPS && ip6_group(bytes, end) == 0) {
            end++;
        }
        if (end - i >= 2 && end - i > *len) {
            begin = i;
            *len = end - i;
        }
    }
    return begin;
}

/* RFC 5952 section 4. */
static void ipv6_text(char *out, size_t cap, const uint8_t bytes[16])
{
    size_t zeros_len;
    size_t zeros = find_zeros(bytes, &zeros_len);
    size_t used = 0;
    for (size_t i = 0; i < IP6_GROUPS; i++) {
        bool is_gap = zeros_len > 0 && i == zeros;
        bool needs_colon = i > 0 && !(zeros_len > 0 && i == zeros + zeros_len);
        if (is_gap) {
            used += (size_t)snprintf(out + used, cap - used, "::");
            i += zeros_len - 1;
            continue;
        }
        used += (size_t)snprintf(out + used, cap - used, "%s%x", needs_colon ? ":" : "",
                                 ip6_group(bytes, i));
    }
}

const char *net_address_text(char *out, const struct net_address *address)
{
    const uint8_t *b = address->bytes;
    char ip[NET_ADDRESS_TEXT_MAX] = "none";
    if (address->family == NET_FAMILY_IPV4) {
        (void)snprintf(ip, sizeof(ip), "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    } else if (address->family == NET_FAMILY_IPV6) {
        ipv6_text(ip, sizeof(ip), b);
    }
    if (address->port == 0) {
        (void)snprintf(out, NET_ADDRESS_TEXT_MAX, "%.45s", ip);
    } else if (address->family == NET_FAMILY_IPV6) {
        (void)snprintf(out, NET_ADDRESS_TEXT_MAX, "[%.39s]:%u", ip, address->port);
    } else {
        (void)snprintf(out, NET_ADDRESS_TEXT_MAX, "%.45s:%u", ip, address->port);
    }
    return out;
}

const char *tls_sha256_text(char *out, const uint8_t sha256[32])
{
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", sha256[i]);
    }
    return out;
}
