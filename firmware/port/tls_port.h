/* The TLS seam: what the echo logic needs of a TLS library.
 *
 * Every call says in its outcome what the caller should do next; no outcome is ever to be guessed
 * from a count, an errno or a library's code. A backend implements all functions of this header in
 * one static library; the logic links exactly one. No function blocks. A context and its sessions
 * belong to one thread at a time. A backend keeps no global mutable state but what its library
 * itself imposes.
 *
 * Terms are those of RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2) and RFC 5280 (certificates). */
#ifndef TLS_PORT_H
#define TLS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

enum tls_outcome {
    TLS_OK = 0,     /* done; where there is a count, that many bytes moved (at least one) */
    TLS_WANT_READ,  /* call again, with the same arguments, once the transport is readable */
    TLS_WANT_WRITE, /* call again, with the same arguments, once the transport is writable; both:
                       by how many bytes is tls_want_len's answer */
    TLS_CLOSED,     /* the peer sent close_notify: a clean end of its data */
    TLS_TRUNCATED,  /* the transport ended without close_notify: data may be missing */
    TLS_RESET,      /* the transport was reset */
    TLS_ALERT,      /* the peer sent a fatal alert: tls_session_error says which */
    TLS_UNTRUSTED,  /* the peer's certificate was refused: tls_session_error says why */
    TLS_NO_MEMORY,  /* out of memory; the session is of no further use */
    TLS_MISUSE,     /* the caller broke this contract; the session is unchanged */
    TLS_FAILED,     /* anything else: tls_session_error has the library's code and text */
};

/* ---- Transport: what a session sits on ---------------------------------------------------- */

enum tls_transport_outcome {
    TLS_TRANSPORT_OK = 0,     /* *count bytes moved, at least one */
    TLS_TRANSPORT_WANT_READ,  /* nothing to receive now */
    TLS_TRANSPORT_WANT_WRITE, /* no room to send now */
    TLS_TRANSPORT_CLOSED,     /* receive only: the peer ended its stream in order (FIN) */
    TLS_TRANSPORT_RESET,      /* the connection is gone: nothing can be sent or received */
    TLS_TRANSPORT_FAILED,     /* anything else */
};

/* A stream of bytes to the peer. The owner embeds this struct in its own and finds itself again
 * from the pointer. No function may block. send takes a part or all of bytes (len of them, at
 * least one, borrowed for the call); receive puts at most cap (at least one) into buf. Unless the
 * outcome is OK, nothing moved and *count is 0. CLOSED and RESET are final: asked again, they say
 * the same.
 *
 * The last two functions spare memory: a backend that can ask takes a record from the transport
 * only when all of it is there, seals one only when there is room for all of it, and so holds
 * neither between two calls. receivable says how many bytes receive would give now, SIZE_MAX once
 * the stream has ended or the transport holds all that it can; sendable how many bytes send would
 * take now, SIZE_MAX if the transport is gone. Both are NULL, or the transport can hold
 * TLS_RECORD_MAX_LEN bytes in that direction: a want may be for so many. */
struct tls_transport {
    enum tls_transport_outcome (*send)(struct tls_transport *self, const uint8_t *bytes, size_t len,
                                       size_t *count);
    enum tls_transport_outcome (*receive)(struct tls_transport *self, uint8_t *buf, size_t cap,
                                          size_t *count);
    size_t (*receivable)(struct tls_transport *self); /* NULL: cannot tell */
    size_t (*sendable)(struct tls_transport *self);   /* NULL: cannot tell */
};

/* ---- Why something went wrong --------------------------------------------------------------- */

/* Why a certificate was refused; bits, as several may hold. Dates are held against clock_wall().
 * While that is only a lower bound, nobody can tell whether a date that it has not reached is still
 * to come: NOT_YET_VALID is then deferred, which means that it is no reason to refuse, but is told.
 */
enum tls_verify {
    TLS_VERIFY_EXPIRED = 1 << 0,
    TLS_VERIFY_NOT_YET_VALID = 1 << 1,
    TLS_VERIFY_UNKNOWN_CA = 1 << 2,   /* no chain to a trusted CA */
    TLS_VERIFY_WRONG_NAME = 1 << 3,   /* no SAN matches the name or address asked for */
    TLS_VERIFY_MISSING = 1 << 4,      /* the peer sent no certificate */
    TLS_VERIFY_WEAK = 1 << 5,         /* key or signature algorithm or size is not allowed */
    TLS_VERIFY_BAD_USAGE = 1 << 6,    /* key usage or extended key usage forbids this role */
    TLS_VERIFY_KEY_MISMATCH = 1 << 7, /* own identity only: the key is not the certificate's */
    TLS_VERIFY_OTHER = 1 << 8,
};

#define TLS_NO_ALERT (-1)

struct tls_error {
    enum tls_outcome outcome;
    int alert;       /* AlertDescription (RFC 8446 section 6) received or sent, or TLS_NO_ALERT */
    bool alert_sent; /* true: ours, false: the peer's */
    long code;       /* the library's own code, 0 if none */
    char text[128];  /* the library's own words for it, terminated, may be empty */
    unsigned verify; /* bits of enum tls_verify */
};

/* ---- Context: identity, trust and policy shared by many sessions --------------------------- */

struct tls_context; /* made by tls_context_open, freed by tls_context_close */

struct tls_span {
    const uint8_t *bytes; /* borrowed */
    size_t len;
};

#define TLS_CHAIN_MAX 8   /* certificates in one chain, leaf first */
#define TLS_ANCHORS_MAX 8 /* trusted CA certificates */

/* A certificate chain (DER, leaf first, each signed by the next) and the leaf's private key (DER:
 * PKCS#8, SEC1 or PKCS#1). chain_count 0 means: no identity. The bytes are borrowed. */
struct tls_identity {
    struct tls_span chain[TLS_CHAIN_MAX];
    size_t chain_count;
    struct tls_span key;
};

/* CA certificates (DER) that peers are verified against. The bytes are borrowed. */
struct tls_trust {
    struct tls_span anchors[TLS_ANCHORS_MAX];
    size_t anchor_count;
};

enum tls_role { TLS_SERVER, TLS_CLIENT };
enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

/* What a server asks of its clients. A client always requires the server's certificate. */
enum tls_peer_auth {
    TLS_PEER_AUTH_NONE,     /* no certificate is asked for */
    TLS_PEER_AUTH_OPTIONAL, /* asked for; none is fine, a bad one is refused */
    TLS_PEER_AUTH_REQUIRED, /* none is refused, a bad one is refused */
};

/* How the order of cipher suites is decided. The suites themselves are the backend's build. */
enum tls_suite_order {
    TLS_SUITE_ORDER_AES_FIRST,    /* a client offers AES-GCM first; a server follows the client */
    TLS_SUITE_ORDER_CHACHA_FIRST, /* a client offers, and a server picks, ChaCha20-Poly1305 first */
};

/* All pointers are borrowed for the call of tls_context_open only, unless said otherwise. */
struct tls_context_config {
    enum tls_role role;
    enum tls_version min_version;
    bool tls_1_2_only;            /* nothing above TLS 1.2 is offered or accepted */
    enum tls_peer_auth peer_auth; /* servers only */
    enum tls_suite_order suite_order;
    const struct tls_identity *identity; /* a server's is required, a client's may be NULL */
    const struct tls_trust *trust;       /* may be NULL only for a server with PEER_AUTH_NONE */
    const char *const *alpn; /* protocols offered or accepted, most wanted first, NULL-terminated;
                                NULL: none. Without one in common a server fails. Borrowed until
                                tls_context_close. */
    bool tickets;            /* session tickets: issue them (server), keep them (client) */
};

/* Makes a context; *out is owned by the caller, who ends it with tls_context_close. Errors:
 * NO_MEMORY; UNTRUSTED: the key does not match the leaf certificate; MISUSE: a required part is
 * missing; FAILED: a certificate or key does not parse, or no entropy. On error *out is NULL and
 * *error says more. error is caller-owned and may be NULL. */
PORT_MUST_USE enum tls_outcome tls_context_open(const struct tls_context_config *config,
                                                struct tls_context **out, struct tls_error *error);

/* Frees a context. All its sessions must have been freed before. NULL is allowed. */
void tls_context_close(struct tls_context *context);

/* The library's name and version, for the log; static. */
const char *tls_library_version(void);

/* What a context takes from memory_port.h with so many sessions at a time: at most
 * fixed_len + sessions * session_len, MEMORY_OVERHEAD_LEN for each block included. fixed_len is for
 * an identity and trust of TLS_IDENTITY_MAX_LEN bytes of DER, and for what one call needs for a
 * while; session_len for a session at any point of its life, with a peer's chain of
 * TLS_PEER_CHAIN_LEN bytes. What a longer chain takes during the handshake is taken from what is
 * free: without that the session ends with NO_MEMORY, and no other is affected. All 0: there is no
 * bound. */
struct tls_memory {
    size_t fixed_len;
    size_t session_len;
};

#define TLS_IDENTITY_MAX_LEN 16384
#define TLS_PEER_CHAIN_LEN 2048

void tls_memory_needs(enum tls_role role, struct tls_memory *out);

/* ---- Sessions ------------------------------------------------------------------------------- */

struct tls_session; /* made by tls_session_open, freed by tls_session_free */

struct tls_session_config {
    struct tls_transport *transport; /* borrowed until tls_session_free */
    /* Clients: the DNS name or the IP address in text that the server's certificate must have in
     * its SAN. A DNS name is also sent as SNI, an address never is (RFC 6066 section 3). Required;
     * borrowed for the call. */
    const char *server_name;
    /* Clients: what tls_session_export gave, or len 0; borrowed for the call. */
    struct tls_span resume;
    /* For who sends back what it reads, and keeps nothing meanwhile: a read takes a record only if
     * all of it fits into cap (one of TLS_CONTENT_MAX always does) and the transport has room to
     * send as much as was read and not yet written. Otherwise it wants to write. Counts only with
     * a transport that can tell what is sendable. */
    bool reads_need_room;
};

/* Makes a session; *out is owned by the caller. The context must outlive it. Errors: NO_MEMORY,
 * MISUSE (a client without server_name), FAILED. An unusable resume span, one of
 * a session with another server_name, or one whose certificate is not valid by now, is not an
 * error: the handshake is then a full one. */
PORT_MUST_USE enum tls_outcome tls_session_open(struct tls_context *context,
                                                const struct tls_session_config *config,
                                                struct tls_session **out);

/* Frees a session, sends nothing, zeroizes its keys. NULL is allowed. */
void tls_session_free(struct tls_session *session);

/* Drives the handshake. OK, once: it is over (later calls are OK again, and do nothing). CLOSED,
 * TRUNCATED: the peer left during it. After any outcome but OK and the wants, call tls_close so
 * that the peer gets our alert. */
PORT_MUST_USE enum tls_outcome tls_handshake(struct tls_session *session);

/* Reads at most cap (at least one) bytes into buf. OK: *count of them, never 0. A read may want to
 * write. Tickets, empty records and other records without data are dealt with inside and never
 * seen. After CLOSED every later read is CLOSED, whatever the transport does. MISUSE: handshake not
 * over, cap 0. A TLS 1.3 client may get ALERT here: the server refused its certificate after the
 * handshake was over. *count is 0 unless OK. */
PORT_MUST_USE enum tls_outcome tls_read(struct tls_session *session, uint8_t *buf, size_t cap,
                                        size_t *count);

/* Writes from bytes (len of them, at least one; borrowed until the outcome is no want). OK: the
 * first *count bytes, never 0, were sealed and taken by the transport whole; go on with the rest.
 * After a want the next write must be with the same bytes and len: anything else is MISUSE, in
 * release builds too, and sends nothing. Writing is possible after the peer's close_notify, not
 * after tls_close (MISUSE). *count is 0 unless OK. */
PORT_MUST_USE enum tls_outcome tls_write(struct tls_session *session, const uint8_t *bytes,
                                         size_t len, size_t *count);

/* Ends our side: flushes what is pending (data that a write has sealed, a ticket, an alert), then
 * sends close_notify. OK only when close_notify itself was taken by the transport; OK again if
 * called later. After a failed handshake it flushes our fatal alert instead and is OK when that was
 * taken, or when there is none to send. Reading goes on being possible after it. Does not close the
 * transport. */
PORT_MUST_USE enum tls_outcome tls_close(struct tls_session *session);

/* After a want: how many bytes the transport must be able to give, or take, before another call
 * gets any further; at least 1. An event loop may wait for so many; a transport that has ended is
 * ready whatever is wanted. Belongs to the last call that wanted. */
size_t tls_want_len(const struct tls_session *session);

/* True if a read can make progress without the transport becoming readable: decrypted bytes, or
 * bytes of a record that the library holds. An event loop must not sleep on such a session if it
 * would read. */
bool tls_has_input(const struct tls_session *session);

/* After a want of a read: true if the header of a record has come, and the rest of it has not. The
 * peer owes that, and should not be given for ever. */
bool tls_record_is_begun(const struct tls_session *session);

struct tls_session_info {
    const char *version; /* "TLSv1.2" or "TLSv1.3"; static */
    const char *cipher;  /* IANA name, "TLS_AES_128_GCM_SHA256"; static */
    const char *group; /* "x25519", "secp256r1", "secp384r1", or "none" if resumed without (EC)DHE;
                          static */
    const char *alpn;  /* the protocol agreed on, or ""; valid until tls_session_free */
    bool resumed;      /* by ticket */
};

/* What the handshake agreed on. False, with *out zeroed, before it is over. */
PORT_MUST_USE bool tls_session_info(const struct tls_session *session,
                                    struct tls_session_info *out);

struct tls_peer_certificate {
    char subject[192]; /* RFC 4514-like text, "CN=tls-echo server,O=..."; terminated, cut to fit */
    char issuer[192];
    char not_before[24]; /* "2026-01-31T12:00:00Z" */
    char not_after[24];
    uint8_t sha256[32]; /* of the DER */
    unsigned deferred;  /* bits of enum tls_verify: NOT_YET_VALID, of any of the chain, or 0 */
};

/* The peer's leaf certificate. False, with *out zeroed, if it sent none in this handshake (a
 * resumed session, a client that was not asked). Also available after UNTRUSTED, to log what was
 * refused. */
PORT_MUST_USE bool tls_session_peer(const struct tls_session *session,
                                    struct tls_peer_certificate *out);

/* The first error of the session; outcome is TLS_OK if there was none. Valid until
 * tls_session_free. */
const struct tls_error *tls_session_error(const struct tls_session *session);

/* Room that tls_session_export needs at most, in bytes. */
#define TLS_EXPORT_MAX 4096

/* Clients: writes what is needed to resume this session later into buf. OK: *len bytes, one ticket,
 * secret: the caller zeroizes it after use. WANT_READ: no ticket has come yet (TLS 1.3 sends it
 * after the handshake: read on). NO_MEMORY: cap is too small. MISUSE: a server's session, or
 * handshake not over. */
PORT_MUST_USE enum tls_outcome tls_session_export(struct tls_session *session, uint8_t *buf,
                                                  size_t cap, size_t *len);

/* ---- After the wall clock was set --------------------------------------------------------------
 *
 * What was judged by one number of clock_wall()'s steps has to be judged again by another. */

/* Makes all session tickets that the context has given so far void, so that nobody resumes what was
 * judged by another time, and holds the dates of the own identity's chain against the clock. Bits
 * of enum tls_verify: EXPIRED, NOT_YET_VALID; 0: all well, or no identity. */
PORT_MUST_USE unsigned tls_context_recheck(struct tls_context *context);

/* Holds the dates of the peer's chain, of a session whose handshake is over, against the clock.
 * Bits of enum tls_verify: EXPIRED, NOT_YET_VALID; MISSING: it was resumed and its certificate is
 * not known any more, though this server asks for one; 0: all well, or the peer showed none.
 * Nothing is deferred, and the session itself is not changed. */
PORT_MUST_USE unsigned tls_session_recheck(const struct tls_session *session);

/* ---- Identity check, for the self-check at start ----------------------------------------------
 */

struct tls_identity_report {
    unsigned verify;     /* bits of enum tls_verify: what is wrong, 0 if nothing */
    size_t certificate;  /* with FAILED: index of the certificate that does not parse; chain_count
                            stands for the key */
    char subject[192];   /* of the leaf */
    char not_before[24]; /* of the leaf, "2026-01-31T12:00:00Z" */
    char not_after[24];
    char key_type[16]; /* "EC-P256", "RSA-2048", ... */
};

/* Checks an own identity for its role: parses all of it, matches key and leaf, verifies the chain
 * to trust at clock_wall()'s time. OK: it was checked, look at report->verify. FAILED: something
 * does not parse. NO_MEMORY. report and error are caller-owned; error may be NULL. */
PORT_MUST_USE enum tls_outcome tls_identity_check(enum tls_role role,
                                                  const struct tls_identity *identity,
                                                  const struct tls_trust *trust,
                                                  struct tls_identity_report *report,
                                                  struct tls_error *error);

/* Says of one certificate (DER), our own for one, what a peer is told of; nothing is verified, and
 * deferred is 0. False, with *out zeroed: it does not parse, or there is no memory. */
PORT_MUST_USE bool tls_certificate_describe(const struct tls_span *certificate,
                                            struct tls_peer_certificate *out);

/* SHA-256 of len bytes into out, for the integrity of the certificate blob. False, with out zeroed,
 * if the library fails. */
PORT_MUST_USE bool tls_sha256(const uint8_t *bytes, size_t len, uint8_t out[32]);

/* Content of the largest record, in bytes (RFC 8446 section 5.1). */
#define TLS_CONTENT_MAX 16384

/* Largest TLS record with its header and overhead, in bytes, that a peer may send us (RFC 8446
 * section 5.2: 5 + 16384 + 256; RFC 5246 section 6.2.3 allows 5 + 16384 + 2048). The TCP window
 * must be larger. */
#define TLS_RECORD_MAX_LEN 18437

#endif
