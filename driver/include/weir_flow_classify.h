// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a flow-classify program compiles against: the context, the answers, and the few BPF
// declarations that every program needs. The header stands alone (`clang -target bpf`). A program
// that also wants bpf_helpers.h of eBPF for Windows includes that one first; the declarations
// that both files have are then left to it.
//
// The life of a program on one TCP connection:
//
//   NEW          once, when the connection is established and before any data.
//   ESTABLISHED  once for each segment of either direction, in stream order, for as long as the
//                program answers NEED_MORE_DATA.
//   DELETED      once, if the connection ends (or is blocked by another program) while the latest
//                answer was NEED_MORE_DATA. The answer is ignored: it is the time to free state.
//
// After ALLOW or BLOCK the program is not invoked again for that connection, not even with
// DELETED, so state is freed before such an answer is given. No DELETED comes for connections
// that are still open when the program is detached; flow ids may be used again by then, so a
// program overwrites what it finds under a flow id at NEW.
#ifndef WEIR_FLOW_CLASSIFY_H
#define WEIR_FLOW_CLASSIFY_H

// Identifiers under which driver and verifier know this kind of program. Section names that begin
// with the prefix select the type.
#define WEIR_FLOW_CLASSIFY_PROGRAM_TYPE "{aa3ccdea-026e-400a-9fff-5081c44fc5a2}"
#define WEIR_FLOW_CLASSIFY_ATTACH_TYPE "{01c6f75e-69dd-4d49-bf96-c4cb80fe7246}"
#define WEIR_FLOW_CLASSIFY_SECTION "flow_classify"

// Another header may have brought the fixed-width types already; <stdint.h> itself is not included
// because hosted C libraries do not support the BPF target.
#if !defined(UINT64_MAX)
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
#endif

#if !defined(NULL)
#define NULL ((void *)0)
#endif

// ---- The hook --------------------------------------------------------------------------------

// What a program answers. Any other number counts as an error of the program.
typedef enum _ebpf_flow_classify_action
{
    EBPF_FLOW_CLASSIFY_ALLOW = 0,          // Let the connection pass; stop asking this program.
    // Final for the connection, whatever others answered. Its data is taken off the stream from
    // this segment on, in both directions; ends of the stream still pass, so an application may see
    // a clean end after data that never came.
    EBPF_FLOW_CLASSIFY_BLOCK = 1,
    EBPF_FLOW_CLASSIFY_NEED_MORE_DATA = 2, // Let this segment pass and show the next one.
} ebpf_flow_classify_action_t;

typedef enum _ebpf_flow_direction
{
    EBPF_FLOW_DIRECTION_INBOUND = 0,
    EBPF_FLOW_DIRECTION_OUTBOUND = 1,
} ebpf_flow_direction_t;

typedef enum _ebpf_flow_state
{
    EBPF_FLOW_STATE_NEW = 0,
    EBPF_FLOW_STATE_ESTABLISHED = 1,
    EBPF_FLOW_STATE_DELETED = 2,
} ebpf_flow_state_t;

// Values of `family`, as Windows numbers them.
#define WEIR_FAMILY_IPV4 2
#define WEIR_FAMILY_IPV6 23

// The context. Each invocation gets its own copy, so nothing written here reaches anybody.
typedef struct _ebpf_flow_classify
{
    uint32_t family; // WEIR_FAMILY_IPV4 or WEIR_FAMILY_IPV6; tells which address member holds.
    struct
    {
        union
        {
            uint32_t local_ip4;    // Network byte order.
            uint32_t local_ip6[4]; // Network byte order.
        };
        uint32_t local_port; // Network byte order, in the low 16 bits.
    };
    struct
    {
        union
        {
            uint32_t remote_ip4;    // Network byte order.
            uint32_t remote_ip6[4]; // Network byte order.
        };
        uint32_t remote_port; // Network byte order, in the low 16 bits.
    };
    uint8_t protocol;        // Always 6: the hook is for TCP.
    uint32_t compartment_id; // Network compartment of the connection.
    uint64_t interface_luid; // 0 where Windows names no interface.
    // Who opened the connection at NEW and DELETED (outbound: this machine); which way the segment
    // travels at ESTABLISHED. A program that needs the former later must remember it at NEW.
    uint8_t direction;
    // Equal in every invocation for the connection, and the key for state about it. The two ends
    // of a loopback connection are two flows.
    uint64_t flow_id;
    uint32_t state; // An ebpf_flow_state_t.
    // The bytes of this segment: 1 to 65,534 at ESTABLISHED, NULL and NULL otherwise. They are
    // valid during the invocation only, and for reading only: a segment may be the very buffer
    // that the network stack goes on with, and a verifier does not catch writes to it.
    uint8_t *data_start;
    uint8_t *data_end; // One past the last byte.
} ebpf_flow_classify_t;

#if defined(__bpf__) || defined(__x86_64__) || defined(_M_X64)
#define WEIR_ASSERT_OFFSET(member, offset)                                                         \
    _Static_assert(__builtin_offsetof(ebpf_flow_classify_t, member) == (offset), #member)
WEIR_ASSERT_OFFSET(family, 0);
WEIR_ASSERT_OFFSET(local_ip4, 4);
WEIR_ASSERT_OFFSET(local_ip6, 4);
WEIR_ASSERT_OFFSET(local_port, 20);
WEIR_ASSERT_OFFSET(remote_ip4, 24);
WEIR_ASSERT_OFFSET(remote_ip6, 24);
WEIR_ASSERT_OFFSET(remote_port, 40);
WEIR_ASSERT_OFFSET(protocol, 44);
WEIR_ASSERT_OFFSET(compartment_id, 48);
WEIR_ASSERT_OFFSET(interface_luid, 56);
WEIR_ASSERT_OFFSET(direction, 64);
WEIR_ASSERT_OFFSET(flow_id, 72);
WEIR_ASSERT_OFFSET(state, 80);
WEIR_ASSERT_OFFSET(data_start, 88);
WEIR_ASSERT_OFFSET(data_end, 96);
_Static_assert(sizeof(ebpf_flow_classify_t) == 104, "context size");
#undef WEIR_ASSERT_OFFSET
#endif

// ---- What every BPF program needs ------------------------------------------------------------

#if !defined(__always_inline)
#define __always_inline inline __attribute__((always_inline))
#endif

// EBPF_HELPER is defined by bpf_helpers.h of eBPF for Windows, and by nobody else.
#if !defined(EBPF_HELPER)

#define SEC(NAME) __attribute__((section(NAME)))

// Members of a map definition: a variable of an anonymous struct type in section ".maps".
#define __uint(name, value) int(*name)[value]
#define __type(name, of) __typeof__(of) *name

// Numbers of eBPF for Windows, which are not those of Linux.
// Source: microsoft/ebpf-for-windows, include/ebpf_structs.h (read 2026-11).
enum bpf_map_type
{
    BPF_MAP_TYPE_UNSPEC = 0,
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PROG_ARRAY = 3,
    BPF_MAP_TYPE_PERCPU_HASH = 4,
    BPF_MAP_TYPE_PERCPU_ARRAY = 5,
    BPF_MAP_TYPE_HASH_OF_MAPS = 6,
    BPF_MAP_TYPE_ARRAY_OF_MAPS = 7,
    BPF_MAP_TYPE_LRU_HASH = 8,
    BPF_MAP_TYPE_LPM_TRIE = 9,
    BPF_MAP_TYPE_QUEUE = 10,
    BPF_MAP_TYPE_LRU_PERCPU_HASH = 11,
    BPF_MAP_TYPE_STACK = 12,
    BPF_MAP_TYPE_RINGBUF = 13,
};

// The last argument of bpf_map_update_elem.
#define BPF_ANY 0x0     // Add or replace.
#define BPF_NOEXIST 0x1 // Only add.
#define BPF_EXIST 0x2   // Only replace.

// A helper is called by its number, so each is a constant function pointer with that value.
// Source: microsoft/ebpf-for-windows, include/ebpf_structs.h and bpf_helper_defs.h (read 2026-11).
#define WEIR_HELPER(number, result, name, ...)                                                     \
    __attribute__((unused)) static result (*const name)(__VA_ARGS__) = (void *)(number)

// The value under a key, or NULL. The pointer stays valid until the invocation ends.
WEIR_HELPER(1, void *, bpf_map_lookup_elem, void *map, const void *key);
// These three return 0 or a negative ebpf_result_t; an update fails where the map is full.
WEIR_HELPER(2, int64_t, bpf_map_update_elem, void *map, const void *key, const void *value,
            uint64_t flags);
WEIR_HELPER(3, int64_t, bpf_map_delete_elem, void *map, const void *key);
// `weir replay` has no tail calls: it refuses a program that makes one.
WEIR_HELPER(5, int64_t, bpf_tail_call, const void *context, const void *programs, uint32_t index);
WEIR_HELPER(6, uint32_t, bpf_get_prandom_u32, void);
// Nanoseconds since boot, the first with and the second without time spent asleep.
WEIR_HELPER(7, uint64_t, bpf_ktime_get_boot_ns, void);
WEIR_HELPER(9, uint64_t, bpf_ktime_get_ns, void);
WEIR_HELPER(8, uint64_t, bpf_get_smp_processor_id, void);
// Appends one record to a BPF_MAP_TYPE_RINGBUF map; fails rather than waits where it is full.
// `weir replay` has no such maps: it refuses a program that uses one.
WEIR_HELPER(11, int, bpf_ringbuf_output, void *ring, const void *data, uint64_t size,
            uint64_t flags);
// The process that owns the connection, in the high 32 bits.
WEIR_HELPER(19, uint64_t, bpf_get_current_pid_tgid, void);

#undef WEIR_HELPER

#endif // EBPF_HELPER

#endif // WEIR_FLOW_CLASSIFY_H
