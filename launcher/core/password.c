#include "core/password.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789-_.+";
#define CHARS (sizeof alphabet - 1)

enum kind { UPPER, LOWER, DIGIT, MARK, KINDS };

static enum kind kind_of(char16_t c)
{
    if (c >= u'A' && c <= u'Z')
        return UPPER;
    if (c >= u'a' && c <= u'z')
        return LOWER;
    if (c >= u'0' && c <= u'9')
        return DIGIT;
    return c == u'-' || c == u'_' || c == u'.' || c == u'+' ? MARK : KINDS;
}

bool password_is_sound(const char16_t text[PASSWORD_LEN])
{
    bool has[KINDS + 1] = { false };

    for (size_t i = 0; i < PASSWORD_LEN; i++)
        has[kind_of(text[i])] = true;
    return has[UPPER] && has[LOWER] && has[DIGIT] && has[MARK] && !has[KINDS] &&
           kind_of(text[0]) <= LOWER;
}

bool password_make(char16_t out[PASSWORD_CAP], const uint8_t *random, size_t bytes)
{
    size_t len = 0;

    /* A byte beyond the last whole multiple would make some characters likelier, and a
     * password is thrown away whole, never mended: so all sound ones are equally likely.
     */
    for (size_t i = 0; i < bytes && len < PASSWORD_LEN; i++)
        if (random[i] < 256 / CHARS * CHARS)
            out[len++] = (char16_t)(unsigned char)alphabet[random[i] % CHARS];
    if (len == PASSWORD_LEN && password_is_sound(out)) {
        out[len] = 0;
        return true;
    }
    password_wipe(out, PASSWORD_CAP * sizeof out[0]);
    return false;
}

void password_wipe(void *data, size_t bytes)
{
    volatile uint8_t *at = data;

    while (bytes--)
        *at++ = 0;
}
