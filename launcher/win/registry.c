#include "win/registry.h"

#define KEY_BASIC     0 /* KeyBasicInformation, wdm.h */
#define VALUE_PARTIAL 2 /* KeyValuePartialInformation, wdm.h */

HANDLE registry_open_in(HANDLE key, const char16_t *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE opened = NULL;

    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, key, NULL);
    return NT_SUCCESS(NtOpenKey(&opened, KEY_READ | KEY_WOW64_64KEY, &attributes))
               ? opened
               : NULL;
}

HANDLE registry_open(enum registry_hive hive, const char16_t *path)
{
    auto_handle HANDLE top = NULL;

    if (hive == REGISTRY_MACHINE)
        top = registry_open_in(NULL, u"\\Registry\\Machine");
    else if (!NT_SUCCESS(RtlOpenCurrentUser(KEY_READ, &top)))
        return NULL;
    return top ? registry_open_in(top, path) : NULL;
}

bool registry_text(HANDLE key, const char16_t *name, struct u16buf *out)
{
    static struct {
        ULONG title_index, type, bytes;
        char16_t text[1024];
    } value; /* KEY_VALUE_PARTIAL_INFORMATION */
    struct u16s text = { value.text, 0 };
    UNICODE_STRING value_name;
    ULONG needed = 0;

    RtlInitUnicodeString(&value_name, name);
    if (!NT_SUCCESS(NtQueryValueKey(key, &value_name, VALUE_PARTIAL, &value, sizeof value,
                                    &needed)) ||
        (value.type != REG_SZ && value.type != REG_EXPAND_SZ))
        return false;
    text.len = value.bytes / sizeof(char16_t);
    text.len = u16s_find(text, 0, 0); /* the terminator is usual, not certain */
    u16buf_add(out, text);
    return true;
}

bool registry_subkey(HANDLE key, uint32_t index, struct u16buf *out)
{
    struct {
        LARGE_INTEGER written;
        ULONG title_index, name_bytes;
        char16_t name[256]; /* no key has a longer one */
    } info;                 /* KEY_BASIC_INFORMATION */
    ULONG needed = 0;

    if (!NT_SUCCESS(NtEnumerateKey(key, index, KEY_BASIC, &info, sizeof info, &needed)))
        return false;
    u16buf_add(out, (struct u16s){ info.name, info.name_bytes / sizeof(char16_t) });
    return true;
}
