/* SPDX-License-Identifier: MIT
 *
 * The runner's pipe: who may open it, who is at its other end, and frames through it
 * under a time limit.  A pipe is one byte stream to one process; nothing waits for ever.
 */
#pragma once

#include "core/wire.h"
#include "win/win.h"

#define PIPE_NAME_CAP 64u /* char16_t a pipe's name needs, terminator included */

/* One end, opened for overlapped use, and the event its waits use. */
struct pipe_end {
    HANDLE pipe;
    HANDLE event;
};

/* Bytes that nobody can guess.  MS: RtlGenRandom (advapi32, SystemFunction036). */
MUST_CHECK bool pipe_random(uint8_t *out, size_t bytes, struct err *err);

/* "\\.\pipe\ringfence-" and the bytes in hexadecimal. */
void pipe_name(const uint8_t name[WIRE_NAME_BYTES], char16_t out[PIPE_NAME_CAP]);

/* Makes `count` instances of a pipe that is not there yet, for *user and SYSTEM and for
 * nobody else: not for this process's own account, unless that is *user's, so that what
 * runs under it can neither connect nor serve under this name; and not through the
 * network.  The rights of *user do not include making instances.  On failure none is left
 * open.  MS: CreateNamedPipe (FILE_FLAG_FIRST_PIPE_INSTANCE); Named Pipe Security and
 * Access Rights. */
MUST_CHECK bool pipe_serve(const char16_t *name, const struct sid *user,
                           struct pipe_end *ends, size_t count, struct err *err);

enum pipe_accepted { PIPE_CLIENT, PIPE_STOPPED, PIPE_FAILED };

/* Waits for a client, or until *stop is set. */
enum pipe_accepted pipe_accept(struct pipe_end *end, HANDLE stop, struct err *err);

/* Whether the process that sent what was read last runs as *user and under no fence of
 * ours.  To be asked after the first frame: before it there is nobody to impersonate.
 * Identifies only; ends the process if it could not revert.  MS:
 * ImpersonateNamedPipeClient. */
MUST_CHECK bool pipe_check_client(const struct pipe_end *end, const struct sid *user,
                                  struct err *err);

/* Sends the client away; the instance is ready for the next. */
void pipe_hang_up(struct pipe_end *end);

/* Opens the client's end, waiting up to ms while all instances are taken.  Lets the
 * server identify us, not act as us. */
MUST_CHECK bool pipe_connect(const char16_t *name, DWORD ms, struct pipe_end *end,
                             struct err *err);

/* Whether the pipe was made by *owner and is served by the process.  The latter cannot be
 * asked before Windows Vista.  MS: GetNamedPipeServerProcessId. */
MUST_CHECK bool pipe_check_server(const struct pipe_end *end, DWORD pid,
                                  const struct sid *owner, struct err *err);

/* A pipe to one child: our end to read from, and its end to be inherited and written. */
MUST_CHECK bool pipe_pair(struct pipe_end *read, HANDLE *write, struct err *err);

void pipe_close(struct pipe_end *end);

/* A frame that came: its kind, and its payload in somebody's array. */
struct pipe_frame {
    enum wire_kind kind;
    uint8_t *at;
    size_t cap;
    size_t bytes;
};

/* Takes one frame's head and payload, both within ms; at and cap are the caller's. */
MUST_CHECK bool pipe_receive(struct pipe_end *end, DWORD ms, struct pipe_frame *frame,
                             struct err *err);

/* Sends a whole frame within ms.  bytes 0, what a wire_…_write that failed returns, is a
 * failure. */
MUST_CHECK bool pipe_send(struct pipe_end *end, DWORD ms, const uint8_t *frame,
                          size_t bytes, struct err *err);
