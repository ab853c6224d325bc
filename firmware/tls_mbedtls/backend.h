/* What the files of the Mbed TLS backend share: its structs and the calls between its parts. */
#ifndef TLS_MBEDTLS_BACKEND_H
#define TLS_MBEDTLS_BACKEND_H

#include "mbedtls/ssl.h"
#include "mbedtls/ssl_ticket.h"
#include "mbedtls/x509_crt.h"
#include "tls_port.h"

#define SHA256_LEN 32
/* What may be sealed with one key of AES-GCM. RFC 8446 section 5.5: 2^24.5 full records, which are
 * 2^34.5 of the cipher's blocks. A record of one byte takes three blocks and 23 bytes on the wire,
 * so that so many bytes are fewer blocks in records of any size. */
#define AES_GCM_LIMIT_LEN (UINT64_C(1) << 37)

/* A server's flight with a chain of two RSA certificates fits, and what does not goes in pieces. */
#define FLIGHT_CAP 4096

#define TICKET_LIFETIME_S 3600 /* a key seals for so long, and opens for as long again */

struct tls_context {
    enum tls_role role;
    enum tls_version min_version, max_version;
    enum tls_peer_auth peer_auth;
    mbedtls_ssl_config config;
    mbedtls_x509_crt chain;   /* own, leaf first; empty without an identity */
    mbedtls_pk_context key;   /* the leaf's */
    mbedtls_x509_crt anchors; /* what peers are verified against */
    mbedtls_ssl_ticket_context ticket_keys;
    bool gives_tickets;
    struct record_buffers *buffers; /* lent to the session that a call is made of */
};

/* What a session keeps of the record buffers from one call to the next: in_len bytes of input, then
 * the library's out_left bytes of output, then the flight; in block if there are more than fit into
 * head. */
struct kept {
    uint8_t head[16]; /* a counter of eight bytes and a record's header */
    uint8_t *block;   /* owned; NULL: head it is */
    size_t in_len;
};

/* Where the part of each record buffer ends that a call has used; NULL: not known. */
struct used {
    const uint8_t *in_end, *out_end, *flight_end;
};

/* Records of a handshake that have not gone to the transport yet: the library hands over one at a
 * time, and each would be a segment of its own. */
struct flight {
    uint8_t *bytes; /* in the record buffers, FLIGHT_CAP of them */
    size_t len;
};

/* What the handshake agreed on and the library forgets or hides: see internals.c. */
struct agreed {
    const char *group;
    bool resumed;
};

/* The session's side of its transport: what happened there during a call into the library. */
struct wire {
    enum tls_outcome want; /* TLS_WANT_READ or TLS_WANT_WRITE if the transport said so; else OK */
    size_t want_len;       /* bytes that it has to give or take before there is progress */
    enum tls_outcome end;  /* how the transport ended: TRUNCATED, RESET, FAILED; OK: it did not */
    size_t budget_len;     /* bytes that this call may still receive */
    uint64_t sent_len, received_len; /* since the session began: nearly all under its last keys */
    size_t watched_len;    /* bytes at the front of the output that were looked at already */
    bool sending_data;     /* the library is writing application data, not messages of its own */
    bool alert_made;       /* the library made a fatal alert */
    int alert;             /* which, or TLS_NO_ALERT if it was encrypted */
    struct used used;      /* of the record buffers, by this call */
    bool needs_room;       /* reads_need_room of the session's config */
    size_t read_cap;       /* of the read that this call is */
    size_t unanswered_len; /* bytes read and not written since */
    struct flight flight;
};

/* The write that waits to be called again. */
struct pending_write {
    const uint8_t *bytes; /* NULL: none */
    size_t len;
    size_t sealed_len; /* of bytes in the record that is on its way; 0: not sealed yet */
};

/* When all certificates of a chain are valid. */
struct validity {
    bool is_known;
    mbedtls_x509_time from, to;
};

enum close_step { CLOSE_NOT_BEGUN, CLOSE_FLUSHING, CLOSE_SENDING, CLOSE_DONE };

struct tls_session {
    struct tls_context *context;
    struct tls_transport *transport;
    mbedtls_ssl_context ssl;
    struct wire wire;
    struct kept kept;
    unsigned allocation_failures; /* of the whole backend when the call began */
    struct tls_error error;
    bool failed;    /* error is final: only tls_close does anything */
    int alert_owed; /* a fatal alert for tls_close to make, or TLS_NO_ALERT */
    bool established;
    bool peer_closed; /* close_notify has come */
    struct pending_write write;
    enum close_step close;
    struct agreed agreed;
    unsigned verify; /* bits of enum tls_verify found in the peer's chain */
    bool peer_known;
    struct tls_peer_certificate peer;
    struct validity validity;        /* of the chain that the peer showed */
    struct validity ticket_validity; /* of the chain behind the ticket that a client offers */
    uint8_t name_ip[16];
    size_t name_ip_len;            /* 0: the server's name is not an address */
    uint8_t name_hash[SHA256_LEN]; /* of the server's name: a ticket is bound to it */
};

/* ---- library.c: the library as a whole ------------------------------------------------------ */

/* Starts the library for one more context or call; pair with library_release. 0 or its code. */
int library_acquire(void);
void library_release(void);

/* The library's code in its own words, and in ours what class of outcome it is. */
void error_fill(struct tls_error *error, enum tls_outcome outcome, long code);
enum tls_outcome error_outcome(int code, unsigned allocation_failures_before);

/* ---- error_text.c, or error_text_small.c ------------------------------------------------------
 */

/* Puts the library's code in words into out (cap bytes). */
void error_text(int code, char *out, size_t cap);

/* ---- policy.c, or policy_small.c: what is offered and accepted ---------------------------------
 */

/* False: the library knows nothing below TLS 1.3. */
extern const bool policy_has_tls12;
/* As the library takes them. */
const int *policy_suites(enum tls_suite_order order);
extern const uint16_t policy_groups[];
extern const uint16_t policy_signatures[];
/* Of certificates. */
extern const mbedtls_x509_crt_profile policy_certificates;

struct named {
    int id;
    const char *name;
};

/* Their names; the last entry, with id 0, stands for whatever is not there. */
extern const struct named policy_suite_names[];
extern const struct named policy_group_names[];

/* ---- platform_hooks.c: the library's way down to our seams ---------------------------------- */

/* The library's f_rng. */
int tls_mbedtls_random(void *unused, unsigned char *out, size_t len);

/* How many allocations failed so far: the library often reports such a failure as another. */
unsigned tls_mbedtls_allocation_failures(void);

/* ---- identity.c: certificates and keys of our own -------------------------------------------- */

/* Parse into initialised objects. 0 or the library's code; *index: the certificate it was about. */
int identity_parse_chain(const struct tls_span *spans, size_t count, mbedtls_x509_crt *out,
                         size_t *index);
int identity_parse_key(const struct tls_span *span, mbedtls_pk_context *out);

/* The list as the library wants it: it takes an empty object for a certificate without a name. */
mbedtls_x509_crt *identity_anchors(mbedtls_x509_crt *parsed);

/* True if key is the private key of the leaf. */
bool identity_key_matches(const mbedtls_x509_crt *chain, const mbedtls_pk_context *key);

/* Fills all of out. 0 or the library's code. */
int certificate_to_info(const mbedtls_x509_crt *crt, struct tls_peer_certificate *out);

/* ---- verify.c: is the peer who it should be? --------------------------------------------------
 */

/* The library's flags as bits of enum tls_verify, and the alert that says so best. */
unsigned verify_reasons(uint32_t flags);
int verify_alert(uint32_t flags);

/* The library's f_vrfy; data is a struct tls_session. */
int verify_certificate(void *data, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* The library's flags if the peer must be refused at this point of the handshake, else 0. */
uint32_t verify_refusal(const struct tls_session *session);
uint32_t verify_final_refusal(const struct tls_session *session);

/* True if this server asks its clients for certificates. */
bool verify_asks_client(const struct tls_context *context);

/* ---- dates.c: certificates and the wall clock -------------------------------------------------
 */

/* Takes a certificate's dates in. */
void validity_narrow(struct validity *validity, const mbedtls_x509_crt *crt);

/* The one that counts for this session. */
const struct validity *validity_of(const struct tls_session *session);

/* Bits of enum tls_verify: EXPIRED, NOT_YET_VALID. */
unsigned validity_reasons(const struct validity *validity);

/* Takes NOT_YET_VALID out of reasons, and returns it, if the clock cannot tell. */
unsigned validity_defer(unsigned *reasons);

/* ---- names.c: what the log calls things -------------------------------------------------------
 */

const char *name_of_suite(int id);         /* IANA's, "unknown" if there is none */
const char *name_of_group(uint16_t group); /* "none" for 0 */
void name_to_text(const mbedtls_x509_name *name, char *out, size_t cap);
void time_to_text(const mbedtls_x509_time *time, char *out, size_t cap);
void key_type_to_text(const mbedtls_pk_context *key, char *out, size_t cap);

/* ---- wire.c: between library and transport ----------------------------------------------------
 */

/* The library's f_send and f_recv. During a handshake the one gathers, until the other is called,
 * or wire_flush. */
int wire_send(void *data, const unsigned char *bytes, size_t len);
int wire_receive(void *data, unsigned char *buf, size_t cap);

/* Sends what was gathered. 0, or the library's code for what stopped it. */
int wire_flush(struct tls_session *session);

/* True if the transport has room for len bytes; if not, that is what the session wants. */
bool wire_has_room(struct tls_session *session, size_t len);

/* ---- session.c ---------------------------------------------------------------------------------
 */

/* Call before going into the library: forgets what the last call met, and lends it the record
 * buffers. */
void session_begin(struct tls_session *session);

/* Call when done with the library, for what to return: outcome, or NO_MEMORY if what is left in the
 * record buffers could not be kept. */
enum tls_outcome session_done(struct tls_session *session, enum tls_outcome outcome);

/* What a code of the library means for the session: a want, the peer's end, or a failure, which is
 * recorded. OK: nothing to report, call the library again. */
enum tls_outcome session_judge(struct tls_session *session, int code);

/* Ends the session for this code of the library's, and owes the peer the alert that says so. */
enum tls_outcome session_fail(struct tls_session *session, int code);

/* After the handshake: its cipher is ChaCha20-Poly1305, and no AES-GCM. */
bool session_has_chacha(const struct tls_session *session);

/* Records that the peer is refused for flags, and owes it the alert. */
enum tls_outcome session_refuse(struct tls_session *session, uint32_t flags);

/* ---- resumption.c ------------------------------------------------------------------------------
 */

/* Offers the session in what tls_session_export gave; leaves all as it was if that is unusable. */
void resumption_import(struct tls_session *session, struct tls_span exported);

/* ---- record_buffers.c ---------------------------------------------------------------------------
 */

/* One set of record buffers; NULL: no memory. */
struct record_buffers *record_buffers_new(void);
void record_buffers_free(struct record_buffers *buffers);
size_t record_buffers_len(void);

/* mbedtls_ssl_setup() on lent buffers. 0 or the library's code. */
int record_buffers_setup(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *config,
                         struct record_buffers *buffers);
uint8_t *record_buffers_flight(struct record_buffers *buffers);

/* Call before mbedtls_ssl_free(): the buffers are not the library's to free. */
void record_buffers_take_back(mbedtls_ssl_context *ssl);

/* Around each call into the library: puts back what was kept, and keeps what is left; wire->used
 * says what the one has put where, and tells the other how much to wipe. Nothing of the session
 * stays in the buffers. False: no memory; the session is of no further use. */
void record_buffers_begin(mbedtls_ssl_context *ssl, struct kept *kept, struct wire *wire);
bool record_buffers_end(mbedtls_ssl_context *ssl, struct kept *kept, struct wire *wire);

/* ---- internals.c: with record_buffers.c, all that knows the library's private fields -----------
 */

bool internals_handshake_is_over(const mbedtls_ssl_context *ssl);
bool internals_may_sign_next(const mbedtls_ssl_context *ssl);
void internals_free_handshake(mbedtls_ssl_context *ssl);
/* internals12.c, or internals12_none.c without TLS 1.2: frees what its handshake alone needs, and
 * the group agreed on, 0 if none. */
void internals_free_handshake12(mbedtls_ssl_context *ssl);
uint16_t internals_group12(const mbedtls_ssl_context *ssl);
/* Whose order of suites counts: MBEDTLS_SSL_SRV_CIPHERSUITE_ORDER_... */
void internals_set_preference(mbedtls_ssl_config *conf, int order);
void internals_note_agreed(const mbedtls_ssl_context *ssl, struct agreed *agreed);
bool internals_record_is_begun(const mbedtls_ssl_context *ssl);
size_t internals_output_len(const mbedtls_ssl_context *ssl);
int internals_flush(mbedtls_ssl_context *ssl);
int internals_received_alert(const mbedtls_ssl_context *ssl);
int internals_made_alert(const mbedtls_ssl_context *ssl);
int internals_made_alert_reason(const mbedtls_ssl_context *ssl);
const mbedtls_ssl_session *internals_session(const mbedtls_ssl_context *ssl);
bool internals_session_has_ticket(const mbedtls_ssl_session *session);

#endif
