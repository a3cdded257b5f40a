#include "core/sddl.h"
#include "core/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define USER "S-1-5-21-1-2-3-1001"
#define ROOT "S-1-5-21-1380535879-1-1-1"

/* What is said of an act on a file with this descriptor, under a write-restricted token
 * of level Medium with one root's SID, or by the user alone. */
static const char *why(const char16_t *sddl, uint32_t asked, bool fenced, bool directory)
{
    static uint8_t bytes[2048];
    static char16_t text[512];
    static char narrow[2048];
    struct accesscheck_sid user = { .enabled = true };
    struct sid root;
    struct accesscheck_token token = { .sid = &user,
                                       .sid_count = 1,
                                       .restricting = &root,
                                       .restricting_count = fenced,
                                       .write_restricted = true,
                                       .level = SID_LEVEL_MEDIUM,
                                       .no_write_up = true };
    struct accesscheck_file_verdict v;
    struct secdesc sd;
    struct why_about about = { &sd, directory ? u"C:\\d" : u"it", directory, false };
    struct u16buf b = U16BUF(text);
    struct err err;

    assert_true(sid_parse(&user.sid, U16S(USER)));
    assert_true(sid_parse(&root, U16S(ROOT)));
    assert_true(sddl_parse(&sd, u16s_of(sddl), NULL, bytes, sizeof bytes, &err));
    accesscheck_file(&token, &sd, NULL, asked, &v);
    why_add_verdict(&b, &v.object, &about);
    narrow[u16s_to_utf8(u16buf_text(&b), narrow, sizeof narrow - 1)] = 0;
    assert_int_equal(why_is_missing(&v.object),
                     strstr(narrow, " granted ") && !v.allowed);
    return narrow;
}

static void verdict__each_reason__names_pass_and_entry(void **state)
{
    static const struct {
        const char16_t *sddl;
        uint32_t asked;
        bool fenced, directory;
        const char *says;
    } rows[] = {
        { u"D:(A;;FA;;;" USER ")", RIGHT_DELETE, false, false,
          "granted to you by (A;;FA;;;" USER ")" },
        { u"D:(A;;FA;;;" USER ")", RIGHT_DELETE, true, false,
          "no restricting SID is granted DELETE on it" },
        { u"D:(A;;FR;;;" USER ")", RIGHT_DELETE | RIGHT_FILE_WRITE_DATA, false, false,
          "you are not granted FILE_WRITE_DATA|DELETE on it" },
        { u"D:(A;;FA;;;" USER ")", RIGHT_FILE_WRITE_DATA, true, true,
          "no restricting SID is granted FILE_ADD_FILE on C:\\d" },
        { u"D:(D;;SD;;;" ROOT ")(A;;FA;;;" USER ")(A;;FA;;;" ROOT ")", RIGHT_DELETE, true,
          false, "it is denied to the restricting SIDs by (D;;SD;;;" ROOT ")" },
        { u"D:(A;;FA;;;" USER ")(A;;FA;;;" ROOT ")", RIGHT_DELETE, true, false,
          "granted to the restricting SIDs by (A;;FA;;;" ROOT ")" },
        { u"D:NO_ACCESS_CONTROL", RIGHT_DELETE, true, false,
          "it has no DACL, which grants everyone everything" },
        { u"D:(A;;FA;;;" USER ")S:(ML;;NW;;;HI)", RIGHT_FILE_WRITE_DATA, false, false,
          "the integrity label of it is above the token's level by (ML;;NW;;;HI)" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(
            why(rows[i].sddl, rows[i].asked, rows[i].fenced, rows[i].directory),
            rows[i].says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict__each_reason__names_pass_and_entry),
    };
    return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
