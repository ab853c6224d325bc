/* Words for the codes that a user of the small firmware can do something about. The library's own,
 * for all of them, are 13 KB; the others are in its headers, by the number that the log has, too.
 */
#include <stdio.h>

#include "backend.h"
#include "mbedtls/error.h"
#include "mbedtls/pk.h"

#define WITHOUT "this firmware is built without that: it knows ECDSA with P-256 and SHA-256 alone"

static const struct {
    int code;
    const char *text;
} texts[] = {
    {MBEDTLS_ERR_PK_UNKNOWN_PK_ALG, "PK - key algorithm unknown; " WITHOUT},
    {MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE, "PK - elliptic curve unknown; " WITHOUT},
    {MBEDTLS_ERR_PK_KEY_INVALID_FORMAT, "PK - key of a form or algorithm unknown; " WITHOUT},
    {MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG, "X509 - signature algorithm unknown; " WITHOUT},
    {MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, "X509 - certificate not verified"},
    {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, "SSL - nothing in common with the peer"},
    {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, "SSL - the peer has no TLS 1.3"},
    {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, "SSL - the peer sent a fatal alert"},
    {MBEDTLS_ERR_SSL_INVALID_MAC, "SSL - a record was forged or damaged"},
    {MBEDTLS_ERR_SSL_INVALID_RECORD, "SSL - a record is malformed"},
    {MBEDTLS_ERR_SSL_DECODE_ERROR, "SSL - a message is malformed"},
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, "SSL - a message came out of turn"},
    {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, "SSL - a message contradicts another"},
    {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, "SSL - no protocol in common (ALPN)"},
    {MBEDTLS_ERR_SSL_ALLOC_FAILED, "SSL - out of memory"},
};

void error_text(int code, char *out, size_t cap)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        /* A code of one part can have one of another added: its low byte. */
        if (-code == -texts[i].code || (-code & ~0x7f) == -texts[i].code) {
            (void)snprintf(out, cap, "%s", texts[i].text);
            return;
        }
    }
    (void)snprintf(out, cap, "Mbed TLS's code -0x%04x", (unsigned)-code);
}
