#include "core/handover.h"

#include "core/bytes.h"

#define ORDER  0x314F4652u /* "RFO1" */
#define ANSWER 0x31414652u /* "RFA1" */
#define ROTATE 1u
#define EMPTY  2u

void handover_format_order(const struct handover_order *order,
                           uint8_t out[HANDOVER_ORDER_BYTES])
{
    uint8_t *at = out + HANDOVER_HEAD_BYTES;

    bytes_put32(out, ORDER);
    bytes_put32(out + 4, order->empty ? EMPTY : order->rotate ? ROTATE : 0);
    bytes_put32(out + 8, 0);
    bytes_put32(out + 12, HANDOVER_ORDER_BYTES);
    for (size_t i = 0; i < PASSWORD_ACCOUNTS; i++)
        for (size_t k = 0; k < PASSWORD_LEN; k++, at += 2)
            bytes_put16(at, order->passwords.text[i][k]);
}

static bool is_blank(const char16_t text[PASSWORD_CAP])
{
    for (size_t k = 0; k < PASSWORD_LEN; k++)
        if (text[k])
            return false;
    return true;
}

bool handover_parse_order(struct handover_order *order, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    bool ok = bytes == HANDOVER_ORDER_BYTES && bytes_get32(at) == ORDER &&
              bytes_get32(at + 4) <= EMPTY && bytes_get32(at + 8) == 0 &&
              bytes_get32(at + 12) == HANDOVER_ORDER_BYTES;

    password_wipe(order, sizeof *order);
    if (!ok)
        return false;
    order->empty = bytes_get32(at + 4) == EMPTY;
    order->rotate = bytes_get32(at + 4) == ROTATE;
    at += HANDOVER_HEAD_BYTES;
    for (size_t i = 0; i < PASSWORD_ACCOUNTS; i++) {
        for (size_t k = 0; k < PASSWORD_LEN; k++, at += 2)
            order->passwords.text[i][k] = bytes_get16(at);
        ok = ok && (order->empty ? is_blank(order->passwords.text[i])
                                 : password_is_sound(order->passwords.text[i]));
    }
    if (!ok)
        password_wipe(order, sizeof *order);
    return ok;
}

void handover_format_answer(const struct handover_answer *answer,
                            uint8_t out[HANDOVER_HEAD_BYTES])
{
    bytes_put32(out, ANSWER);
    bytes_put32(out + 4, answer->exit_code);
    bytes_put32(out + 8, answer->err_bytes);
    bytes_put32(out + 12, answer->text_bytes);
}

bool handover_parse_answer(struct handover_answer *answer,
                           const uint8_t head[HANDOVER_HEAD_BYTES])
{
    const struct handover_answer got = { .exit_code = bytes_get32(head + 4),
                                         .text_bytes = bytes_get32(head + 12),
                                         .err_bytes = bytes_get32(head + 8) };

    if (bytes_get32(head) != ANSWER || got.text_bytes > HANDOVER_TEXT_MAX ||
        got.err_bytes > got.text_bytes)
        return false;
    *answer = got;
    return true;
}

bool handover_is_name(const char16_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= u'0' && text[i] <= u'9') ||
              (text[i] >= u'a' && text[i] <= u'f')))
            return false;
    return len == HANDOVER_NAME_LEN;
}
