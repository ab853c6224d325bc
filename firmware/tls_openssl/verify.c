/* Decides whether a certificate chain is to be trusted, and says everything that speaks against
 * it. */
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "backend.h"
#include "clock_port.h"

struct verify_report {
    unsigned bits;
    unsigned deferrable, deferred; /* bits that may be deferred, and were */
    int code;
    bool ended; /* the library could not go on */
};

static unsigned bit_of(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return TLS_VERIFY_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TLS_VERIFY_NOT_YET_VALID;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
        return TLS_VERIFY_UNKNOWN_CA;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return TLS_VERIFY_WRONG_NAME;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return TLS_VERIFY_WEAK;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_CERT_REJECTED:
        return TLS_VERIFY_BAD_USAGE;
    default:
        return TLS_VERIFY_OTHER;
    }
}

static void add(struct verify_report *report, int code)
{
    unsigned bit = bit_of(code);
    if ((bit & report->deferrable) != 0) {
        report->deferred |= bit;
        return;
    }
    report->bits |= bit;
    if (report->code == X509_V_OK) {
        report->code = code;
    }
}

/* Called for each certificate and each complaint. Going on after a complaint collects the others;
 * that the report is not empty refuses the chain in the end. */
static int collect(int ok, X509_STORE_CTX *store_ctx)
{
    struct verify_report *report = X509_STORE_CTX_get_app_data(store_ctx);
    int code = X509_STORE_CTX_get_error(store_ctx);
    if (ok) {
        return 1;
    }
    if (code == X509_V_ERR_OUT_OF_MEM || code == X509_V_ERR_UNSPECIFIED) {
        report->ended = true;
        return 0;
    }
    add(report, code);
    return 1;
}

/* Every key exchange offered here is signed: RFC 8446 section 4.4.2.2, RFC 5246 section 7.4.2. */
static bool may_sign(X509 *leaf)
{
    return (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0;
}

unsigned tls_openssl_verify(X509_STORE_CTX *store_ctx, int *code, unsigned *deferred)
{
    struct verify_report report = {.code = X509_V_OK};
    const struct clock_wall wall = clock_wall();
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store_ctx);
    void *before = X509_STORE_CTX_get_app_data(store_ctx);

    if (deferred != NULL && wall.source == CLOCK_SOURCE_LOWER_BOUND) {
        report.deferrable = TLS_VERIFY_NOT_YET_VALID;
    }
    X509_VERIFY_PARAM_set_time(param, (time_t)wall.unix_s);
    X509_VERIFY_PARAM_set_auth_level(param, TLS_OPENSSL_SECURITY_LEVEL);
    X509_STORE_CTX_set_verify_cb(store_ctx, collect);
    if (X509_STORE_CTX_set_app_data(store_ctx, &report) != 1) {
        *code = X509_V_ERR_OUT_OF_MEM;
        return TLS_VERIFY_OTHER;
    }
    bool verified = X509_verify_cert(store_ctx) == 1 && !report.ended;
    (void)X509_STORE_CTX_set_app_data(store_ctx, before);

    if (verified && !may_sign(X509_STORE_CTX_get0_cert(store_ctx))) {
        add(&report, X509_V_ERR_INVALID_PURPOSE);
    }
    if (!verified && report.bits == 0) {
        report.code = X509_STORE_CTX_get_error(store_ctx);
        report.bits = TLS_VERIFY_OTHER;
    }
    *code = report.code;
    if (deferred != NULL) {
        *deferred = report.deferred;
    }
    return report.bits;
}

static void keep_peer(struct tls_session *session, X509 *leaf)
{
    X509_free(session->peer);
    session->peer = NULL;
    if (leaf != NULL && X509_up_ref(leaf) == 1) {
        session->peer = leaf;
    }
}

int tls_openssl_verify_peer(X509_STORE_CTX *store_ctx, void *unused)
{
    (void)unused;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store_ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *session = SSL_get_app_data(ssl);
    keep_peer(session, X509_STORE_CTX_get0_cert(store_ctx));
    session->verify = tls_openssl_verify(store_ctx, &session->verify_code, &session->deferred);
    X509_STORE_CTX_set_error(store_ctx, session->verify_code); /* it decides on our alert */
    return session->verify == 0;
}
