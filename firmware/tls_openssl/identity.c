/* Certificates and keys from DER, and the check of an own identity at start. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"

/* ---- Parsing ---- */

/* NULL if der is not one certificate and nothing else. */
static X509 *parse_certificate(struct tls_span der)
{
    const unsigned char *at = der.bytes;
    if (der.len > LONG_MAX) {
        return NULL;
    }
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate != NULL && at != der.bytes + der.len) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static EVP_PKEY *parse_key(struct tls_span der)
{
    const unsigned char *at = der.bytes;
    return der.len > LONG_MAX ? NULL : d2i_AutoPrivateKey(NULL, &at, (long)der.len);
}

static bool parse_chain_certificate(struct tls_openssl_identity *out, struct tls_span der)
{
    X509 *certificate = parse_certificate(der);
    if (certificate == NULL) {
        return false;
    }
    if (out->leaf == NULL) {
        out->leaf = certificate;
        return true;
    }
    if (sk_X509_push(out->chain, certificate) <= 0) {
        X509_free(certificate);
        return false;
    }
    return true;
}

enum tls_outcome tls_openssl_identity_parse(const struct tls_identity *identity,
                                            struct tls_openssl_identity *out, size_t *bad)
{
    *out = (struct tls_openssl_identity){.chain = sk_X509_new_null()};
    *bad = 0;
    if (out->chain == NULL) {
        return TLS_NO_MEMORY;
    }
    for (size_t i = 0; i < identity->chain_count; i++) {
        *bad = i;
        if (!parse_chain_certificate(out, identity->chain[i])) {
            return TLS_FAILED;
        }
    }
    *bad = identity->chain_count;
    out->key = parse_key(identity->key);
    return out->key == NULL ? TLS_FAILED : TLS_OK;
}

void tls_openssl_identity_free(struct tls_openssl_identity *identity)
{
    X509_free(identity->leaf);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
    *identity = (struct tls_openssl_identity){0};
}

enum tls_outcome tls_openssl_trust_parse(const struct tls_trust *trust, X509_STORE *store,
                                         size_t *bad)
{
    for (size_t i = 0; i < trust->anchor_count; i++) {
        *bad = i;
        X509 *anchor = parse_certificate(trust->anchors[i]);
        bool added = anchor != NULL && X509_STORE_add_cert(store, anchor) == 1;
        X509_free(anchor);
        if (!added) {
            return TLS_FAILED;
        }
    }
    return TLS_OK;
}

/* ---- The check at start ---- */

static void write_curve(const EVP_PKEY *key, char *out, size_t cap)
{
    char group[32] = "";
    (void)EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
    bool nist = strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0;
    if (nist) {
        snprintf(out, cap, "EC-P%d", EVP_PKEY_get_bits(key));
    } else {
        snprintf(out, cap, "EC-%.12s", group);
    }
}

static void write_key_type(const EVP_PKEY *key, char *out, size_t cap)
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        snprintf(out, cap, "RSA-%d", EVP_PKEY_get_bits(key));
    } else if (EVP_PKEY_is_a(key, "EC")) {
        write_curve(key, out, cap);
    } else {
        snprintf(out, cap, "%s", EVP_PKEY_get0_type_name(key));
    }
}

static void describe_identity(const struct tls_openssl_identity *parts,
                              struct tls_identity_report *report)
{
    tls_openssl_name_text(X509_get_subject_name(parts->leaf), report->subject,
                          sizeof report->subject);
    tls_openssl_time_text(X509_get0_notBefore(parts->leaf), report->not_before,
                          sizeof report->not_before);
    tls_openssl_time_text(X509_get0_notAfter(parts->leaf), report->not_after,
                          sizeof report->not_after);
    write_key_type(parts->key, report->key_type, sizeof report->key_type);
}

static bool set_purpose(X509_STORE_CTX *store_ctx, enum tls_role role)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store_ctx);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    return X509_STORE_CTX_set_default(store_ctx,
                                      role == TLS_SERVER ? "ssl_server" : "ssl_client") == 1;
}

/* verify code of the chain goes to *code; NO_MEMORY if the check could not be made. */
static enum tls_outcome verify_own_chain(enum tls_role role,
                                         const struct tls_openssl_identity *parts,
                                         X509_STORE *store, struct tls_identity_report *report,
                                         int *code)
{
    X509_STORE_CTX *store_ctx = X509_STORE_CTX_new();
    enum tls_outcome outcome = TLS_NO_MEMORY;
    if (store_ctx != NULL &&
        X509_STORE_CTX_init(store_ctx, store, parts->leaf, parts->chain) == 1 &&
        set_purpose(store_ctx, role)) {
        report->verify |= tls_openssl_verify(store_ctx, code, NULL);
        outcome = *code == X509_V_ERR_OUT_OF_MEM ? TLS_NO_MEMORY : TLS_OK;
    }
    X509_STORE_CTX_free(store_ctx);
    return outcome;
}

static enum tls_outcome check_parts(enum tls_role role, const struct tls_openssl_identity *parts,
                                    const struct tls_trust *trust,
                                    struct tls_identity_report *report, int *code)
{
    size_t bad = 0;
    X509_STORE *store = X509_STORE_new();
    if (store == NULL) {
        return TLS_NO_MEMORY;
    }
    describe_identity(parts, report);
    if (X509_check_private_key(parts->leaf, parts->key) != 1) {
        report->verify |= TLS_VERIFY_KEY_MISMATCH;
    }
    enum tls_outcome outcome = tls_openssl_trust_parse(trust, store, &bad);
    if (outcome == TLS_OK) {
        outcome = verify_own_chain(role, parts, store, report, code);
    } else {
        report->certificate += bad + 1; /* anchors are counted behind the key */
    }
    X509_STORE_free(store);
    return outcome;
}

static enum tls_outcome check(enum tls_role role, const struct tls_identity *identity,
                              const struct tls_trust *trust, struct tls_identity_report *report,
                              int *code)
{
    struct tls_openssl_identity parts;
    enum tls_outcome outcome = tls_openssl_identity_parse(identity, &parts, &report->certificate);
    if (outcome == TLS_OK) {
        outcome = check_parts(role, &parts, trust, report, code);
    }
    tls_openssl_identity_free(&parts);
    return outcome;
}

enum tls_outcome tls_identity_check(enum tls_role role, const struct tls_identity *identity,
                                    const struct tls_trust *trust,
                                    struct tls_identity_report *report, struct tls_error *error)
{
    int code = X509_V_OK;
    memset(report, 0, sizeof *report);
    if (identity == NULL || identity->chain_count == 0 || trust == NULL) {
        return tls_openssl_describe(error, TLS_MISUSE, 0);
    }
    if (!tls_openssl_prepare()) {
        return tls_openssl_describe(error, TLS_NO_MEMORY, 0);
    }
    ERR_clear_error();
    enum tls_outcome outcome = check(role, identity, trust, report, &code);
    outcome = tls_openssl_describe(error, outcome, report->verify);
    if (error != NULL && code != X509_V_OK) {
        snprintf(error->text, sizeof error->text, "%s", X509_verify_cert_error_string(code));
    }
    return outcome;
}

bool tls_certificate_describe(const struct tls_span *certificate, struct tls_peer_certificate *out)
{
    X509 *parsed = tls_openssl_prepare() ? parse_certificate(*certificate) : NULL;
    bool is_described = tls_openssl_certificate_info(parsed, out);
    X509_free(parsed);
    ERR_clear_error();
    return is_described;
}
