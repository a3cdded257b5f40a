/* SPDX-License-Identifier: MIT
 *
 * What the benchmarks share: a clock, what to make of many readings of it, and the end of
 * one that cannot go on.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uchar.h>
#include <windows.h>

/* Milliseconds since some moment. */
static inline double measure_now(void)
{
    LARGE_INTEGER rate, now;

    QueryPerformanceFrequency(&rate);
    QueryPerformanceCounter(&now);
    return (double)now.QuadPart * 1000.0 / (double)rate.QuadPart;
}

static inline int measure_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median of count readings, at least one, which it sorts. */
static inline double measure_median(double *ms, unsigned count)
{
    qsort(ms, count, sizeof ms[0], measure_compare);
    return (ms[(count - 1) / 2] + ms[count / 2]) / 2;
}

/* The word that a bar begins with. */
static inline const char *measure_bar(bool reached)
{
    return reached ? "reached" : "NOT reached";
}

static inline void measure_die(const char *what, const char16_t *object)
{
    fprintf(stderr, "bench: %s: %ls (Win32 %lu)\n", what, object, GetLastError());
    exit(1);
}
