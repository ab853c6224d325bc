/* Certificates and keys of our own: parsing, matching, and the check before the program serves. */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "mbedtls/oid.h"
#include "mbedtls/sha256.h"

int identity_parse_chain(const struct tls_span *spans, size_t count, mbedtls_x509_crt *out,
                         size_t *index)
{
    for (*index = 0; *index < count; (*index)++) {
        const struct tls_span *span = &spans[*index];
        int code = mbedtls_x509_crt_parse_der(out, span->bytes, span->len);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

int identity_parse_key(const struct tls_span *span, mbedtls_pk_context *out)
{
    return mbedtls_pk_parse_key(out, span->bytes, span->len, NULL, 0, tls_mbedtls_random, NULL);
}

bool identity_key_matches(const mbedtls_x509_crt *chain, const mbedtls_pk_context *key)
{
    return mbedtls_pk_check_pair(&chain->pk, key, tls_mbedtls_random, NULL) == 0;
}

mbedtls_x509_crt *identity_anchors(mbedtls_x509_crt *parsed)
{
    return parsed->raw.p != NULL ? parsed : NULL;
}

/* What a peer will ask of our leaf, RFC 8446 section 4.4.2.2 and 4.4.2.4. */
static bool usage_fits(enum tls_role role, const mbedtls_x509_crt *leaf)
{
    const char *purpose = role == TLS_SERVER ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
    return mbedtls_x509_crt_check_key_usage(leaf, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) == 0 &&
           mbedtls_x509_crt_check_extended_key_usage(leaf, purpose, strlen(purpose)) == 0;
}

/* Everything the check holds while it runs. */
struct checked {
    mbedtls_x509_crt chain, anchors;
    mbedtls_pk_context key;
};

static void checked_init(struct checked *checked)
{
    mbedtls_x509_crt_init(&checked->chain);
    mbedtls_x509_crt_init(&checked->anchors);
    mbedtls_pk_init(&checked->key);
}

static void checked_free(struct checked *checked)
{
    mbedtls_x509_crt_free(&checked->chain);
    mbedtls_x509_crt_free(&checked->anchors);
    mbedtls_pk_free(&checked->key);
}

/* *index: of the certificate that does not parse; after the chain's come the key and the anchors.
 */
static int checked_parse(struct checked *checked, const struct tls_identity *identity,
                         const struct tls_trust *trust, size_t *index)
{
    int code = identity_parse_chain(identity->chain, identity->chain_count, &checked->chain, index);
    if (code == 0) {
        code = identity_parse_key(&identity->key, &checked->key);
    }
    if (code == 0) {
        code = identity_parse_chain(trust->anchors, trust->anchor_count, &checked->anchors, index);
        *index += identity->chain_count + 1;
    }
    return code;
}

static int checked_verify(struct checked *checked, enum tls_role role, unsigned *reasons)
{
    uint32_t flags = 0;
    mbedtls_x509_crt *anchors = identity_anchors(&checked->anchors);
    int code = mbedtls_x509_crt_verify_with_profile(&checked->chain, anchors, NULL,
                                                    &policy_certificates, NULL, &flags, NULL, NULL);
    *reasons = verify_reasons(flags);
    if (!usage_fits(role, &checked->chain)) {
        *reasons |= TLS_VERIFY_BAD_USAGE;
    }
    if (!identity_key_matches(&checked->chain, &checked->key)) {
        *reasons |= TLS_VERIFY_KEY_MISMATCH;
    }
    return code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ? 0 : code;
}

int certificate_to_info(const mbedtls_x509_crt *crt, struct tls_peer_certificate *out)
{
    name_to_text(&crt->subject, out->subject, sizeof(out->subject));
    name_to_text(&crt->issuer, out->issuer, sizeof(out->issuer));
    time_to_text(&crt->valid_from, out->not_before, sizeof(out->not_before));
    time_to_text(&crt->valid_to, out->not_after, sizeof(out->not_after));
    return mbedtls_sha256(crt->raw.p, crt->raw.len, out->sha256, 0);
}

static int describe(const struct tls_span *certificate, struct tls_peer_certificate *out)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    int code = mbedtls_x509_crt_parse_der(&crt, certificate->bytes, certificate->len);
    if (code == 0) {
        code = certificate_to_info(&crt, out);
    }
    mbedtls_x509_crt_free(&crt);
    return code;
}

bool tls_certificate_describe(const struct tls_span *certificate, struct tls_peer_certificate *out)
{
    memset(out, 0, sizeof(*out));
    int code = library_acquire();
    if (code == 0) {
        code = describe(certificate, out);
        library_release();
    }
    if (code != 0) {
        memset(out, 0, sizeof(*out));
    }
    return code == 0;
}

static void report_fill(struct tls_identity_report *report, const mbedtls_x509_crt *leaf)
{
    name_to_text(&leaf->subject, report->subject, sizeof(report->subject));
    time_to_text(&leaf->valid_from, report->not_before, sizeof(report->not_before));
    time_to_text(&leaf->valid_to, report->not_after, sizeof(report->not_after));
    key_type_to_text(&leaf->pk, report->key_type, sizeof(report->key_type));
}

static int identity_check(enum tls_role role, const struct tls_identity *identity,
                          const struct tls_trust *trust, struct tls_identity_report *report)
{
    struct checked checked;
    checked_init(&checked);
    int code = checked_parse(&checked, identity, trust, &report->certificate);
    if (code == 0) {
        report_fill(report, &checked.chain);
        code = checked_verify(&checked, role, &report->verify);
    }
    checked_free(&checked);
    return code;
}

enum tls_outcome tls_identity_check(enum tls_role role, const struct tls_identity *identity,
                                    const struct tls_trust *trust,
                                    struct tls_identity_report *report, struct tls_error *error)
{
    memset(report, 0, sizeof(*report));
    error_fill(error, TLS_OK, 0);
    if (identity->chain_count == 0 || identity->chain_count > TLS_CHAIN_MAX || trust == NULL ||
        trust->anchor_count > TLS_ANCHORS_MAX) {
        error_fill(error, TLS_MISUSE, 0);
        return TLS_MISUSE;
    }
    unsigned failures = tls_mbedtls_allocation_failures();
    int code = library_acquire();
    if (code == 0) {
        code = identity_check(role, identity, trust, report);
        library_release();
    }
    enum tls_outcome outcome = error_outcome(code, failures);
    if (report->verify != 0 && tls_mbedtls_allocation_failures() != failures) {
        report->verify = 0; /* no verdict: the checks report a lack of memory as a bad signature */
        outcome = TLS_NO_MEMORY;
    }
    error_fill(error, outcome, code);
    return outcome;
}
