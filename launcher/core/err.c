#include "core/err.h"

bool err_set(struct err *err, enum err_domain domain, uint32_t code, const char *call,
             const char16_t *object)
{
    size_t n = 0;

    err->domain = domain;
    err->code = code;
    err->call = call;
    err->hint = NULL;
    while (object && object[n] && n < ERR_OBJECT_CAP - 1) {
        err->object[n] = object[n];
        n++;
    }
    if (object && object[n])
        err->object[n - 1] = u'\u2026';
    err->object[n] = 0;
    return false;
}

bool err_rule(struct err *err, const char *rule, const char16_t *object)
{
    return err_set(err, ERR_RULE, 0, rule, object);
}

bool err_hint(struct err *err, const char *hint)
{
    err->hint = hint;
    return false;
}
