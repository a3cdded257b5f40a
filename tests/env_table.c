/* SPDX-License-Identifier: MIT
 *
 * The environment table for people, from the one the launcher applies: Markdown for the
 * README, or with --rows a line "NAME<tab>proof<tab>when" a row for the tests.  Native.
 */
#include "core/envdocs.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *field;
    const char *shown;
} fields[] = {
    { "proxy", "http://127.0.0.1:9" },   { "port", "9" },
    { "denybin", "<install>\\denybin" }, { "denybin/", "<install>/denybin" },
    { "temp", "<box>\\temp" },           { "cache", "<box>\\cache" },
    { "install", "<install>" },          { "install/", "<install>" },
};

static const char *const whens[] = {
    [ENVRULE_ALWAYS] = "always",
    [ENVRULE_OFFLINE] = "network off",
    [ENVRULE_DENYBIN] = "network off",
    [ENVRULE_BOX] = "always",
    [ENVRULE_SCHANNEL] = "network on, in a fence",
    [ENVRULE_OBJECTS] = "in a fence",
};

static const char *const modes[] = {
    [ENVRULE_FORCE] = "",        [ENVRULE_DEFAULT] = "if unset, ",
    [ENVRULE_FIRST] = "first, ", [ENVRULE_LAST] = "appended, ",
    [ENVRULE_GIT] = "",
};

/* Prints what stands for the field up to its brace. */
static void print_field(const char *field, size_t len)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strlen(fields[i].field) == len && !strncmp(fields[i].field, field, len))
            printf("%s", fields[i].shown);
}

static void print_value(const char *template)
{
    for (; *template; template ++) {
        if (*template != '{') {
            putchar(*template);
            continue;
        }
        size_t len = strcspn(template + 1, "}");

        print_field(template + 1, len);
        template += len + 1;
    }
}

static void print_row(size_t i)
{
    printf("| %s`%s` | `", envrules_table[i].mode == ENVRULE_GIT ? "git's " : "",
           envrules_table[i].name);
    print_value(envrules_table[i].value);
    printf("` | %s%s | %s | %s |\n", modes[envrules_table[i].mode],
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
        printf("%s`%s`", i ? ", " : "\n", envrules_secrets[i]);
    }
    printf(".\n");
}

/* git's settings are no variables. */
static void print_names(void)
{
    for (size_t i = 0; i < envrules_count; i++)
        if (envrules_table[i].mode != ENVRULE_GIT)
            printf("%s\t%s\t%s\n", envrules_table[i].name, envdocs_table[i].proof,
                   whens[envrules_table[i].when]);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--rows") == 0)
        print_names();
    else
        print_markdown();
    return 0;
}
