#include "core/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"

static struct err err;
static uint8_t frame[WIRE_FRAME_MAX];
static char16_t longest[WIRE_TEXT_MAX + 2];

/* The payload of a frame, in memory of exactly its size, so that the sanitizer sees a
 * byte too far. */
static uint8_t *payload;
static size_t payload_bytes;

static void take(size_t frame_bytes, enum wire_kind expected)
{
    enum wire_kind kind = WIRE_KINDS;

    assert_true(frame_bytes >= WIRE_HEAD_BYTES);
    assert_true(wire_head_read(frame, &kind, &payload_bytes, &err));
    assert_int_equal(kind, expected);
    assert_int_equal(payload_bytes, frame_bytes - WIRE_HEAD_BYTES);
    free(payload);
    payload = malloc(payload_bytes ? payload_bytes : 1);
    assert_non_null(payload);
    memcpy(payload, frame + WIRE_HEAD_BYTES, payload_bytes);
}

static struct wire_start a_start(void)
{
    static const char16_t block[] = u"A=1\0B=2\0";

    return (struct wire_start){
        .flags = WIRE_START_OFFLINE,
        .handle = { 4, 0, UINT64_C(0xFFFFFFFF00000008), [WIRE_FDS - 1] = 12 },
        .fd_flags = { 0x41, [WIRE_FDS - 1] = 0x09 },
        .run = "run........",
        .root_count = 2,
        .root = { "root1......", "root2......" },
        .program = U16S("C:\\tools\\git.exe"),
        .line = U16S("git commit -m \"x\""),
        .cwd = U16S("\\\\server\\share\\ws"),
        .environment = { block, sizeof block / sizeof block[0] },
    };
}

static void start__every_field__goes_there_and_back(void **state)
{
    struct wire_start in = a_start(), out;

    (void)state;
    take(wire_start_write(&in, frame, sizeof frame), WIRE_START);
    assert_true(wire_start_read(&out, payload, payload_bytes));
    assert_int_equal(out.flags, in.flags);
    assert_memory_equal(out.handle, in.handle, sizeof in.handle);
    assert_memory_equal(out.fd_flags, in.fd_flags, sizeof in.fd_flags);
    assert_memory_equal(out.run, in.run, sizeof in.run);
    assert_int_equal(out.root_count, 2);
    assert_memory_equal(out.root, in.root, sizeof in.root);
    assert_true(u16s_eq(out.program, in.program));
    assert_true(u16s_eq(out.line, in.line));
    assert_true(u16s_eq(out.cwd, in.cwd));
    assert_true(u16s_eq(out.environment, in.environment));
    assert_int_equal(out.line.at[out.line.len], 0);
}

static void start__longest_texts__fit(void **state)
{
    static char16_t block[ENVBLOCK_MAX];
    struct wire_start in = a_start(), out;

    (void)state;
    for (size_t i = 0; i < WIRE_TEXT_MAX; i++)
        longest[i] = u'x';
    longest[1] = u':';
    longest[2] = u'\\';
    memcpy(block, longest, sizeof block);
    block[1] = u'=';
    block[ENVBLOCK_MAX - 1] = block[ENVBLOCK_MAX - 2] = 0;
    in.program = in.line = in.cwd = (struct u16s){ longest, WIRE_TEXT_MAX };
    in.environment = (struct u16s){ block, ENVBLOCK_MAX };
    take(wire_start_write(&in, frame, sizeof frame), WIRE_START);
    assert_int_equal(payload_bytes, WIRE_PAYLOAD_MAX);
    assert_true(wire_start_read(&out, payload, payload_bytes));
    assert_int_equal(out.line.len, WIRE_TEXT_MAX);
    assert_int_equal(wire_start_write(&in, frame, WIRE_FRAME_MAX - 1), 0);
}

/* What the reader would refuse, the writer does not write. */
static void start__unsound_text__is_not_written(void **state)
{
    static const char16_t inner[] = u"A=1\0\0B=2\0", open_end[] = u"A=1",
                          first[] = u"\0A\0";
    static const struct {
        struct u16s program, line, cwd, block;
    } cases[] = {
        { { u"git.exe", 7 }, { 0 }, { 0 }, { 0 } },
        { { u"C:git.exe", 9 }, { 0 }, { 0 }, { 0 } },
        { { 0 }, { 0 }, { u"ws", 2 }, { 0 } },
        { { 0 }, { u"a\0b", 3 }, { 0 }, { 0 } },
        { { u"C:\\a\0b", 6 }, { 0 }, { 0 }, { 0 } },
        { { 0 }, { longest, WIRE_TEXT_MAX + 1 }, { 0 }, { 0 } },
        { { 0 }, { 0 }, { 0 }, { inner, 10 } },
        { { 0 }, { 0 }, { 0 }, { open_end, 4 } },
        { { 0 }, { 0 }, { 0 }, { first, 4 } },
        { { 0 }, { 0 }, { 0 }, { first, 1 } },
    };

    (void)state;
    for (size_t i = 0; i < WIRE_TEXT_MAX + 1; i++)
        longest[i] = u'x';
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_start in = a_start();

        if (cases[i].program.at)
            in.program = cases[i].program;
        if (cases[i].line.at)
            in.line = cases[i].line;
        if (cases[i].cwd.at)
            in.cwd = cases[i].cwd;
        if (cases[i].block.at)
            in.environment = cases[i].block;
        assert_int_equal(wire_start_write(&in, frame, sizeof frame), 0);
    }
}

/* Every byte short, one too many, and each number of the fixed part gone wild. */
static void start__cut_or_bent__is_refused(void **state)
{
    struct wire_start in = a_start(), out;
    static const size_t lengths[] = { 32, 36, 40, 44 };
    size_t bytes = wire_start_write(&in, frame, sizeof frame);

    (void)state;
    take(bytes, WIRE_START);
    for (size_t n = 0; n < payload_bytes; n++) {
        uint8_t *cut = malloc(n ? n : 1);

        assert_non_null(cut);
        memcpy(cut, payload, n);
        assert_false(wire_start_read(&out, cut, n));
        free(cut);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint32_t was = bytes_get32(payload + lengths[i]);
        const uint32_t wild[] = {
            0, was - 1, was + 1, 0x7FFFFFFF, 0x80000001, UINT32_MAX
        };

        for (size_t w = 0; w < sizeof wild / sizeof wild[0]; w++) {
            bytes_put32(payload + lengths[i], wild[w]);
            assert_false(wire_start_read(&out, payload, payload_bytes));
        }
        bytes_put32(payload + lengths[i], was);
    }
    bytes_put32(payload + 4, FENCE_ROOTS_MAX + 1);
    assert_false(wire_start_read(&out, payload, payload_bytes));
    bytes_put32(payload + 4, 2);
    bytes_put32(payload, WIRE_START_FLAGS + 1);
    assert_false(wire_start_read(&out, payload, payload_bytes));
    bytes_put32(payload, 0);
    assert_true(wire_start_read(&out, payload, payload_bytes));
    payload[24 + 9 * WIRE_FDS + 4] = 1; /* what is to be zero */
    assert_false(wire_start_read(&out, payload, payload_bytes));
}

static void head__garbage__is_refused(void **state)
{
    static const uint8_t bad[][WIRE_HEAD_BYTES] = {
        { 0 },
        { 'G', 'E', 'T', ' ', '/', ' ', 'H', 'T' },
        { 'R', 'F', WIRE_VERSION - 1, WIRE_OFFER, 0, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION + 1, WIRE_OFFER, 0, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION, 0, 0, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION, WIRE_KINDS, 0, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION, 0xFF, 0, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION, WIRE_OFFER, 1, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION, WIRE_START, 0, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION, WIRE_START, 0xFF, 0xFF, 0xFF, 0xFF },
        { 'R', 'F', WIRE_VERSION, WIRE_HELLO, 87, 0, 0, 0 },
        { 'R', 'F', WIRE_VERSION, WIRE_SIGNAL, 9, 0, 0, 0 },
    };
    enum wire_kind kind = WIRE_KINDS;
    size_t bytes = 77;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(wire_head_read(bad[i], &kind, &bytes, &err));
        assert_int_equal(err.domain, ERR_RULE);
    }
    assert_int_equal(kind, WIRE_KINDS);
    assert_int_equal(bytes, 77);
}

static void head__longest_start__and_one_more(void **state)
{
    uint8_t head[WIRE_HEAD_BYTES] = { 'R', 'F', WIRE_VERSION, WIRE_START };
    enum wire_kind kind;
    size_t bytes;

    (void)state;
    bytes_put32(head + 4, WIRE_PAYLOAD_MAX);
    assert_true(wire_head_read(head, &kind, &bytes, &err));
    bytes_put32(head + 4, WIRE_PAYLOAD_MAX + 1);
    assert_false(wire_head_read(head, &kind, &bytes, &err));
}

static void hello__every_field__goes_there_and_back(void **state)
{
    struct wire_hello in = { .pid = 7,
                             .seen = WIRE_SEEN_ALL,
                             .can = WIRE_CAN_TERMINAL,
                             .net_tried = 0x1F,
                             .net_out = 0x10,
                             .net_held = 0x800000,
                             .account = sid_well_known(SID_USERS) };
    struct wire_hello out;

    (void)state;
    take(wire_hello_write(&in, frame, sizeof frame), WIRE_HELLO);
    assert_true(wire_hello_read(&out, payload, payload_bytes));
    assert_int_equal(out.pid, 7);
    assert_int_equal(out.seen, WIRE_SEEN_ALL);
    assert_int_equal(out.net_tried, 0x1F);
    assert_int_equal(out.net_out, 0x10);
    assert_int_equal(out.net_held, 0x800000);
    assert_true(sid_eq(&out.account, &in.account));
    assert_int_equal(out.can, WIRE_CAN_TERMINAL);
    payload[24] = 2; /* the SID's revision */
    assert_false(wire_hello_read(&out, payload, payload_bytes));
    in.seen = WIRE_SEEN_ALL + 1;
    assert_int_equal(wire_hello_write(&in, frame, sizeof frame), 0);
}

static void started__every_field__goes_there_and_back(void **state)
{
    struct wire_started in = { 1, WIRE_GOT_BORN, 3, UINT64_MAX }, out;

    (void)state;
    take(wire_started_write(&in, frame, sizeof frame), WIRE_STARTED);
    assert_true(wire_started_read(&out, payload, payload_bytes));
    assert_memory_equal(&in, &out, sizeof in);
    assert_int_equal(wire_started_write(&in, frame, 31), 0);
    assert_int_equal(wire_started_write(&in, frame, 7), 0);
    assert_int_equal(wire_started_write(&in, frame, 0), 0);
}

static void error__every_field__goes_there_and_back(void **state)
{
    struct wire_error in, out;
    struct err back;

    (void)state;
    err_set(&err, ERR_WIN32, 5, "CreateProcessAsUserW", u"C:\\x\xD800.exe");
    wire_error_of(&in, &err);
    take(wire_error_write(&in, frame, sizeof frame), WIRE_ERROR);
    assert_true(wire_error_read(&out, payload, payload_bytes));
    wire_error_give(&out, &back);
    assert_int_equal(back.domain, ERR_WIN32);
    assert_int_equal(back.code, 5);
    assert_string_equal(back.call, "CreateProcessAsUserW");
    assert_true(u16s_eq(u16s_of(back.object), u16s_of(u"C:\\x\xD800.exe")));
}

/* It is printed as it is: no terminal's control sequence, no missing end. */
static void error__text_that_is_none__is_refused(void **state)
{
    struct wire_error in = { .domain = ERR_RULE, .call = "a\x1B[2Jb" }, out;

    (void)state;
    assert_int_equal(wire_error_write(&in, frame, sizeof frame), 0);
    in.call[1] = 'x';
    take(wire_error_write(&in, frame, sizeof frame), WIRE_ERROR);
    memset(payload + 8, 'y', WIRE_CALL_CAP);
    assert_false(wire_error_read(&out, payload, payload_bytes));
    take(wire_error_write(&in, frame, sizeof frame), WIRE_ERROR);
    memset(payload + 8 + WIRE_CALL_CAP, 'y', 2u * ERR_OBJECT_CAP);
    assert_false(wire_error_read(&out, payload, payload_bytes));
    in.domain = ERR_NONE;
    assert_int_equal(wire_error_write(&in, frame, sizeof frame), 0);
    in.domain = (uint32_t)ERR_RULE + 1;
    assert_int_equal(wire_error_write(&in, frame, sizeof frame), 0);
}

static void error__longer_than_there_is_room__is_cut(void **state)
{
    static char call[200];
    struct wire_error in;

    (void)state;
    memset(call, 'c', sizeof call - 1);
    err_set(&err, ERR_RULE, 0, call, NULL);
    wire_error_of(&in, &err);
    assert_int_equal(strlen(in.call), WIRE_CALL_CAP - 1);
    assert_true(wire_error_write(&in, frame, WIRE_SMALL_MAX) > 0);
}

static void signal__out_of_range__is_refused(void **state)
{
    struct wire_signal signal = { 8, 1 }, signal_out;

    (void)state;
    take(wire_signal_write(&signal, frame, sizeof frame), WIRE_SIGNAL);
    assert_true(wire_signal_read(&signal_out, payload, payload_bytes));
    assert_int_equal(signal_out.pid, 8);
    assert_int_equal(signal_out.event, 1);
    signal.event = 2;
    assert_int_equal(wire_signal_write(&signal, frame, sizeof frame), 0);
    signal = (struct wire_signal){ 0, 0 };
    assert_int_equal(wire_signal_write(&signal, frame, sizeof frame), 0);
}

static void resize__out_of_range__is_refused(void **state)
{
    static const struct wire_resize bad[] = {
        { 0, 80, 25 }, { 8, 0, 25 }, { 8, 80, 0 }, { 8, 0x8000, 25 }, { 8, 80, 0xFFFF },
    };
    struct wire_resize in = { 8, INT16_MAX, 1 }, out;

    (void)state;
    take(wire_resize_write(&in, frame, sizeof frame), WIRE_RESIZE);
    assert_true(wire_resize_read(&out, payload, payload_bytes));
    assert_memory_equal(&in, &out, sizeof in);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wire_resize_write(&bad[i], frame, sizeof frame), 0);
}

/* A size goes with a pseudo console, and no pseudo console goes without. */
static void start__terminal_and_size__only_together(void **state)
{
    struct wire_start in = a_start(), out;

    (void)state;
    in.columns = 120;
    in.rows = 30;
    assert_int_equal(wire_start_write(&in, frame, sizeof frame), 0);
    in.flags |= WIRE_START_TERMINAL;
    take(wire_start_write(&in, frame, sizeof frame), WIRE_START);
    assert_true(wire_start_read(&out, payload, payload_bytes));
    assert_int_equal(out.columns, 120);
    assert_int_equal(out.rows, 30);
    in.rows = 0x8000;
    assert_int_equal(wire_start_write(&in, frame, sizeof frame), 0);
}

static void empty__only_kinds_without_a_payload(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind < WIRE_KINDS; kind++) {
        bool is_empty = kind == WIRE_OFFER || kind == WIRE_DONE || kind == WIRE_BYE;
        size_t bytes = wire_empty_write((enum wire_kind)kind, frame, sizeof frame);

        assert_int_equal(bytes, is_empty ? WIRE_HEAD_BYTES : 0);
        if (is_empty)
            take(bytes, (enum wire_kind)kind);
    }
}

static void hash__of_a_sid_of_ours__makes_it_again(void **state)
{
    static const uint8_t hash[WIRE_HASH_BYTES] = { 1, 0xFE, 3, 4,  5,  6,
                                                   7, 8,    9, 10, 11, 0x80 };
    struct sid sid = sid_ours(hash), other = sid_everyone();
    uint8_t back[WIRE_HASH_BYTES];

    (void)state;
    assert_true(wire_hash_of(&sid, back));
    assert_memory_equal(back, hash, sizeof hash);
    assert_false(wire_hash_of(&other, back));
    sid.sub_count--;
    assert_false(wire_hash_of(&sid, back));
}

static void missing__anything_not_seen__is_named(void **state)
{
    struct wire_hello hello = { .seen = WIRE_SEEN_ALL };

    (void)state;
    assert_null(wire_missing(&hello, true));
    assert_null(wire_missing(&hello, false));
    for (uint32_t bit = 1; bit <= WIRE_SEEN_ALL; bit <<= 1) {
        hello.seen = WIRE_SEEN_ALL & ~bit;
        assert_non_null(wire_missing(&hello, true));
        assert_int_equal(wire_missing(&hello, false) == NULL, bit == WIRE_SEEN_BLOCKED);
    }
}

static void note__goes_there_and_back__and_nothing_else_is_one(void **state)
{
    struct wire_note in = { .pid = 0x89abcdef,
                            .created = UINT64_C(0x01d9f00ddeadbeef),
                            .name = "0123456789abcde" };
    struct wire_note out;
    char text[WIRE_NOTE_BYTES];

    (void)state;
    wire_note_write(&in, text);
    assert_true(wire_note_read(&out, text, sizeof text));
    assert_int_equal(out.pid, in.pid);
    assert_true(out.created == in.created);
    assert_memory_equal(out.name, in.name, sizeof in.name);
    assert_false(wire_note_read(&out, text, sizeof text - 1));
    for (size_t i = 0; i < sizeof text; i++) {
        char was = text[i];

        text[i] = 'X';
        assert_false(wire_note_read(&out, text, sizeof text));
        text[i] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__every_field__goes_there_and_back),
        cmocka_unit_test(start__longest_texts__fit),
        cmocka_unit_test(start__unsound_text__is_not_written),
        cmocka_unit_test(start__cut_or_bent__is_refused),
        cmocka_unit_test(head__garbage__is_refused),
        cmocka_unit_test(head__longest_start__and_one_more),
        cmocka_unit_test(hello__every_field__goes_there_and_back),
        cmocka_unit_test(started__every_field__goes_there_and_back),
        cmocka_unit_test(error__every_field__goes_there_and_back),
        cmocka_unit_test(error__text_that_is_none__is_refused),
        cmocka_unit_test(error__longer_than_there_is_room__is_cut),
        cmocka_unit_test(signal__out_of_range__is_refused),
        cmocka_unit_test(resize__out_of_range__is_refused),
        cmocka_unit_test(start__terminal_and_size__only_together),
        cmocka_unit_test(empty__only_kinds_without_a_payload),
        cmocka_unit_test(hash__of_a_sid_of_ours__makes_it_again),
        cmocka_unit_test(missing__anything_not_seen__is_named),
        cmocka_unit_test(note__goes_there_and_back__and_nothing_else_is_one),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(payload);
    return failed;
}
