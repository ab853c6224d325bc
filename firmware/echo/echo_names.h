/* The words of the console log: outcomes, alerts and refusals by the names their RFCs give them. */
#ifndef ECHO_NAMES_H
#define ECHO_NAMES_H

#include <stddef.h>

#include "net_port.h"
#include "tls_port.h"

/* "closed", "truncated", "alert", ...; static. */
const char *tls_outcome_name(enum tls_outcome outcome);

/* "refused", "unreachable", "timed_out", ...; static. */
const char *net_outcome_name(enum net_outcome outcome);

/* AlertDescription as RFC 8446 section 6 and RFC 5246 section 7.2 spell it, "unknown" for a number
 * they do not have, "none" for TLS_NO_ALERT; static. */
const char *tls_alert_name(int alert);

/* The bits of enum tls_verify as comma-separated words, "none" for 0, into out (cap bytes, always
 * terminated). Returns out. TLS_VERIFY_TEXT_MAX bytes hold all of them. */
#define TLS_VERIFY_TEXT_MAX 112
const char *tls_verify_names(char *out, size_t cap, unsigned verify);

/* "198.18.0.1:51234", "[2001:db8::1]:51234"; without the port where that is 0. out has
 * NET_ADDRESS_TEXT_MAX bytes. Returns out. */
const char *net_address_text(char *out, const struct net_address *address);

/* A SHA-256 in lower-case hex into out, which has TLS_SHA256_TEXT_MAX bytes. Returns out. */
#define TLS_SHA256_TEXT_MAX 65
const char *tls_sha256_text(char *out, const uint8_t sha256[32]);

#endif
