/* A client and a server on a wire in memory, one of them hostile: see fuzz_tls.h. */
#include "fuzz_tls.h"

#include <stdlib.h>
#include <string.h>

#include "identities.h"
#include "mbedtls/cipher.h"

#define QUEUE_CAP ((size_t)1 << 16)
#define STEPS_MAX 200
#define RECORD_HEADER_LEN 5
#define RECORD_CAP 20000

/* ---- The wire -------------------------------------------------------------------------------- */

struct queue {
    size_t len, taken;
    bool ended;
    uint8_t bytes[QUEUE_CAP];
};

struct end {
    struct tls_transport transport; /* first: the end is found from it */
    struct queue *in, *out;
    size_t chunk; /* most that one call moves */
};

/* Too much for the queue is lost, as on a wire that is cut. */
static void queue_put(struct queue *queue, const uint8_t *bytes, size_t len)
{
    size_t room = QUEUE_CAP - queue->len;
    size_t count = len < room ? len : room;
    if (count > 0) {
        memcpy(queue->bytes + queue->len, bytes, count);
        queue->len += count;
    }
}

static enum tls_transport_outcome end_send(struct tls_transport *self, const uint8_t *bytes,
                                           size_t len, size_t *count)
{
    struct end *end = (struct end *)self;
    FUZZ_CHECK(len > 0);
    *count = len < end->chunk ? len : end->chunk;
    queue_put(end->out, bytes, *count);
    return TLS_TRANSPORT_OK;
}

static enum tls_transport_outcome end_receive(struct tls_transport *self, uint8_t *buf, size_t cap,
                                              size_t *count)
{
    struct end *end = (struct end *)self;
    size_t there = end->in->len - end->in->taken;
    FUZZ_CHECK(cap > 0);
    *count = there < cap ? there : cap;
    *count = *count < end->chunk ? *count : end->chunk;
    if (*count == 0) {
        return end->in->ended ? TLS_TRANSPORT_CLOSED : TLS_TRANSPORT_WANT_READ;
    }
    memcpy(buf, end->in->bytes + end->in->taken, *count);
    end->in->taken += *count;
    return TLS_TRANSPORT_OK;
}

static size_t end_receivable(struct tls_transport *self)
{
    const struct end *end = (const struct end *)self;
    return end->in->ended ? SIZE_MAX : end->in->len - end->in->taken;
}

static size_t end_sendable(struct tls_transport *self)
{
    const struct end *end = (const struct end *)self;
    return QUEUE_CAP - end->out->len;
}

/* ---- Contexts -------------------------------------------------------------------------------- */

/* What the first byte of an input chooses. */
enum mode {
    MODE_RAW = 1,         /* the peer is the input's bytes and nothing else */
    MODE_TLS_1_2 = 2,     /* the client offers no more */
    MODE_CLIENT_AUTH = 4, /* the server wants a certificate */
    MODE_CHUNKS = 8,      /* bytes come and go a few at a time */
    MODE_ALPN = 16,
    MODE_TELLS = 32, /* the transport says how many bytes it has and has room for */
};
#define CONTEXT_MODES (MODE_TLS_1_2 | MODE_CLIENT_AUTH | MODE_ALPN)

static const char *const alpn[] = {"echo", NULL};

static struct tls_context *open_context(enum tls_role role, unsigned mode)
{
    struct tls_identity identity = role == TLS_SERVER ? IDENTITY(server) : IDENTITY(client);
    struct tls_trust trust = TRUST(ca);
    struct tls_context_config config = {
        .role = role,
        .min_version = TLS_VERSION_1_2,
        .tls_1_2_only = (mode & MODE_TLS_1_2) != 0,
        .peer_auth = mode & MODE_CLIENT_AUTH ? TLS_PEER_AUTH_REQUIRED : TLS_PEER_AUTH_NONE,
        .identity = &identity,
        .trust = &trust,
        .alpn = mode & MODE_ALPN ? alpn : NULL,
        .tickets = true,
    };
    struct tls_context *context = NULL;
    FUZZ_CHECK(tls_context_open(&config, &context, NULL) == TLS_OK);
    return context;
}

/* Made once for each mode, never freed: what all runs share. */
static struct tls_context *find_context(enum tls_role role, unsigned mode)
{
    static struct tls_context *contexts[2][CONTEXT_MODES + 1];
    struct tls_context **context = &contexts[role][mode & CONTEXT_MODES];
    if (*context == NULL) {
        *context = open_context(role, mode);
    }
    return *context;
}

/* ---- Hostility ------------------------------------------------------------------------------- */

/* The records of one direction, on their way through the editor. */
struct editor {
    struct fuzz_input *input;
    bool on;
    unsigned pass_count; /* records still to be left alone */
    uint8_t record[RECORD_CAP];
    size_t record_len;
};

/* The editor of the session that is being driven now, for the plaintexts it seals. */
static struct editor *sealing;

enum edit { PASS, OVERWRITE, DELETE, INSERT, REPEAT, INJECT, END, DROP };

static void write_u16(uint8_t *to, size_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

/* Makes the lengths in the headers true again: of the record, and of its first handshake message
 * when it fills the record. Without that most edits would end in the outermost length. */
static void mend_lengths(struct editor *editor)
{
    size_t body = editor->record_len - RECORD_HEADER_LEN;
    write_u16(editor->record + 3, body);
    if (editor->record[0] == 22 && body >= 4) {
        editor->record[6] = 0;
        write_u16(editor->record + 7, body - 4);
    }
}

static size_t take_offset(struct editor *editor)
{
    uint16_t at = fuzz_take_u16(editor->input);
    return editor->record_len == 0 ? 0 : at % editor->record_len;
}

static void overwrite(struct editor *editor)
{
    size_t at = take_offset(editor), count;
    size_t wanted = 1 + fuzz_take_byte(editor->input) % 8u;
    const uint8_t *bytes = fuzz_take_bytes(editor->input, wanted, &count);
    for (size_t i = 0; i < count && at + i < editor->record_len; i++) {
        editor->record[at + i] = bytes[i];
    }
}

static void delete_bytes(struct editor *editor)
{
    size_t at = take_offset(editor);
    size_t count = fuzz_take_byte(editor->input);
    count = count < editor->record_len - at ? count : editor->record_len - at;
    memmove(editor->record + at, editor->record + at + count, editor->record_len - at - count);
    editor->record_len -= count;
}

static void insert_bytes(struct editor *editor)
{
    size_t at = take_offset(editor), count;
    const uint8_t *bytes = fuzz_take_bytes(editor->input, fuzz_take_byte(editor->input), &count);
    if (count == 0 || editor->record_len + count > RECORD_CAP) {
        return;
    }
    memmove(editor->record + at + count, editor->record + at, editor->record_len - at);
    memcpy(editor->record + at, bytes, count);
    editor->record_len += count;
}

static void inject_record(struct editor *editor, struct queue *to)
{
    uint8_t header[RECORD_HEADER_LEN] = {fuzz_take_byte(editor->input), 3, 3};
    size_t count;
    const uint8_t *bytes = fuzz_take_bytes(editor->input, fuzz_take_byte(editor->input), &count);
    write_u16(header + 3, count);
    queue_put(to, header, sizeof(header));
    queue_put(to, bytes, count);
}

static void edit_record(struct editor *editor, struct queue *to)
{
    uint8_t op = fuzz_take_byte(editor->input);
    switch ((enum edit)(op & 7)) {
    case PASS:
        editor->pass_count = op >> 4;
        break;
    case OVERWRITE:
        overwrite(editor);
        break;
    case DELETE:
        delete_bytes(editor);
        break;
    case INSERT:
        insert_bytes(editor);
        break;
    case REPEAT:
        queue_put(to, editor->record, editor->record_len);
        break;
    case INJECT:
        inject_record(editor, to);
        break;
    case END:
        editor->record_len = take_offset(editor);
        to->ended = true;
        break;
    case DROP:
        editor->record_len = 0;
        break;
    }
    if ((op & 8) != 0 && editor->record_len > RECORD_HEADER_LEN) {
        mend_lengths(editor);
    }
}

/* Moves one whole record on, changed or not. False: there is none. */
static bool move_record(struct editor *editor, struct queue *from, struct queue *to)
{
    const uint8_t *at = from->bytes + from->taken;
    size_t there = from->len - from->taken;
    if (there < RECORD_HEADER_LEN) {
        return false;
    }
    size_t len = RECORD_HEADER_LEN + ((size_t)at[3] << 8 | at[4]);
    if (len > there || len > RECORD_CAP) {
        return false;
    }
    memcpy(editor->record, at, len);
    editor->record_len = len;
    from->taken += len;
    if (editor->on && editor->pass_count == 0 && editor->input->len > 0) {
        edit_record(editor, to);
    } else if (editor->pass_count > 0) {
        editor->pass_count--;
    }
    queue_put(to, editor->record, editor->record_len);
    return true;
}

/* The linker puts this before the library's function: the hostile side changes what it says before
 * it is sealed, so that the victim's checks behind the decryption are reached as well. */
int __real_mbedtls_cipher_auth_encrypt_ext(mbedtls_cipher_context_t *ctx, const unsigned char *iv,
                                           size_t iv_len, const unsigned char *ad, size_t ad_len,
                                           const unsigned char *input, size_t ilen,
                                           unsigned char *output, size_t output_len, size_t *olen,
                                           size_t tag_len);
int __wrap_mbedtls_cipher_auth_encrypt_ext(mbedtls_cipher_context_t *ctx, const unsigned char *iv,
                                           size_t iv_len, const unsigned char *ad, size_t ad_len,
                                           const unsigned char *input, size_t ilen,
                                           unsigned char *output, size_t output_len, size_t *olen,
                                           size_t tag_len);

static bool changes_plaintext(const struct editor *editor, size_t len)
{
    return editor != NULL && editor->on && editor->input->len > 0 && len > 0 && len <= RECORD_CAP &&
           (editor->input->bytes[0] & 1) != 0;
}

int __wrap_mbedtls_cipher_auth_encrypt_ext(mbedtls_cipher_context_t *ctx, const unsigned char *iv,
                                           size_t iv_len, const unsigned char *ad, size_t ad_len,
                                           const unsigned char *input, size_t ilen,
                                           unsigned char *output, size_t output_len, size_t *olen,
                                           size_t tag_len)
{
    if (sealing != NULL && sealing->on && !changes_plaintext(sealing, ilen)) {
        (void)fuzz_take_byte(sealing->input); /* an even byte: leave this one alone */
    }
    if (changes_plaintext(sealing, ilen)) {
        (void)fuzz_take_byte(sealing->input);
        memcpy(sealing->record, input, ilen);
        sealing->record_len = ilen;
        overwrite(sealing);
        input = sealing->record;
    }
    return __real_mbedtls_cipher_auth_encrypt_ext(ctx, iv, iv_len, ad, ad_len, input, ilen, output,
                                                  output_len, olen, tag_len);
}

/* ---- Sessions -------------------------------------------------------------------------------- */

struct side {
    struct tls_session *session;
    struct end end;
    bool is_shaken, is_over;
    uint8_t echo[4096];
    size_t echo_len, echo_sent;
};

struct conversation {
    struct side victim, peer;
    struct queue to_victim, to_peer, from_peer;
    struct editor editor;
};

static bool is_want(enum tls_outcome outcome)
{
    return outcome == TLS_WANT_READ || outcome == TLS_WANT_WRITE;
}

/* What holds after every call: the first error is kept and is no want. */
static void check_error(const struct side *side, enum tls_outcome outcome)
{
    const struct tls_error *error = tls_session_error(side->session);
    FUZZ_CHECK(error != NULL && !is_want(error->outcome));
    FUZZ_CHECK(memchr(error->text, '\0', sizeof(error->text)) != NULL);
    FUZZ_CHECK(error->alert >= TLS_NO_ALERT && error->alert <= 255);
    FUZZ_CHECK(outcome != TLS_MISUSE);
}

static void check_info(const struct side *side)
{
    struct tls_session_info info;
    struct tls_peer_certificate peer;
    FUZZ_CHECK(tls_session_info(side->session, &info));
    FUZZ_CHECK(info.version[0] != '\0' && info.cipher[0] != '\0' && info.group[0] != '\0');
    if (tls_session_peer(side->session, &peer)) {
        FUZZ_CHECK(memchr(peer.subject, '\0', sizeof(peer.subject)) != NULL);
        FUZZ_CHECK(memchr(peer.issuer, '\0', sizeof(peer.issuer)) != NULL);
    }
}

static void end_side(struct side *side)
{
    enum tls_outcome outcome = tls_close(side->session);
    check_error(side, outcome);
    side->is_over = true;
    side->end.out->ended = true;
}

static void shake(struct side *side)
{
    enum tls_outcome outcome = tls_handshake(side->session);
    check_error(side, outcome);
    if (outcome == TLS_OK) {
        side->is_shaken = true;
        check_info(side);
    } else if (!is_want(outcome)) {
        end_side(side);
    }
}

/* Sends what is to be echoed. False: it has to wait. */
static bool send_echo(struct side *side)
{
    while (side->echo_sent < side->echo_len) {
        size_t count = 0, left = side->echo_len - side->echo_sent;
        enum tls_outcome outcome =
            tls_write(side->session, side->echo + side->echo_sent, left, &count);
        check_error(side, outcome);
        FUZZ_CHECK((outcome == TLS_OK) == (count > 0) && count <= left);
        if (outcome != TLS_OK) {
            side->is_over = !is_want(outcome);
            return false;
        }
        side->echo_sent += count;
    }
    return true;
}

static void echo(struct side *side)
{
    for (unsigned i = 0; i < 8 && !side->is_over && send_echo(side); i++) {
        size_t count = 0;
        enum tls_outcome outcome = tls_read(side->session, side->echo, sizeof(side->echo), &count);
        check_error(side, outcome);
        FUZZ_CHECK((outcome == TLS_OK) == (count > 0) && count <= sizeof(side->echo));
        side->echo_len = count;
        side->echo_sent = 0;
        if (is_want(outcome)) {
            return;
        }
        if (outcome != TLS_OK) {
            end_side(side);
        }
    }
}

static void step(struct side *side)
{
    if (side->is_over) {
        return;
    }
    if (!side->is_shaken) {
        shake(side);
    } else {
        echo(side);
    }
}

/* The hostile side speaks first once it can: a victim that echoes would wait for ever. */
static void step_peer(struct conversation *conversation)
{
    struct side *peer = &conversation->peer;
    bool was_shaken = peer->is_shaken;
    sealing = &conversation->editor;
    step(peer);
    if (!was_shaken && peer->is_shaken && !peer->is_over) {
        peer->echo_len = 1 + fuzz_take_byte(conversation->editor.input) * 8u;
        memset(peer->echo, 'e', peer->echo_len);
        peer->echo_sent = 0;
        (void)send_echo(peer);
    }
    sealing = NULL;
}

static void open_side(struct side *side, enum tls_role role, unsigned mode)
{
    struct tls_session_config config = {
        .transport = &side->end.transport,
        .server_name = role == TLS_CLIENT ? SERVER_NAME : NULL,
    };
    side->end.transport = (struct tls_transport){.send = end_send, .receive = end_receive};
    if ((mode & MODE_TELLS) != 0) {
        side->end.transport.receivable = end_receivable;
        side->end.transport.sendable = end_sendable;
    }
    side->end.chunk = mode & MODE_CHUNKS ? 7 : QUEUE_CAP;
    FUZZ_CHECK(tls_session_open(find_context(role, mode), &config, &side->session) == TLS_OK);
}

static size_t moved_len(const struct conversation *conversation)
{
    return conversation->to_victim.len + conversation->to_victim.taken + conversation->to_peer.len +
           conversation->to_peer.taken + conversation->from_peer.len +
           conversation->from_peer.taken;
}

static void converse(struct conversation *conversation, enum fuzz_tls_start start)
{
    struct editor *editor = &conversation->editor;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        size_t before = moved_len(conversation);
        editor->on = start == FUZZ_TLS_FROM_HANDSHAKE ||
                     (conversation->victim.is_shaken && conversation->peer.is_shaken);
        step_peer(conversation);
        while (move_record(editor, &conversation->from_peer, &conversation->to_victim)) {
        }
        conversation->to_victim.ended |= conversation->from_peer.ended;
        step(&conversation->victim);
        if (moved_len(conversation) == before) {
            break;
        }
    }
}

static void listen_to_bytes(struct conversation *conversation, struct fuzz_input *input)
{
    queue_put(&conversation->to_victim, input->bytes, input->len);
    conversation->to_victim.ended = true;
    for (unsigned i = 0; i < STEPS_MAX && !conversation->victim.is_over; i++) {
        step(&conversation->victim);
    }
}

void fuzz_tls_run(enum tls_role victim, enum fuzz_tls_start start, struct fuzz_input *input)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));
    unsigned mode = fuzz_take_byte(input);
    FUZZ_CHECK(conversation != NULL);
    fuzz_doubles_reset();
    conversation->editor.input = input;
    conversation->victim.end.in = &conversation->to_victim;
    conversation->victim.end.out = &conversation->to_peer;
    conversation->peer.end.in = &conversation->to_peer;
    conversation->peer.end.out = &conversation->from_peer;
    open_side(&conversation->victim, victim, mode);
    if ((mode & MODE_RAW) != 0 && start == FUZZ_TLS_FROM_HANDSHAKE) {
        listen_to_bytes(conversation, input);
    } else {
        open_side(&conversation->peer, victim == TLS_SERVER ? TLS_CLIENT : TLS_SERVER, mode);
        converse(conversation, start);
    }
    tls_session_free(conversation->victim.session);
    tls_session_free(conversation->peer.session);
    free(conversation);
}
