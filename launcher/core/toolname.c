#include "core/toolname.h"

static bool is_device(struct u16s name)
{
    static const char16_t *const devices[] = { u"CON", u"PRN",    u"AUX",
                                               u"NUL", u"CONIN$", u"CONOUT$" };
    struct u16s stem = u16s_head(name, u16s_find(name, u'.', 0));

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (u16s_ieq(stem, u16s_of(devices[i])))
            return true;
    /* COM0 to COM9, LPT0 to LPT9, and the superscript digits that count as well */
    return stem.len == 4 &&
           (u16s_istarts(stem, U16S("COM")) || u16s_istarts(stem, U16S("LPT"))) &&
           ((stem.at[3] >= u'0' && stem.at[3] <= u'9') || stem.at[3] == 0xB9 ||
            stem.at[3] == 0xB2 || stem.at[3] == 0xB3);
}

static bool has_search_extension(struct u16s name)
{
    return u16s_iends(name, U16S(".exe")) || u16s_iends(name, U16S(".com")) ||
           u16s_iends(name, U16S(".bat")) || u16s_iends(name, U16S(".cmd"));
}

bool toolname_is_good(struct u16s name)
{
    if (name.len == 0 || name.len > TOOLNAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= u' ' || name.at[i] == 0x7F ||
            u16s_find(U16S("\\/:*?\"<>|"), name.at[i], 0) < 9)
            return false;
    return name.at[0] != u'.' && name.at[name.len - 1] != u'.' &&
           !has_search_extension(name) && !is_device(name);
}
