#include "core/usersetup.h"

#define WORDS 9u

static const char *const names[USERSETUP_STATE_COUNT] = {
    [USERSETUP_ADDING] = "adding",     [USERSETUP_REMOVING] = "removing",
    [USERSETUP_DONE] = "done",         [USERSETUP_UNDONE] = "undone",
    [USERSETUP_STOPPED] = "stopped",   [USERSETUP_NO_ACLS] = "no_acls",
    [USERSETUP_NOT_KEPT] = "not_kept", [USERSETUP_FAILED] = "failed",
};

const char *usersetup_state_name(enum usersetup_state state)
{
    return names[state];
}

size_t usersetup_format(const struct usersetup *setup, char *out)
{
    const uint64_t numbers[] = { setup->pid,     setup->born,    setup->started,
                                 setup->updated, setup->entries, setup->closed,
                                 setup->failed };
    char16_t text[USERSETUP_BYTES_MAX];
    struct u16buf b = U16BUF(text);

    u16buf_add_ascii(&b, "RFU1 ");
    u16buf_add_ascii(&b, names[setup->state]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        u16buf_addc(&b, u' ');
        u16buf_add_dec(&b, numbers[i]);
    }
    u16buf_addc(&b, u'\n');
    for (size_t i = 0; i < b.len; i++)
        out[i] = (char)text[i];
    return b.len;
}

static bool parse_state(struct u16s word, enum usersetup_state *state)
{
    for (size_t i = 0; i < USERSETUP_STATE_COUNT; i++) {
        char16_t name[16];

        if (u16s_eq(word, u16s_ascii(name, 16, names[i]))) {
            *state = (enum usersetup_state)i;
            return true;
        }
    }
    return false;
}

/* The words of a line that ends with its line feed and with nothing else. */
static bool split(struct u16s line, struct u16s *words)
{
    if (line.len == 0 || line.at[line.len - 1] != u'\n')
        return false;
    line.len--;
    for (size_t i = 0; i < WORDS; i++) {
        if (!line.at)
            return false;
        words[i] = u16s_split(&line, u' ');
    }
    return line.at == NULL;
}

bool usersetup_parse(struct usersetup *setup, const char *text, size_t bytes)
{
    char16_t units[USERSETUP_BYTES_MAX];
    struct u16s words[WORDS] = { { NULL, 0 } };
    struct usersetup read = { .pid = 0 };
    uint64_t pid = 0;

    if (bytes > USERSETUP_BYTES_MAX)
        return false;
    for (size_t i = 0; i < bytes; i++)
        units[i] = (unsigned char)text[i];
    if (!split((struct u16s){ units, bytes }, words) ||
        !u16s_eq(words[0], U16S("RFU1")) || !parse_state(words[1], &read.state) ||
        !u16s_number(words[2], UINT32_MAX, &pid) ||
        !u16s_number(words[3], UINT64_MAX, &read.born) ||
        !u16s_number(words[4], UINT64_MAX, &read.started) ||
        !u16s_number(words[5], UINT64_MAX, &read.updated) ||
        !u16s_number(words[6], UINT64_MAX, &read.entries) ||
        !u16s_number(words[7], UINT64_MAX, &read.closed) ||
        !u16s_number(words[8], UINT64_MAX, &read.failed))
        return false;
    read.pid = (uint32_t)pid;
    *setup = read;
    return true;
}
