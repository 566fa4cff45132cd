// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a flow-classify program can be attached with (`ebpf_program_attach`, user mode): nothing,
// which means connections of every network compartment and no label; a uint32_t, which is a
// compartment; or the structure below.
#ifndef WEIR_ATTACH_H
#define WEIR_ATTACH_H

#include <stddef.h>
#include <stdint.h>

#define WEIR_ATTACH_VERSION 1
#define WEIR_LABEL_BYTES_MAX 63

// Anything that is not filled in exactly so is refused, and the driver says why in an Error event.
typedef struct _weir_attach_parameters
{
    uint16_t version;        // WEIR_ATTACH_VERSION.
    uint16_t size;           // sizeof(weir_attach_parameters_t).
    uint32_t compartment_id; // 0 for every compartment.
    // UTF-8 without control characters, NUL-terminated; empty for none. It names the program in
    // events and metrics, so programs that stay want one.
    char label[WEIR_LABEL_BYTES_MAX + 1];
} weir_attach_parameters_t;

#define WEIR_ASSERT_OFFSET(member, offset)                                                         \
    _Static_assert(offsetof(weir_attach_parameters_t, member) == (offset), #member)
WEIR_ASSERT_OFFSET(version, 0);
WEIR_ASSERT_OFFSET(size, 2);
WEIR_ASSERT_OFFSET(compartment_id, 4);
WEIR_ASSERT_OFFSET(label, 8);
_Static_assert(sizeof(weir_attach_parameters_t) == 72, "attach parameters size");
#undef WEIR_ASSERT_OFFSET

#endif
