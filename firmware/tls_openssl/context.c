/* A TLS context on OpenSSL: the policy that all its sessions share. */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

#include "backend.h"
#include "memory_port.h"

/* OpenSSL 3.2 and later can compress certificates; earlier ones have no such option. */
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
#define NO_CERTIFICATE_COMPRESSION                                                                 \
    (SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION)
#else
#define NO_CERTIFICATE_COMPRESSION 0
#endif

static const char groups[] = "X25519:P-256:P-384";

static const char signatures[] = "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:"
                                 "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

struct suites {
    const char *tls12, *tls13;
};

static const struct suites aes_first = {
    .tls12 = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
             "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
             "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
    .tls13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
};

static const struct suites chacha_first = {
    .tls12 = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
             "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
             "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
    .tls13 = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
};

/* ---- Policy ---- */

/* Our own certificates are judged by the check at start and by peers, not by the library: a weak
 * one is then reported in the port's words. */
static int security(const SSL *ssl, const SSL_CTX *ssl_ctx, int operation, int bits, int nid,
                    void *other, void *arg)
{
    const struct tls_context *context = arg;
    bool own = operation == SSL_SECOP_EE_KEY || operation == SSL_SECOP_CA_KEY ||
               operation == SSL_SECOP_CA_MD;
    return own || context->library_security(ssl, ssl_ctx, operation, bits, nid, other, NULL);
}

static void set_security(struct tls_context *context)
{
    SSL_CTX_set_security_level(context->ssl_ctx, TLS_OPENSSL_SECURITY_LEVEL);
    context->library_security = SSL_CTX_get_security_callback(context->ssl_ctx);
    SSL_CTX_set0_security_ex_data(context->ssl_ctx, context);
    SSL_CTX_set_security_callback(context->ssl_ctx, security);
}

static uint64_t policy_options(const struct tls_context_config *config)
{
    uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | NO_CERTIFICATE_COMPRESSION;
    if (config->suite_order == TLS_SUITE_ORDER_CHACHA_FIRST) {
        options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
    }
    if (!config->tickets) {
        options |= SSL_OP_NO_TICKET;
    }
    return options;
}

static bool set_policy(SSL_CTX *ssl_ctx, const struct tls_context_config *config)
{
    const struct suites *suites =
        config->suite_order == TLS_SUITE_ORDER_CHACHA_FIRST ? &chacha_first : &aes_first;
    int lowest = config->min_version == TLS_VERSION_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    int highest = config->tls_1_2_only ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_options(ssl_ctx, policy_options(config));
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_AUTO_RETRY | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ssl_ctx, 0); /* tls_has_input counts on it */
    return SSL_CTX_set_min_proto_version(ssl_ctx, lowest) == 1 &&
           SSL_CTX_set_max_proto_version(ssl_ctx, highest) == 1 &&
           SSL_CTX_set_cipher_list(ssl_ctx, suites->tls12) == 1 &&
           SSL_CTX_set_ciphersuites(ssl_ctx, suites->tls13) == 1 &&
           SSL_CTX_set1_groups_list(ssl_ctx, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(ssl_ctx, signatures) == 1 &&
           SSL_CTX_set1_client_sigalgs_list(ssl_ctx, signatures) == 1;
}

static bool set_tickets(SSL_CTX *ssl_ctx, const struct tls_context_config *config)
{
    static const unsigned char id_context[] = "tls-echo";
    long cache = SSL_SESS_CACHE_OFF; /* a server keeps nothing: the ticket is all there is */
    if (config->tickets && config->role == TLS_CLIENT) {
        cache = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL;
        SSL_CTX_sess_set_new_cb(ssl_ctx, tls_openssl_keep_ticket);
    }
    SSL_CTX_set_session_cache_mode(ssl_ctx, cache);
    return SSL_CTX_set_num_tickets(ssl_ctx, config->tickets ? 1 : 0) == 1 &&
           SSL_CTX_set_session_id_context(ssl_ctx, id_context, sizeof id_context - 1) == 1;
}

static int verify_mode(const struct tls_context_config *config)
{
    if (config->role == TLS_CLIENT) {
        return SSL_VERIFY_PEER;
    }
    switch (config->peer_auth) {
    case TLS_PEER_AUTH_REQUIRED:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case TLS_PEER_AUTH_OPTIONAL:
        return SSL_VERIFY_PEER;
    default:
        return SSL_VERIFY_NONE;
    }
}

/* The names a client may choose its certificate by: RFC 8446 section 4.2.4, RFC 5246 section
 * 7.4.4. */
static bool set_client_ca_names(SSL_CTX *ssl_ctx)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ssl_ctx));
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *anchor = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (anchor != NULL && SSL_CTX_add_client_CA(ssl_ctx, anchor) != 1) {
            return false;
        }
    }
    return true;
}

static enum tls_outcome set_trust(SSL_CTX *ssl_ctx, const struct tls_context_config *config)
{
    size_t bad;
    int mode = verify_mode(config);
    SSL_CTX_set_verify(ssl_ctx, mode, NULL);
    SSL_CTX_set_verify_depth(ssl_ctx, TLS_CHAIN_MAX);
    SSL_CTX_set_cert_verify_callback(ssl_ctx, tls_openssl_verify_peer, NULL);
    (void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl_ctx), X509_V_FLAG_PARTIAL_CHAIN);
    if (mode == SSL_VERIFY_NONE) {
        return TLS_OK;
    }
    enum tls_outcome outcome =
        tls_openssl_trust_parse(config->trust, SSL_CTX_get_cert_store(ssl_ctx), &bad);
    if (outcome == TLS_OK && config->role == TLS_SERVER && !set_client_ca_names(ssl_ctx)) {
        return TLS_NO_MEMORY;
    }
    return outcome;
}

/* ---- Identity ---- */

static enum tls_outcome use_identity(SSL_CTX *ssl_ctx, const struct tls_openssl_identity *parts)
{
    if (X509_check_private_key(parts->leaf, parts->key) != 1) {
        return TLS_UNTRUSTED;
    }
    if (SSL_CTX_use_cert_and_key(ssl_ctx, parts->leaf, parts->key, parts->chain, 1) != 1) {
        return TLS_FAILED;
    }
    return TLS_OK;
}

static bool has_identity(const struct tls_identity *identity)
{
    return identity != NULL && identity->chain_count > 0;
}

static enum tls_outcome set_identity(SSL_CTX *ssl_ctx, const struct tls_identity *identity)
{
    struct tls_openssl_identity parts;
    size_t bad;
    if (!has_identity(identity)) {
        return TLS_OK;
    }
    enum tls_outcome outcome = tls_openssl_identity_parse(identity, &parts, &bad);
    if (outcome == TLS_OK) {
        outcome = use_identity(ssl_ctx, &parts);
    }
    tls_openssl_identity_free(&parts);
    return outcome;
}

/* ---- Application protocols (RFC 7301) ---- */

/* A list on the wire is names, each behind a byte with its length; the library has checked it. */
static const unsigned char *find_alpn(const unsigned char *list, unsigned list_len,
                                      const char *name)
{
    size_t len = strlen(name);
    for (unsigned at = 0; at < list_len; at += 1U + list[at]) {
        if (list[at] == len && memcmp(list + at + 1, name, len) == 0) {
            return list + at + 1;
        }
    }
    return NULL;
}

/* The server's order decides; without a common protocol the handshake ends with
 * no_application_protocol (section 3.2). */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offered, unsigned offered_len, void *arg)
{
    const struct tls_context *context = arg;
    (void)ssl;
    for (const char *const *own = context->alpn; *own != NULL; own++) {
        *out = find_alpn(offered, offered_len, *own);
        if (*out != NULL) {
            *out_len = (unsigned char)strlen(*own);
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* 0 if a name is empty or too long. */
static size_t alpn_wire_len(const char *const *names)
{
    size_t total = 0;
    for (; *names != NULL; names++) {
        size_t len = strlen(*names);
        if (len == 0 || len > 255) {
            return 0;
        }
        total += 1 + len;
    }
    return total;
}

static enum tls_outcome offer_alpn(SSL_CTX *ssl_ctx, const char *const *names)
{
    size_t total = alpn_wire_len(names);
    if (total == 0) {
        return TLS_MISUSE;
    }
    uint8_t *wire = memory_calloc(1, total);
    if (wire == NULL) {
        return TLS_NO_MEMORY;
    }
    for (uint8_t *at = wire; *names != NULL; names++) {
        size_t len = strlen(*names);
        *at = (uint8_t)len;
        memcpy(at + 1, *names, len);
        at += 1 + len;
    }
    int failed = SSL_CTX_set_alpn_protos(ssl_ctx, wire, (unsigned)total); /* 0 is success */
    memory_free(wire);
    return failed == 0 ? TLS_OK : TLS_NO_MEMORY;
}

static enum tls_outcome set_alpn(struct tls_context *context)
{
    if (context->alpn == NULL || context->alpn[0] == NULL) {
        return TLS_OK;
    }
    if (context->role == TLS_CLIENT) {
        return offer_alpn(context->ssl_ctx, context->alpn);
    }
    SSL_CTX_set_alpn_select_cb(context->ssl_ctx, select_alpn, context);
    return TLS_OK;
}

/* ---- Open and close ---- */

/* Our own fatal alerts, for the session's error. */
static void note_alert(const SSL *ssl, int where, int value)
{
    struct tls_session *session = SSL_get_app_data(ssl);
    bool fatal = value >> 8 == SSL3_AL_FATAL;
    if (where == SSL_CB_WRITE_ALERT && fatal && session->alert_sent == TLS_NO_ALERT) {
        session->alert_sent = value & 0xff;
    }
}

static bool has_trust(const struct tls_trust *trust)
{
    return trust != NULL && trust->anchor_count > 0;
}

static bool is_complete(const struct tls_context_config *config)
{
    bool server = config->role == TLS_SERVER;
    bool verifies = !server || config->peer_auth != TLS_PEER_AUTH_NONE;
    return (!server || has_identity(config->identity)) && (!verifies || has_trust(config->trust));
}

static bool make_parts(struct tls_context *context)
{
    context->bio_method = tls_openssl_bio_method();
    context->ssl_ctx =
        SSL_CTX_new(context->role == TLS_SERVER ? TLS_server_method() : TLS_client_method());
    return context->bio_method != NULL && context->ssl_ctx != NULL;
}

static enum tls_outcome configure(struct tls_context *context,
                                  const struct tls_context_config *config)
{
    if (!make_parts(context)) {
        return TLS_NO_MEMORY;
    }
    if (RAND_status() != 1) {
        return TLS_FAILED;
    }
    set_security(context);
    SSL_CTX_set_info_callback(context->ssl_ctx, note_alert);
    if (!set_policy(context->ssl_ctx, config) || !set_tickets(context->ssl_ctx, config)) {
        return TLS_FAILED;
    }
    enum tls_outcome outcome = set_trust(context->ssl_ctx, config);
    if (outcome == TLS_OK) {
        outcome = set_identity(context->ssl_ctx, config->identity);
    }
    return outcome == TLS_OK ? set_alpn(context) : outcome;
}

enum tls_outcome tls_context_open(const struct tls_context_config *config, struct tls_context **out,
                                  struct tls_error *error)
{
    *out = NULL;
    if (!is_complete(config)) {
        return tls_openssl_describe(error, TLS_MISUSE, 0);
    }
    struct tls_context *context = tls_openssl_prepare() ? memory_calloc(1, sizeof *context) : NULL;
    if (context == NULL) {
        return tls_openssl_describe(error, TLS_NO_MEMORY, 0);
    }
    context->role = config->role;
    context->alpn = config->alpn;
    ERR_clear_error();
    enum tls_outcome outcome = configure(context, config);
    outcome = tls_openssl_describe(error, outcome,
                                   outcome == TLS_UNTRUSTED ? TLS_VERIFY_KEY_MISMATCH : 0);
    if (outcome != TLS_OK) {
        tls_context_close(context);
        return outcome;
    }
    *out = context;
    return TLS_OK;
}

void tls_context_close(struct tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl_ctx);
        BIO_meth_free(context->bio_method);
        memory_free(context);
    }
}
