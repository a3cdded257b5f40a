#include "win/errtext.h"

#include "win/out.h"

#define TEXT_CAP 512u

void errtext_add(struct u16buf *b, enum err_domain domain, uint32_t code)
{
    char16_t text[TEXT_CAP];
    HMODULE from = domain == ERR_NTSTATUS ? GetModuleHandleW(u"ntdll.dll") : NULL;
    DWORD source = from ? FORMAT_MESSAGE_FROM_HMODULE : FORMAT_MESSAGE_FROM_SYSTEM;
    /* MAX_WIDTH_MASK: no line breaks; IGNORE_INSERTS: system text may hold %1. */
    DWORD len = FormatMessageW(source | FORMAT_MESSAGE_IGNORE_INSERTS |
                                   FORMAT_MESSAGE_MAX_WIDTH_MASK,
                               from, code, 0, text, TEXT_CAP, NULL);
    struct u16s said = u16s_trim((struct u16s){ text, len });

    u16buf_add(b, said.len ? said : U16S("unknown error"));
    if (domain == ERR_NTSTATUS) {
        u16buf_add_ascii(b, " (NTSTATUS 0x");
        u16buf_add_hex(b, code, 8);
    } else {
        u16buf_add_ascii(b, " (Win32 ");
        u16buf_add_dec(b, code);
    }
    u16buf_addc(b, u')');
}

bool err_win32(struct err *err, const char *call, const char16_t *object)
{
    DWORD code = GetLastError();

    return err_set(err, ERR_WIN32, code ? code : ERROR_GEN_FAILURE, call, object);
}

void err_report(const struct err *err, const char16_t *doing)
{
    char16_t line[TEXT_CAP * 3];
    struct u16buf b = U16BUF(line);

    u16buf_add_ascii(&b, err->call);
    if (err->domain != ERR_RULE) {
        u16buf_add_ascii(&b, ": ");
        errtext_add(&b, err->domain, err->code);
    }
    if (err->object[0]) {
        u16buf_add_ascii(&b, ": ");
        u16buf_addz(&b, err->object);
    }
    out_say(OUT_STDERR, "ringfence: cannot %: %", doing, line);
    if (err->hint) {
        b = U16BUF(line);
        u16buf_add_ascii(&b, err->hint);
        out_say(OUT_STDERR, "  fix: %", line);
    }
}
