/* A context: the policy, identity and trust that many sessions share. */
#include <string.h>

#include "backend.h"
#include "memory_port.h"

static void context_init(struct tls_context *context, const struct tls_context_config *config)
{
    context->role = config->role;
    context->min_version = policy_has_tls12 ? config->min_version : TLS_VERSION_1_3;
    context->max_version = config->tls_1_2_only ? TLS_VERSION_1_2 : TLS_VERSION_1_3;
    context->peer_auth = config->peer_auth;
    mbedtls_ssl_config_init(&context->config);
    mbedtls_x509_crt_init(&context->chain);
    mbedtls_pk_init(&context->key);
    mbedtls_x509_crt_init(&context->anchors);
    mbedtls_ssl_ticket_init(&context->ticket_keys);
}

static void context_free(struct tls_context *context)
{
    record_buffers_free(context->buffers);
    mbedtls_ssl_ticket_free(&context->ticket_keys);
    mbedtls_x509_crt_free(&context->anchors);
    mbedtls_pk_free(&context->key);
    mbedtls_x509_crt_free(&context->chain);
    mbedtls_ssl_config_free(&context->config);
    memory_free(context);
}

static bool has_identity(const struct tls_context_config *config)
{
    return config->identity != NULL && config->identity->chain_count > 0;
}

static bool config_is_sound(const struct tls_context_config *config)
{
    bool server = config->role == TLS_SERVER;
    bool verifies = !server || config->peer_auth != TLS_PEER_AUTH_NONE;
    bool has_trust = config->trust != NULL && config->trust->anchor_count > 0;
    if (has_identity(config) && config->identity->chain_count > TLS_CHAIN_MAX) {
        return false;
    }
    if (has_trust && config->trust->anchor_count > TLS_ANCHORS_MAX) {
        return false;
    }
    if (config->tls_1_2_only && (config->min_version == TLS_VERSION_1_3 || !policy_has_tls12)) {
        return false;
    }
    return (!server || has_identity(config)) && (!verifies || has_trust);
}

static void apply_suites(mbedtls_ssl_config *conf, enum tls_suite_order order)
{
    bool chacha = order == TLS_SUITE_ORDER_CHACHA_FIRST;
    mbedtls_ssl_conf_ciphersuites(conf, policy_suites(order));
    internals_set_preference(conf, chacha ? MBEDTLS_SSL_SRV_CIPHERSUITE_ORDER_SERVER
                                          : MBEDTLS_SSL_SRV_CIPHERSUITE_ORDER_CLIENT);
    mbedtls_ssl_conf_groups(conf, policy_groups);
    mbedtls_ssl_conf_sig_algs(conf, policy_signatures);
}

static mbedtls_ssl_protocol_version library_version(enum tls_version version)
{
    return version == TLS_VERSION_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2;
}

static void apply_versions(struct tls_context *context)
{
    mbedtls_ssl_config *conf = &context->config;
    mbedtls_ssl_conf_min_tls_version(conf, library_version(context->min_version));
    mbedtls_ssl_conf_max_tls_version(conf, library_version(context->max_version));
    /* A resumed session has keys of its own: (EC)DHE on top of the ticket. */
    mbedtls_ssl_conf_tls13_key_exchange_modes(conf,
                                              MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
}

static void apply_verification(struct tls_context *context)
{
    mbedtls_ssl_config *conf = &context->config;
    int mode = MBEDTLS_SSL_VERIFY_REQUIRED;
    if (context->role == TLS_SERVER) {
        mode = context->peer_auth == TLS_PEER_AUTH_NONE ? MBEDTLS_SSL_VERIFY_NONE
                                                        : MBEDTLS_SSL_VERIFY_OPTIONAL;
        /* "Optional" here also means required: see verify_refusal. */
    }
    mbedtls_ssl_conf_authmode(conf, mode);
    mbedtls_ssl_conf_cert_profile(conf, &policy_certificates);
    mbedtls_ssl_conf_ca_chain(conf, identity_anchors(&context->anchors), NULL);
}

/* The keys live and die with the context, so a ticket never outlives the policy it was given
 * under, nor a restart. */
static int apply_tickets(struct tls_context *context, bool tickets)
{
    mbedtls_ssl_config *conf = &context->config;
    if (context->role == TLS_CLIENT) {
        mbedtls_ssl_conf_session_tickets(conf, tickets ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                       : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
        mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
            conf, tickets ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
                          : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
        return 0;
    }
    if (!tickets) {
        return 0;
    }
    context->gives_tickets = true;
    mbedtls_ssl_conf_session_tickets_cb(conf, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &context->ticket_keys);
    return mbedtls_ssl_ticket_setup(&context->ticket_keys, tls_mbedtls_random, NULL,
                                    MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFETIME_S);
}

static int apply_identity(struct tls_context *context, const struct tls_identity *identity)
{
    size_t index;
    int code =
        identity_parse_chain(identity->chain, identity->chain_count, &context->chain, &index);
    if (code == 0) {
        code = identity_parse_key(&identity->key, &context->key);
    }
    if (code == 0) {
        code = mbedtls_ssl_conf_own_cert(&context->config, &context->chain, &context->key);
    }
    return code;
}

/* An empty list would be sent as an empty extension, which RFC 7301 forbids. The library takes the
 * list without a const, but promises not to change it. */
static int apply_alpn(mbedtls_ssl_config *conf, const char *const *protocols)
{
    if (protocols == NULL || protocols[0] == NULL) {
        return 0;
    }
    return mbedtls_ssl_conf_alpn_protocols(conf, (const char **)(uintptr_t)protocols);
}

static int context_fill(struct tls_context *context, const struct tls_context_config *config)
{
    mbedtls_ssl_config *conf = &context->config;
    size_t index;
    int endpoint = config->role == TLS_SERVER ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
    int code = mbedtls_ssl_config_defaults(conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(conf, tls_mbedtls_random, NULL);
    apply_suites(conf, config->suite_order);
    apply_versions(context);
    if (code == 0 && has_identity(config)) {
        code = apply_identity(context, config->identity);
    }
    if (code == 0 && config->trust != NULL) {
        code = identity_parse_chain(config->trust->anchors, config->trust->anchor_count,
                                    &context->anchors, &index);
    }
    if (code == 0) {
        apply_verification(context);
        code = apply_alpn(conf, config->alpn);
    }
    return code != 0 ? code : apply_tickets(context, config->tickets);
}

/* Says what came of filling the context; a key that does not match is not the library's error. */
static enum tls_outcome context_judge(const struct tls_context *context,
                                      const struct tls_context_config *config, int code,
                                      unsigned failures, struct tls_error *error)
{
    enum tls_outcome outcome = error_outcome(code, failures);
    bool mismatch = outcome == TLS_OK && has_identity(config) &&
                    !identity_key_matches(&context->chain, &context->key);
    if (mismatch) {
        /* Comparing needs memory too. */
        bool starved = tls_mbedtls_allocation_failures() != failures;
        outcome = starved ? TLS_NO_MEMORY : TLS_UNTRUSTED;
    }
    error_fill(error, outcome, code);
    if (outcome == TLS_UNTRUSTED && error != NULL) {
        error->verify = TLS_VERIFY_KEY_MISMATCH;
    }
    return outcome;
}

static enum tls_outcome context_make(const struct tls_context_config *config,
                                     struct tls_context **out, struct tls_error *error)
{
    unsigned failures = tls_mbedtls_allocation_failures();
    struct tls_context *context = memory_calloc(1, sizeof(*context));
    if (context == NULL) {
        error_fill(error, TLS_NO_MEMORY, 0);
        return TLS_NO_MEMORY;
    }
    context_init(context, config);
    context->buffers = record_buffers_new();
    int code =
        context->buffers != NULL ? context_fill(context, config) : MBEDTLS_ERR_SSL_ALLOC_FAILED;
    enum tls_outcome outcome = context_judge(context, config, code, failures, error);
    if (outcome != TLS_OK) {
        context_free(context);
        return outcome;
    }
    *out = context;
    return TLS_OK;
}

enum tls_outcome tls_context_open(const struct tls_context_config *config, struct tls_context **out,
                                  struct tls_error *error)
{
    *out = NULL;
    if (!config_is_sound(config)) {
        error_fill(error, TLS_MISUSE, 0);
        return TLS_MISUSE;
    }
    unsigned failures = tls_mbedtls_allocation_failures();
    int code = library_acquire();
    if (code != 0) {
        enum tls_outcome outcome = error_outcome(code, failures);
        error_fill(error, outcome, code);
        return outcome;
    }
    enum tls_outcome outcome = context_make(config, out, error);
    if (outcome != TLS_OK) {
        library_release();
    }
    return outcome;
}

void tls_context_close(struct tls_context *context)
{
    if (context == NULL) {
        return;
    }
    context_free(context);
    library_release();
}
