/* SPDX-License-Identifier: MIT
 *
 * The environment table for people, from the one the launcher applies: Markdown for the
 * README, or with --rows a line "NAME<tab>proof" a row for the tests.  Native.
 */
#include "core/envdocs.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_CAP 512u

static const struct {
    const char16_t *field;
    const char16_t *shown;
} fields[] = {
    { u"proxy", u"http://127.0.0.1:9" },   { u"port", u"9" },
    { u"denybin", u"<install>\\denybin" }, { u"denybin/", u"<install>/denybin" },
    { u"temp", u"<box>\\temp" },           { u"cache", u"<box>\\cache" },
};

static const char *const whens[] = {
    [ENVRULE_ALWAYS] = "always",
    [ENVRULE_OFFLINE] = "network off",
    [ENVRULE_DENYBIN] = "network off",
    [ENVRULE_BOX] = "always",
};

static void print_text(struct u16s text)
{
    char out[4 * SHOWN_CAP];

    printf("%.*s", (int)u16s_to_utf8(text, out, sizeof out), out);
}

static void add_shown(struct u16buf *b, struct u16s field)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (u16s_eq(field, u16s_of(fields[i].field)))
            u16buf_addz(b, fields[i].shown);
}

static void print_value(struct u16s template)
{
    char16_t text[SHOWN_CAP];
    struct u16buf b = U16BUF(text);

    while (template.at) {
        u16buf_add(&b, u16s_split(&template, u'{'));
        if (template.at)
            add_shown(&b, u16s_split(&template, u'}'));
    }
    print_text(u16buf_text(&b));
}

static void print_row(size_t i)
{
    printf("| `");
    print_text(u16s_of(envrules_table[i].name));
    printf("` | `");
    print_value(u16s_of(envrules_table[i].value));
    printf("` | %s%s | %s | %s |\n",
           envrules_table[i].mode == ENVRULE_DEFAULT ? "if unset, " : "",
           whens[envrules_table[i].when], envdocs_table[i].reader,
           envdocs_table[i].proof);
}

static void print_markdown(void)
{
    printf("| variable | value | when | read by | seen in |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < envrules_count; i++)
        print_row(i);
    printf("\nTaken out, unless the policy's `keep` names them:");
    for (size_t i = 0; i < envrules_secrets_count; i++) {
        printf("%s`", i ? ", " : "\n");
        print_text(u16s_of(envrules_secrets[i]));
        printf("`");
    }
    printf(".\n");
}

static void print_names(void)
{
    for (size_t i = 0; i < envrules_count; i++) {
        print_text(u16s_of(envrules_table[i].name));
        printf("\t%s\n", envdocs_table[i].proof);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--rows") == 0)
        print_names();
    else
        print_markdown();
    return 0;
}
