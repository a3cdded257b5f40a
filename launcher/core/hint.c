#include "core/hint.h"

#include "core/cmdline.h"

#define CODES_MAX 8u
#define ARG_CAP   256u /* char16_t; what is longer, and so cut, is no word of ours */

/* Lists are words with one blank between each two; case counts, as it does for the tools
 * (git's -C takes a directory, -c a setting). */
struct tool {
    const char *name;
    const char *words;  /* those that go to the network; NULL: the tool always does */
    const char *lead;   /* the word is the argument of this option; NULL: the first one
                               that is no option */
    const char *valued; /* options before the word that take the next argument */
    int32_t codes[CODES_MAX]; /* exit codes that no network may have caused; 0 ends */
};

#define GIT_WORDS "push fetch pull clone ls-remote remote submodule lfs svn send-email"
#define GIT_VALUED                                                                       \
    "-C -c --git-dir --work-tree --namespace --super-prefix --config-env --attr-source"

#define NPM_WORDS                                                                        \
    "install i in ins inst insta instal isntall add ci clean-install ic "                \
    "install-test it install-ci-test cit update up upgrade udpate view v info show "     \
    "publish unpublish deprecate audit outdated exec x init create innit search s se "   \
    "find dist-tag login adduser logout whoami ping owner access team token profile "    \
    "star unstar stars org hook diff"
#define NPM_VALUED                                                                       \
    "--prefix -C --registry --workspace -w --loglevel --cache --userconfig "             \
    "--globalconfig --tag --otp --omit --include --script-shell"

#define PIP_WORDS     "install download wheel index search"
#define PIP_VALUED    "--python --log --proxy --timeout --cache-dir --cert"
#define PYTHON_WORDS  "pip pipx build twine"
#define PYTHON_VALUED "-X -W --check-hash-based-pycs"

static const struct tool tools[] = {
    { "git", GIT_WORDS, NULL, GIT_VALUED, { 128, 1 } },
    /* npm exits with the system's number of an error that has one (its exit handler), on
     * Windows libuv's: ECONNREFUSED, ECONNRESET, ENETUNREACH, ETIMEDOUT, ENOTFOUND,
     * EAI_AGAIN. */
    { "npm",
      NPM_WORDS,
      NULL,
      NPM_VALUED,
      { 1, -4078, -4077, -4062, -4039, -3008, -3001 } },
    { "pip", PIP_WORDS, NULL, PIP_VALUED, { 1 } },
    { "python", PYTHON_WORDS, "-m", PYTHON_VALUED, { 1 } },
    { "python3", PYTHON_WORDS, "-m", PYTHON_VALUED, { 1 } },
    { "py", PYTHON_WORDS, "-m", PYTHON_VALUED, { 1 } },
    /* Resolve proxy, host, connect, HTTP/2, timeout, TLS, nothing got, receive, proxy's
     * handshake (man curl, EXIT CODES). */
    { "curl", NULL, NULL, NULL, { 5, 6, 7, 28, 35, 52, 56, 97 } },
};

/* Whether the word is in the list; no unit above 0x7F is in any. */
static bool has_word(const char *list, struct u16s word, bool any_case)
{
    while (list && *list) {
        size_t n = 0;

        for (; list[n] && list[n] != ' '; n++)
            if (n >= word.len ||
                (any_case ? word.at[n] | 0x20u : word.at[n]) != (unsigned char)list[n])
                break;
        if ((!list[n] || list[n] == ' ') && n == word.len)
            return true;
        while (*list && *list++ != ' ') {
        }
    }
    return false;
}

static const struct tool *find_tool(struct u16s name)
{
    name = u16s_without(name, U16S(".exe"));
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
        if (has_word(tools[i].name, name, true))
            return &tools[i];
    return NULL;
}

static bool has_code(const struct tool *tool, uint32_t code)
{
    for (size_t i = 0; i < CODES_MAX && tool->codes[i]; i++)
        if ((uint32_t)tool->codes[i] == code)
            return true;
    return false;
}

/* The argument that says what the tool is to do, in *word; empty when there is none. */
static void find_word(const struct tool *tool, struct u16s tail, struct u16buf *word)
{
    struct u16buf fresh = *word;
    bool taken = false; /* the argument belongs to the option before it */

    for (; cmdline_next(&tail, word); *word = fresh) {
        bool option = word->len && word->at[0] == u'-';

        if (!taken && has_word(tool->lead, u16buf_text(word), false)) {
            *word = fresh;
            cmdline_next(&tail, word);
            return;
        }
        if (!taken && !option) {
            if (tool->lead)
                *word = fresh;
            return;
        }
        taken = !taken && has_word(tool->valued, u16buf_text(word), false);
    }
}

/* Whether the one place that the command line speaks of is this machine, which stays
 * open; with two URLs one may be a proxy. */
static bool is_about_loopback(struct u16s tail)
{
    static const char16_t *const names[] = { u"*localhost*", u"*127.0.0.1*", u"*[::1]*" };

    if (u16s_imatch(U16S("*://*://*"), tail))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (u16s_imatch(u16s_of(names[i]), tail))
            return true;
    return false;
}

bool hint_may_follow(struct u16s tool)
{
    return find_tool(tool) != NULL;
}

bool hint_follows(struct u16s tool, struct u16s tail, uint32_t exit_code)
{
    const struct tool *known = find_tool(tool);
    char16_t text[ARG_CAP];
    struct u16buf word = U16BUF(text);

    if (!known || !has_code(known, exit_code) || is_about_loopback(tail))
        return false;
    if (!known->words)
        return true;
    find_word(known, tail, &word);
    return has_word(known->words, u16buf_text(&word), false);
}
