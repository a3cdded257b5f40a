/* SPDX-License-Identifier: MIT
 *
 * The functions the compiler may call on its own where there is no C runtime.
 * String instructions, so that it cannot see a loop here and call the function from
 * inside itself.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

void *memcpy(void *to, const void *from, size_t bytes)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes)::"memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    unsigned char *d = to;
    const unsigned char *s = from;

    if (d <= s || d >= s + bytes)
        return memcpy(to, from, bytes);
    d += bytes - 1;
    s += bytes - 1;
    __asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(d), "+S"(s), "+c"(bytes)::"memory");
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *p = a, *q = b;

    for (size_t i = 0; i < bytes; i++)
        if (p[i] != q[i])
            return p[i] - q[i];
    return 0;
}

#ifdef __i386__
/* libgcc's would look for their arguments on the stack: see ABI_x86 in the Makefile.
 * NOLINTBEGIN(bugprone-reserved-identifier): the names are the compiler's. */
uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *rest);
uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);

uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *rest)
{
    uint64_t quotient = 0, left = 0;

    for (unsigned bit = 64; bit-- > 0;) {
        left = left << 1 | (dividend >> bit & 1);
        if (left >= divisor) {
            left -= divisor;
            quotient |= (uint64_t)1 << bit;
        }
    }
    *rest = left;
    return quotient;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t rest;

    return __udivmoddi4(dividend, divisor, &rest);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t rest;

    __udivmoddi4(dividend, divisor, &rest);
    return rest;
}
/* NOLINTEND(bugprone-reserved-identifier) */
#endif
