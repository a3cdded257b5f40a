#include "core/wire.h"

#include "core/bytes.h"

#define HELLO_BYTES   (24u + 68u)
#define STARTED_BYTES 24u
#define ERROR_BYTES   (8u + WIRE_CALL_CAP + 2u * ERR_OBJECT_CAP)

_Static_assert(ERROR_BYTES + WIRE_HEAD_BYTES <= WIRE_SMALL_MAX, "the longest small one");
_Static_assert(WIRE_START_FIXED % 2 == 0, "text begins at an even place");

/* The least and the most that may stand behind the head. */
static const struct {
    uint32_t least, most;
} sizes[WIRE_KINDS] = {
    [WIRE_READY] = { WIRE_NAME_BYTES, WIRE_NAME_BYTES },
    [WIRE_HELLO] = { HELLO_BYTES, HELLO_BYTES },
    [WIRE_OFFER] = { 0, 0 },
    [WIRE_START] = { WIRE_START_FIXED, WIRE_PAYLOAD_MAX },
    [WIRE_STARTED] = { STARTED_BYTES, STARTED_BYTES },
    [WIRE_ERROR] = { ERROR_BYTES, ERROR_BYTES },
    [WIRE_SIGNAL] = { 8, 8 },
    [WIRE_RESIZE] = { 8, 8 },
    [WIRE_DONE] = { 0, 0 },
    [WIRE_BYE] = { 0, 0 },
};

/* A payload on its way in or out: one description of a frame serves both. */
struct flow {
    const uint8_t *from; /* NULL: writing */
    uint8_t *to;
    size_t left;
    bool bad;
};

static void flow_bytes(struct flow *f, uint8_t *value, size_t bytes)
{
    if (f->bad || f->left < bytes || (!f->from && !f->to)) {
        f->bad = true;
        return;
    }
    f->left -= bytes;
    if (f->from) {
        bytes_copy(value, f->from, bytes);
        f->from += bytes;
    } else {
        bytes_copy(f->to, value, bytes);
        f->to += bytes;
    }
}

static void flow_16(struct flow *f, uint16_t *value)
{
    uint8_t b[2];

    bytes_put16(b, *value);
    flow_bytes(f, b, sizeof b);
    *value = bytes_get16(b);
}

static void flow_32(struct flow *f, uint32_t *value)
{
    uint8_t b[4];

    bytes_put32(b, *value);
    flow_bytes(f, b, sizeof b);
    *value = bytes_get32(b);
}

static void flow_64(struct flow *f, uint64_t *value)
{
    uint32_t low = (uint32_t)*value, high = (uint32_t)(*value >> 32);

    flow_32(f, &low);
    flow_32(f, &high);
    *value = (uint64_t)high << 32 | low;
}

static void flow_hello(struct flow *f, struct wire_hello *hello)
{
    uint8_t sid[sizeof hello->account] = { 0 };

    flow_32(f, &hello->pid);
    flow_32(f, &hello->seen);
    flow_32(f, &hello->can);
    flow_32(f, &hello->net_tried);
    flow_32(f, &hello->net_out);
    flow_32(f, &hello->net_held);
    if (!f->from)
        sid_write(&hello->account, sid);
    flow_bytes(f, sid, sizeof sid);
    if (f->bad || hello->seen & ~WIRE_SEEN_ALL || hello->can & ~WIRE_CAN_ALL ||
        !sid_read(&hello->account, sid, sizeof sid))
        f->bad = true;
}

static void flow_started(struct flow *f, struct wire_started *started)
{
    flow_32(f, &started->pid);
    flow_32(f, &started->got);
    flow_64(f, &started->process);
    flow_64(f, &started->job);
}

/* The texts of an error go onto people's terminals: the call is plain ASCII, both are
 * terminated. */
static void flow_error(struct flow *f, struct wire_error *error)
{
    flow_32(f, &error->domain);
    flow_32(f, &error->code);
    flow_bytes(f, (uint8_t *)error->call, sizeof error->call);
    for (size_t i = 0; i < ERR_OBJECT_CAP; i++) {
        uint16_t unit = error->object[i];

        flow_16(f, &unit);
        error->object[i] = unit;
    }
    if (f->bad || error->domain > ERR_RULE || error->domain == ERR_NONE ||
        error->call[WIRE_CALL_CAP - 1] || error->object[ERR_OBJECT_CAP - 1])
        f->bad = true;
    for (size_t i = 0; !f->bad && error->call[i]; i++)
        if (error->call[i] < ' ' || error->call[i] > '~')
            f->bad = true;
}

static void flow_signal(struct flow *f, struct wire_signal *signal)
{
    flow_32(f, &signal->pid);
    flow_32(f, &signal->event);
    if (signal->event > 1 || signal->pid == 0)
        f->bad = true;
}

/* What a COORD, whose numbers are signed, can hold. */
static bool is_size(uint16_t columns, uint16_t rows)
{
    return columns > 0 && columns <= INT16_MAX && rows > 0 && rows <= INT16_MAX;
}

static void flow_resize(struct flow *f, struct wire_resize *resize)
{
    flow_32(f, &resize->pid);
    flow_16(f, &resize->columns);
    flow_16(f, &resize->rows);
    if (resize->pid == 0 || !is_size(resize->columns, resize->rows))
        f->bad = true;
}

/* One of START's texts, whose length stands among the fixed parts. */
static void flow_text(struct flow *f, struct u16s *text, size_t len)
{
    size_t bytes = 2 * len;

    if (f->bad || f->left < bytes) {
        f->bad = true;
        return;
    }
    f->left -= bytes;
    if (f->from) {
        *text = (struct u16s){ (const char16_t *)(const void *)f->from, len };
        f->from += bytes;
    } else {
        bytes_copy(f->to, (const uint8_t *)text->at, bytes);
        f->to += bytes;
    }
}

/* Takes the terminator, which must be there, off a text; a NUL before it is not text. */
static bool take_end(struct u16s *text)
{
    if (text->len == 0 || text->at[text->len - 1])
        return false;
    text->len--;
    return u16s_find(*text, 0, 0) == text->len;
}

/* A drive's or a share's path: the runner's own current directory is nobody's business.
 */
static bool is_absolute(struct u16s path)
{
    return path.len >= 3 && ((path.at[1] == u':' && path.at[2] == u'\\') ||
                             (path.at[0] == u'\\' && path.at[1] == u'\\'));
}

/* Strings, each with its end, and an empty one that is nowhere but at the end. */
static bool is_block(struct u16s block)
{
    if (block.len < 2 || block.len > ENVBLOCK_MAX || block.at[block.len - 1] ||
        block.at[block.len - 2])
        return false;
    for (size_t i = 0; i + 2 < block.len; i++)
        if (!block.at[i] && !block.at[i + 1])
            return false;
    return block.len == 2 || block.at[0];
}

static void flow_start_fixed(struct flow *f, struct wire_start *start, uint32_t len[4])
{
    uint8_t spare = 0; /* text lies at an even place */

    flow_32(f, &start->flags);
    flow_32(f, &start->root_count);
    for (size_t i = 0; i < 3; i++)
        flow_64(f, &start->handle[i]);
    for (size_t i = 0; i < 4; i++)
        flow_32(f, &len[i]);
    for (size_t i = 3; i < WIRE_FDS; i++)
        flow_64(f, &start->handle[i]);
    flow_bytes(f, start->fd_flags, sizeof start->fd_flags);
    flow_16(f, &start->columns);
    flow_16(f, &start->rows);
    flow_bytes(f, &spare, 1);
    flow_bytes(f, start->run, sizeof start->run);
    for (size_t i = 0; i < FENCE_ROOTS_MAX; i++)
        flow_bytes(f, start->root[i], sizeof start->root[i]);
    if (start->flags & ~WIRE_START_FLAGS || start->root_count > FENCE_ROOTS_MAX || spare)
        f->bad = true;
    if (start->flags & WIRE_START_TERMINAL ? !is_size(start->columns, start->rows)
                                           : start->columns || start->rows)
        f->bad = true;
}

bool wire_start_read(struct wire_start *out, const uint8_t *at, size_t bytes)
{
    struct flow f = { .from = at, .left = bytes };
    struct u16s *text[] = { &out->program, &out->line, &out->cwd, &out->environment };
    uint32_t len[4] = { 0 };

    *out = (struct wire_start){ 0 };
    flow_start_fixed(&f, out, len);
    for (size_t i = 0; i < 4; i++) {
        if (len[i] > WIRE_TEXT_MAX + 1)
            f.bad = true;
        flow_text(&f, text[i], len[i]);
    }
    return !f.bad && f.left == 0 && take_end(&out->program) && take_end(&out->line) &&
           take_end(&out->cwd) && is_absolute(out->program) && is_absolute(out->cwd) &&
           is_block(out->environment);
}

bool wire_head_read(const uint8_t head[WIRE_HEAD_BYTES], enum wire_kind *kind,
                    size_t *payload_bytes, struct err *err)
{
    uint32_t bytes = bytes_get32(head + 4);

    if (head[0] != 'R' || head[1] != 'F')
        return err_rule(err, "what came through the pipe is no frame", NULL);
    if (head[2] != WIRE_VERSION)
        return err_rule(err, "the frame is of another version", NULL);
    if (head[3] == 0 || head[3] >= WIRE_KINDS)
        return err_rule(err, "the frame is of no known kind", NULL);
    if (bytes < sizes[head[3]].least || bytes > sizes[head[3]].most)
        return err_rule(err, "the frame's length is not one of its kind", NULL);
    *kind = (enum wire_kind)head[3];
    *payload_bytes = bytes;
    return true;
}

static void put_head(enum wire_kind kind, size_t payload_bytes, uint8_t *out)
{
    out[0] = 'R';
    out[1] = 'F';
    out[2] = WIRE_VERSION;
    out[3] = (uint8_t)kind;
    bytes_put32(out + 4, (uint32_t)payload_bytes);
}

/* A writer's flow into what lies behind the head. */
static struct flow begin(uint8_t *out, size_t cap)
{
    bool room = cap >= WIRE_HEAD_BYTES;

    return (struct flow){ .to = room ? out + WIRE_HEAD_BYTES : out,
                          .left = room ? cap - WIRE_HEAD_BYTES : 0,
                          .bad = !room };
}

static size_t finish(const struct flow *f, enum wire_kind kind, uint8_t *out)
{
    size_t bytes = (size_t)(f->to - out);

    if (f->bad)
        return 0;
    put_head(kind, bytes - WIRE_HEAD_BYTES, out);
    return bytes;
}

/* The two directions of a frame that has a flow_NAME. */
#define BOTH_WAYS(name, kind)                                                            \
    bool wire_##name##_read(struct wire_##name *out, const uint8_t *at, size_t bytes)    \
    {                                                                                    \
        struct flow f = { .from = at, .left = bytes };                                   \
                                                                                         \
        *out = (struct wire_##name){ 0 };                                                \
        flow_##name(&f, out);                                                            \
        return !f.bad && f.left == 0;                                                    \
    }                                                                                    \
    size_t wire_##name##_write(const struct wire_##name *in, uint8_t *out, size_t cap)   \
    {                                                                                    \
        struct wire_##name copy = *in;                                                   \
        struct flow f = begin(out, cap);                                                 \
                                                                                         \
        flow_##name(&f, &copy);                                                          \
        return finish(&f, kind, out);                                                    \
    }

static void flow_ready(struct flow *f, struct wire_ready *ready)
{
    flow_bytes(f, ready->name, sizeof ready->name);
}

BOTH_WAYS(ready, WIRE_READY)
BOTH_WAYS(hello, WIRE_HELLO)
BOTH_WAYS(started, WIRE_STARTED)
BOTH_WAYS(error, WIRE_ERROR)
BOTH_WAYS(signal, WIRE_SIGNAL)
BOTH_WAYS(resize, WIRE_RESIZE)

size_t wire_start_write(const struct wire_start *in, uint8_t *out, size_t cap)
{
    struct wire_start copy = *in;
    struct flow f = begin(out, cap);
    struct u16s text[] = { in->program, in->line, in->cwd };
    uint32_t len[4] = { 0, 0, 0, (uint32_t)in->environment.len };
    char16_t nul = 0;
    struct u16s end = { &nul, 1 };

    for (size_t i = 0; i < 3; i++) {
        if (text[i].len > WIRE_TEXT_MAX || u16s_find(text[i], 0, 0) != text[i].len)
            return 0;
        len[i] = (uint32_t)text[i].len + 1;
    }
    if (!is_block(in->environment) || !is_absolute(in->program) || !is_absolute(in->cwd))
        return 0;
    flow_start_fixed(&f, &copy, len);
    for (size_t i = 0; i < 3; i++) {
        flow_text(&f, &text[i], text[i].len);
        flow_text(&f, &end, 1);
    }
    flow_text(&f, &copy.environment, copy.environment.len);
    return finish(&f, WIRE_START, out);
}

size_t wire_empty_write(enum wire_kind kind, uint8_t *out, size_t cap)
{
    struct flow f = begin(out, cap);

    return sizes[kind].most == 0 ? finish(&f, kind, out) : 0;
}

void wire_error_of(struct wire_error *to, const struct err *err)
{
    *to = (struct wire_error){ .domain = err->domain, .code = err->code };
    for (size_t i = 0; i < WIRE_CALL_CAP - 1 && err->call && err->call[i]; i++)
        to->call[i] = err->call[i];
    for (size_t i = 0; i < ERR_OBJECT_CAP - 1 && err->object[i]; i++)
        to->object[i] = err->object[i];
}

void wire_error_give(const struct wire_error *from, struct err *err)
{
    err_set(err, (enum err_domain)from->domain, from->code, from->call, from->object);
}

bool wire_hash_of(const struct sid *sid, uint8_t out[WIRE_HASH_BYTES])
{
    if (!sid_is_ours(sid) || sid->sub_count != 2 + SID_HASH)
        return false;
    for (size_t i = 0; i < WIRE_HASH_BYTES; i++)
        out[i] = (uint8_t)(sid->sub[2 + i / 4] >> (24 - 8 * (i % 4)));
    return true;
}

const char *wire_missing(const struct wire_hello *hello, bool offline)
{
    if (!(hello->seen & WIRE_SEEN_RESTRICTED))
        return "this Windows keeps no restricting SIDs in tokens, so nothing is enforced";
    if (!(hello->seen & WIRE_SEEN_ACCOUNT))
        return "the runner has no account of its own";
    if (!(hello->seen & WIRE_SEEN_GUARDED))
        return "the runner's process did not keep the list that guards it";
    if (!(hello->seen & WIRE_SEEN_APART))
        return "what the runner starts needs the user's logon SID to come up, and could "
               "read the user's processes by it";
    if (!offline || hello->seen & WIRE_SEEN_BLOCKED)
        return NULL;
    if (hello->net_out)
        return "the network is not blocked";
    return hello->net_tried ? "nothing shows that the network is blocked"
                            : "there is no route to any network, and loopback does not "
                              "show that it is blocked";
}

static const char note_tag[5] = { 'R', 'F', 'R', '1', ' ' };

static void put_hex(char *at, uint64_t value, size_t digits)
{
    for (; digits-- > 0; value >>= 4)
        at[digits] = "0123456789abcdef"[value & 15];
}

static bool get_hex(const char *at, size_t digits, uint64_t *value)
{
    uint64_t v = 0;

    for (size_t i = 0; i < digits; i++) {
        bool digit = at[i] >= '0' && at[i] <= '9';

        if (!digit && (at[i] < 'a' || at[i] > 'f'))
            return false;
        v = v << 4 | (uint64_t)(digit ? at[i] - '0' : at[i] - 'a' + 10);
    }
    *value = v;
    return true;
}

/* Where things stand in a note. */
#define NOTE_PID     5u
#define NOTE_CREATED 14u
#define NOTE_NAME    31u

void wire_note_write(const struct wire_note *note, char out[WIRE_NOTE_BYTES])
{
    for (size_t i = 0; i < sizeof note_tag; i++)
        out[i] = note_tag[i];
    put_hex(out + NOTE_PID, note->pid, 8);
    out[NOTE_CREATED - 1] = ' ';
    put_hex(out + NOTE_CREATED, note->created, 16);
    out[NOTE_NAME - 1] = ' ';
    for (size_t i = 0; i < WIRE_NAME_BYTES; i++)
        put_hex(out + NOTE_NAME + 2 * i, note->name[i], 2);
    out[WIRE_NOTE_BYTES - 1] = '\n';
}

bool wire_note_read(struct wire_note *note, const char *at, size_t bytes)
{
    struct wire_note n = { 0 };
    uint64_t pid = 0;

    if (bytes != WIRE_NOTE_BYTES || at[NOTE_CREATED - 1] != ' ' ||
        at[NOTE_NAME - 1] != ' ' || at[WIRE_NOTE_BYTES - 1] != '\n')
        return false;
    for (size_t i = 0; i < sizeof note_tag; i++)
        if (at[i] != note_tag[i])
            return false;
    if (!get_hex(at + NOTE_PID, 8, &pid) || !get_hex(at + NOTE_CREATED, 16, &n.created))
        return false;
    for (size_t i = 0; i < WIRE_NAME_BYTES; i++) {
        uint64_t byte = 0;

        if (!get_hex(at + NOTE_NAME + 2 * i, 2, &byte))
            return false;
        n.name[i] = (uint8_t)byte;
    }
    n.pid = (uint32_t)pid;
    *note = n;
    return true;
}
