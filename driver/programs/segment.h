// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A reading position in the bytes of one segment.
#ifndef SEGMENT_H
#define SEGMENT_H

#include "weir_flow_classify.h"

// The largest segment, which is also the largest that verifiers assume.
#define SEGMENT_BYTES_MAX 65534

// Hides a loop counter from the optimiser, which would otherwise replace it by another quantity
// that ends the loop just as well, but that a verifier cannot bound.
#define KEEP_COUNTER(turn) __asm__ volatile("" : "+r"(turn))

struct segment
{
    const uint8_t *start;
    const uint8_t *end;
    uint64_t length;
    uint64_t at;
};

static __always_inline struct segment segment_of(const ebpf_flow_classify_t *context)
{
    struct segment segment = {
        .start = context->data_start,
        .end = context->data_end,
        .length = (uint64_t)(context->data_end - context->data_start),
        .at = 0,
    };
    return segment;
}

// The pointer to the next `bytes` bytes (a constant), or NULL where fewer are left. The first
// comparison says nothing new at run time: it bounds, for a verifier, what is added to the pointer.
// The second stands directly before the reads that it permits, where a verifier looks for it.
static __always_inline const uint8_t *segment_peek(const struct segment *segment, uint64_t bytes)
{
    if (segment->at > SEGMENT_BYTES_MAX - bytes)
        return NULL;
    const uint8_t *next = segment->start + segment->at;
    return next + bytes > segment->end ? NULL : next;
}

#endif // SEGMENT_H
