// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A reading position in the bytes of one segment.
#ifndef SEGMENT_H
#define SEGMENT_H

#include "weir_flow_classify.h"

// The largest segment, which is also the largest that verifiers assume.
#define SEGMENT_BYTES_MAX 65534

// Makes the optimiser forget what it knows about a number. It would otherwise replace the counter
// of a loop by another quantity that ends it just as well, or a length by the two pointers that it
// came from: equal at run time, but beyond what a verifier can bound.
#define HIDE_FROM_OPTIMISER(number) __asm__ volatile("" : "+r"(number))

// The step of a loop whose counter PREVAIL must bound. Where a loop may run long, PREVAIL guesses
// that its own count of turns is at most what each register holds, and gives up if one that is no
// longer in use holds less. So the counter is copied to all that a call may overwrite, which costs
// six instructions a turn. Source: vbpf/prevail, src/crab/ebpf_domain.cpp,
// calculate_constant_limits (read 2026-11).
#if defined(__bpf__)
#define NEXT_TURN(turn)                                                                            \
    ({                                                                                             \
        (turn)++;                                                                                  \
        __asm__ volatile("r0 = %0\nr1 = %0\nr2 = %0\nr3 = %0\nr4 = %0\nr5 = %0"                   \
                         : "+r"(turn)                                                              \
                         :                                                                         \
                         : "r0", "r1", "r2", "r3", "r4", "r5");                                    \
    })
#else
#define NEXT_TURN(turn) ((turn)++)
#endif

struct segment
{
    const ebpf_flow_classify_t *context;
    uint64_t length;
    // In memory, so that no relation between it and a loop counter confuses a verifier.
    volatile uint64_t at;
};

static __always_inline struct segment segment_of(const ebpf_flow_classify_t *context)
{
    struct segment segment = {
        .context = context,
        .length = (uint64_t)(context->data_end - context->data_start),
        .at = 0,
    };
    HIDE_FROM_OPTIMISER(segment.length);
    return segment;
}

// The pointer to `bytes` bytes (a constant) at position `at`, or NULL where fewer are left. It is
// written for verifiers. Mask and first comparison change nothing at run time, but bound what is
// added to the pointer. The last comparison stands directly before the reads that it permits. And
// both pointers are loaded from the context each time, which costs no more than from the stack,
// because what a verifier knows about a pointer on the stack does not always survive a loop.
static __always_inline const uint8_t *segment_peek_at(const struct segment *segment, uint64_t at,
                                                      uint64_t bytes)
{
    HIDE_FROM_OPTIMISER(at);
    at &= 0xffff;
    if (at > SEGMENT_BYTES_MAX - bytes)
        return NULL;
    const uint8_t *start = *(uint8_t *const volatile *)&segment->context->data_start;
    const uint8_t *end = *(uint8_t *const volatile *)&segment->context->data_end;
    return start + at + bytes > end ? NULL : start + at;
}

static __always_inline const uint8_t *segment_peek(const struct segment *segment, uint64_t bytes)
{
    return segment_peek_at(segment, segment->at, bytes);
}

// Goes on by `bytes`, which the segment must hold.
static __always_inline void segment_advance(struct segment *segment, uint64_t bytes)
{
    segment->at = (segment->at + bytes) & 0xffff;
}

#endif // SEGMENT_H
