/* SPDX-License-Identifier: MIT
 *
 * Finding, starting and meeting a runner: the part of remote.c that ends with HELLO.
 */
#pragma once

#include "remote/remote.h"

/* The runner we talk to. */
struct remote {
    const struct remote_request *request;
    struct sid user;  /* ours */
    struct sid owner; /* the runner's */
    HANDLE process;   /* PROCESS_DUP_HANDLE|SYNCHRONIZE and queries */
    struct pipe_end end;
    struct wire_hello hello;
    struct wire_error said; /* storage of its last error's text */
};

/* Where frames are made and taken apart; one command a process. */
extern uint8_t remote_frame[WIRE_FRAME_MAX];

/* Meets the warm runner of the request's account, or starts one; *remote is zero before.
 * Somebody else at the runner's pipe is a failure, and not a reason to start another. */
MUST_CHECK bool remote_open(struct remote *remote, const struct remote_request *request,
                            struct err *err);
void remote_close(struct remote *remote);

/* Sends the frame of that size in remote_frame. */
MUST_CHECK bool remote_send(struct remote *remote, size_t bytes, struct err *err);

/* Takes the expected frame into remote_frame; an ERROR becomes *err, and *refused, if
 * that is not NULL. */
MUST_CHECK bool remote_receive(struct remote *remote, DWORD ms, enum wire_kind expected,
                               size_t *bytes, bool *refused, struct err *err);
