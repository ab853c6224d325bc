/* Names for the log: IANA's for suites and groups, RFC 4514's manner for distinguished names. */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "mbedtls/ecp.h"
#include "mbedtls/oid.h"

/* The last entry of a table, id 0, stands for whatever is not in it. */
static const char *name_in(const struct named *table, int id)
{
    while (table->id != id && table->id != 0) {
        table++;
    }
    return table->name;
}

const char *name_of_suite(int id)
{
    return name_in(policy_suite_names, id);
}

const char *name_of_group(uint16_t group)
{
    return name_in(policy_group_names, group);
}

/* Text that is cut to fit and always terminated. */
struct text {
    char *out;
    size_t cap, len;
};

static void text_append(struct text *text, const char *piece)
{
    size_t room = text->cap - text->len - 1;
    size_t len = strlen(piece);
    if (len > room) {
        text->len = text->cap - 1; /* cut once, cut for good: no later piece may follow the gap */
        return;
    }
    memcpy(text->out + text->len, piece, len + 1);
    text->len += len;
}

static bool is_special(unsigned char c, bool first)
{
    return strchr(",+\"\\<>;=", c) != NULL || (first && (c == ' ' || c == '#'));
}

/* RFC 4514 section 2.4, with all that is not printable ASCII in hexadecimal: a peer chose it. */
static void text_append_value(struct text *text, const mbedtls_x509_buf *value)
{
    for (size_t i = 0; i < value->len; i++) {
        unsigned char c = value->p[i];
        char piece[4] = {(char)c, 0, 0, 0};
        if (c < 0x20 || c > 0x7e) {
            (void)snprintf(piece, sizeof(piece), "\\%02X", c);
        } else if (is_special(c, i == 0)) {
            piece[0] = '\\';
            piece[1] = (char)c;
        }
        text_append(text, piece);
    }
}

static void text_append_attribute(struct text *text, const mbedtls_x509_name *attribute)
{
    const char *type = NULL;
    if (mbedtls_oid_get_attr_short_name(&attribute->oid, &type) != 0) {
        type = "?";
    }
    text_append(text, type);
    text_append(text, "=");
    text_append_value(text, &attribute->val);
}

#define ATTRIBUTES_MAX 16 /* shown of one name */

/* RFC 4514 section 2.1 begins with the last attribute, the most specific one. */
void name_to_text(const mbedtls_x509_name *name, char *out, size_t cap)
{
    const mbedtls_x509_name *attributes[ATTRIBUTES_MAX];
    size_t count = 0;
    for (; name != NULL && name->oid.p != NULL && count < ATTRIBUTES_MAX; name = name->next) {
        attributes[count++] = name;
    }
    struct text text = {out, cap, 0};
    out[0] = '\0';
    while (count > 0) {
        text_append_attribute(&text, attributes[--count]);
        text_append(&text, count > 0 ? "," : "");
    }
}

void time_to_text(const mbedtls_x509_time *time, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%04d-%02d-%02dT%02d:%02d:%02dZ", time->year, time->mon, time->day,
                   time->hour, time->min, time->sec);
}

void key_type_to_text(const mbedtls_pk_context *key, char *out, size_t cap)
{
    int bits = (int)mbedtls_pk_get_bitlen(key);
    bool rsa = mbedtls_pk_can_do(key, MBEDTLS_PK_RSA) != 0;
    (void)snprintf(out, cap, "%s%d", rsa ? "RSA-" : "EC-P", bits);
}
