#include "core/cmdline.h"

static bool is_blank(char16_t c)
{
    return c == u' ' || c == u'\t';
}

static struct u16s skip_blanks(struct u16s s)
{
    size_t n = 0;

    while (n < s.len && is_blank(s.at[n]))
        n++;
    return u16s_from(s, n);
}

/* How many backslashes stand at s[from]. */
static size_t backslashes_at(struct u16s s, size_t from)
{
    size_t n = 0;

    while (from + n < s.len && s.at[from + n] == u'\\')
        n++;
    return n;
}

static void add_backslashes(struct u16buf *b, size_t count)
{
    while (count-- > 0)
        u16buf_addc(b, u'\\');
}

struct u16s cmdline_tail(struct u16s line)
{
    bool quoted = false;
    size_t n = 0;

    for (; n < line.len && (quoted || !is_blank(line.at[n])); n++)
        if (line.at[n] == u'"')
            quoted = !quoted;
    return u16s_from(line, n);
}

/* One quote mark of an argument at s[*at], behind n backslashes already written: a
 * literal one (after an odd number, or "" inside quotes) or one that switches. */
static void take_quote(struct u16s s, size_t *at, size_t n, bool *quoted,
                       struct u16buf *arg)
{
    bool twice = *quoted && *at + 1 < s.len && s.at[*at + 1] == u'"';

    if (n % 2) {
        u16buf_addc(arg, u'"');
        *at += 1;
    } else if (twice) {
        u16buf_addc(arg, u'"');
        *at += 2;
    } else {
        *quoted = !*quoted;
        *at += 1;
    }
}

bool cmdline_next(struct u16s *rest, struct u16buf *arg)
{
    struct u16s s = skip_blanks(*rest);
    bool quoted = false;
    size_t at = 0;

    if (s.len == 0)
        return false;
    while (at < s.len && (quoted || !is_blank(s.at[at]))) {
        size_t n = backslashes_at(s, at);
        bool quote = at + n < s.len && s.at[at + n] == u'"';

        add_backslashes(arg, quote ? n / 2 : n);
        at += n;
        if (quote)
            take_quote(s, &at, n, &quoted, arg);
        else if (n == 0)
            u16buf_addc(arg, s.at[at++]);
    }
    *rest = u16s_from(s, at);
    return true;
}

/* Appends arg in double quotes with the backslashes doubled that stand before a quote,
 * the closing one too; a quote of its own is written as `quote`, a percent sign as
 * `percent`. */
static void add_quoted(struct u16buf *line, struct u16s arg, struct u16s quote,
                       struct u16s percent)
{
    u16buf_addc(line, u'"');
    for (size_t i = 0; i < arg.len; i++) {
        size_t n = backslashes_at(arg, i);

        i += n;
        add_backslashes(line, i == arg.len || arg.at[i] == u'"' ? 2 * n : n);
        if (i == arg.len)
            break;
        if (arg.at[i] == u'"')
            u16buf_add(line, quote);
        else if (arg.at[i] == u'%')
            u16buf_add(line, percent);
        else
            u16buf_addc(line, arg.at[i]);
    }
    u16buf_addc(line, u'"');
}

/* Every control character counts as a blank here: the C runtime takes only two of them
 * as such, but MSYS and Cygwin programs take more. */
static bool is_plain(struct u16s arg)
{
    for (size_t i = 0; i < arg.len; i++)
        if (arg.at[i] <= u' ' || arg.at[i] == u'"')
            return false;
    return arg.len > 0;
}

void cmdline_add(struct u16buf *line, struct u16s arg)
{
    if (line->len)
        u16buf_addc(line, u' ');
    if (is_plain(arg))
        u16buf_add(line, arg);
    else
        add_quoted(line, arg, U16S("\\\""), U16S("%"));
}

/* Nothing survives these: NUL ends the command line, LF and Ctrl-Z end a line for
 * cmd.exe, and it drops every CR. */
static bool has_line_end(struct u16s s)
{
    return u16s_find(s, 0, 0) < s.len || u16s_find(s, u'\n', 0) < s.len ||
           u16s_find(s, u'\r', 0) < s.len || u16s_find(s, 0x1A, 0) < s.len;
}

/* Whether an argument as its writer spelled it means nothing special to cmd.exe or to a
 * batch file's own splitting (which also takes , ; and = for blanks). */
static bool is_bare_for_cmd(struct u16s raw)
{
    struct u16s marks = U16S("-_./\\:+@#$");

    for (size_t i = 0; i < raw.len; i++) {
        char16_t c = u16_upper(raw.at[i]);
        bool word = (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9');

        if (!word && u16s_find(marks, c, 0) == marks.len)
            return false;
    }
    return raw.len > 0;
}

/* Inside double quotes ^ & | < > ( ) mean nothing to cmd.exe, and `""` leaves it inside,
 * so nothing of arg is ever outside.  Percent signs are expanded even there and know no
 * escape in a /c string.  The first % of `%%cd:~,%` has an empty name and stays, the rest
 * is a substring of no units: together a % that no name can follow. */
static void add_cmd_quoted(struct u16buf *line, struct u16s arg)
{
    add_quoted(line, arg, U16S("\"\""), U16S("%%cd:~,%"));
}

/* An argument that came bare and is harmless stays bare: batch files compare with
 * `if "%1"=="-x"`, which quotes of ours would spoil. */
static bool add_batch_args(struct u16buf *line, struct u16s tail, struct err *err)
{
    char16_t text[CMDLINE_BATCH_MAX + 1];

    for (;;) {
        struct u16buf arg = U16BUF(text);
        struct u16s raw = skip_blanks(tail);

        if (!cmdline_next(&tail, &arg))
            return true;
        raw = u16s_head(raw, raw.len - tail.len);
        if (arg.cut)
            return err_rule(err, "an argument too long for cmd.exe", NULL);
        if (has_line_end(u16buf_text(&arg)))
            return err_rule(err, "an argument with a line end or NUL, for a batch file",
                            text);
        u16buf_addc(line, u' ');
        if (is_bare_for_cmd(raw))
            u16buf_add(line, raw);
        else
            add_cmd_quoted(line, u16buf_text(&arg));
    }
}

/* Whether path may stand in double quotes in front of cmd.exe's parser. */
static bool is_quotable(struct u16s path)
{
    return path.len > 0 && u16s_find(path, u'"', 0) == path.len && !has_line_end(path);
}

/* cmd.exe looks for its switches from the first slash on, in its own path too. */
static bool add_batch_head(struct u16buf *line, struct u16s cmd, struct u16s script,
                           struct err *err)
{
    if (!is_quotable(cmd) || u16s_find(cmd, u'/', 0) < cmd.len)
        return err_rule(err, "a quote, slash or line end in the path of cmd.exe", NULL);
    if (!is_quotable(script))
        return err_rule(err, "a quote or line end in the path of a batch file", NULL);
    u16buf_addc(line, u'"');
    u16buf_add(line, cmd);
    u16buf_add_ascii(line, "\" /d /e:on /v:off /s /c \"");
    add_cmd_quoted(line, script);
    return true;
}

bool cmdline_batch(struct u16buf *line, struct u16s cmd, struct u16s script,
                   struct u16s tail, struct err *err)
{
    struct u16buf out = *line;
    bool ok = add_batch_head(&out, cmd, script, err) && add_batch_args(&out, tail, err);

    u16buf_addc(&out, u'"');
    if (ok && (out.cut || out.len - line->len > CMDLINE_BATCH_MAX))
        ok = err_rule(err, "a command line too long for cmd.exe", NULL);
    if (ok)
        *line = out;
    else
        line->at[line->len] = 0;
    return ok;
}
