#include "core/policy.h"
#include <string.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(const struct policy *p, struct u16s s)
{
    return s.len == 0 ||
           (s.at >= p->text && s.len <= (size_t)(p->text + POLICY_TEXT_CAP - s.at));
}

static void check(const struct policy *p)
{
    if (!is_inside(p, p->keep) || !is_inside(p, p->workspace))
        __builtin_trap();
    if (p->root_count > POLICY_ROOTS_MAX || p->want > LEVEL_WANT_ENFORCED)
        __builtin_trap();
    for (size_t i = 0; i < p->root_count; i++)
        if (!is_inside(p, p->root[i]) || p->root[i].len < 3)
            __builtin_trap();
}

/* The verdict on a text must not hang on the directory, as long as the lists fit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy policy, other, untouched;
    struct err err = { 0 }, err_other = { 0 };
    size_t line = 0, line_other = 0;
    const char *text = (const char *)data;
    bool ok, ok_other;

    memset(&policy, 0xAB, sizeof policy);
    memset(&untouched, 0xAB, sizeof untouched);
    ok = policy_read(&policy, text, size, U16S("C:\\work\\a"), &line, &err);
    ok_other = policy_read(&other, text, size, U16S("\\\\s\\d"), &line_other, &err_other);
    if (ok)
        check(&policy);
    else if (memcmp(&policy, &untouched, sizeof policy) || !err.call ||
             (line == 0 && size <= POLICY_BYTES_MAX))
        __builtin_trap();
    if (ok != ok_other && size < 1024)
        if (!strstr(ok ? err_other.call : err.call, "16 roots"))
            __builtin_trap();
    return 0;
}
