// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Counts connections by application protocol, told from the first eight bytes of the direction
// that settles it first. Blocks nothing, and lets go of a connection as soon as it is counted.
#include "segment.h"

// Flows that may be undecided at the same time; beyond that new ones count as unknown.
#define FLOWS_MAX 65536

// As many first bytes as are looked at; every protocol here is told by fewer or as many.
#define PREFIX_BYTES_MAX 8

// Indices of the map `protocols`.
enum protocol
{
    PROTOCOL_UNKNOWN,
    PROTOCOL_TLS,
    PROTOCOL_HTTP,
    PROTOCOL_SSH,
    PROTOCOL_SMB,
    PROTOCOL_RDP,
    PROTOCOL_COUNT,
};

// Neither known nor ruled out yet.
#define PROTOCOL_UNDECIDED PROTOCOL_COUNT

// The first bytes of one direction: the first of all is the highest byte of the number, and bytes
// that have not come are zero.
struct prefix
{
    uint64_t bytes;
    uint64_t length;
};

struct flow
{
    struct prefix inbound;
    struct prefix outbound;
};

struct
{
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, FLOWS_MAX);
    __type(key, uint64_t); // flow_id
    __type(value, struct flow);
} protocol_flows SEC(".maps");

struct
{
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, PROTOCOL_COUNT);
    __type(key, uint32_t); // An enum protocol.
    __type(value, uint64_t); // Connections.
} protocols SEC(".maps");

static __always_inline int count(uint32_t protocol)
{
    uint64_t *connections = bpf_map_lookup_elem(&protocols, &protocol);

    // Several processors count at the same time.
    if (connections)
        __sync_fetch_and_add(connections, 1);
    return EBPF_FLOW_CLASSIFY_ALLOW;
}

// Ones for the first `length` bytes.
static __always_inline uint64_t first_bytes(uint64_t length)
{
    return length == 0 ? 0 : ~0ULL << ((64 - 8 * length) & 63);
}

// Compares a prefix with a pattern of `length` bytes, where `mask` says which bits count.
// Returns what the protocol was before, or `protocol` where the whole pattern is there, or
// PROTOCOL_UNDECIDED where it still may come.
static __always_inline uint32_t match(uint32_t before, const struct prefix *prefix,
                                      uint32_t protocol, uint64_t pattern, uint64_t mask,
                                      uint64_t length)
{
    if ((prefix->bytes ^ pattern) & mask & first_bytes(prefix->length))
        return before;
    return prefix->length >= length ? protocol : PROTOCOL_UNDECIDED;
}

// Text pattern: the bytes of a method with its space, aligned to the high end.
static __always_inline uint32_t match_text(uint32_t before, const struct prefix *prefix,
                                           uint32_t protocol, uint64_t text, uint64_t length)
{
    uint64_t shift = 64 - 8 * length;

    return match(before, prefix, protocol, text << shift, ~0ULL << shift, length);
}

// Names the protocol that the prefix belongs to. No two patterns have a common beginning that is
// a whole pattern, so at most one of them decides; several may still be possible.
static __always_inline uint32_t protocol_of(const struct prefix *prefix)
{
    uint32_t found = PROTOCOL_UNKNOWN;

    // Record header of a handshake of SSL 3.0 to TLS 1.3, then ClientHello or ServerHello.
    found = match(found, prefix, PROTOCOL_TLS, 0x1603000000010000, 0xfffff80000ff0000, 6);
    found = match(found, prefix, PROTOCOL_TLS, 0x1603000000020000, 0xfffff80000ff0000, 6);
    // RFC 4253 section 4.2.
    found = match_text(found, prefix, PROTOCOL_SSH, 0x5353482d /* "SSH-" */, 4);
    // Session message of NetBIOS over TCP, then 0xff 'SMB' (1.0) or 0xfe 'SMB' (2 and 3).
    // Source: MS-SMB2 section 2.1 and 2.2.1 (read 2026-11).
    found = match(found, prefix, PROTOCOL_SMB, 0x00000000fe534d42, 0xff000000feffffff, 8);
    // TPKT version 3, then an X.224 connection request or confirm (high half of the code).
    // Source: MS-RDPBCGR section 2.2.1.1 and 2.2.1.2 (read 2026-11).
    found = match(found, prefix, PROTOCOL_RDP, 0x0300000000e00000, 0xffff000000f00000, 6);
    found = match(found, prefix, PROTOCOL_RDP, 0x0300000000d00000, 0xffff000000f00000, 6);
    // The methods of RFC 9110 and PATCH, and the preface of HTTP/2. A looser rule would take in
    // other line protocols, such as IRC.
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x47455420 /* "GET " */, 4);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x4845414420 /* "HEAD " */, 5);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x504f535420 /* "POST " */, 5);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x50555420 /* "PUT " */, 4);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x44454c45544520 /* "DELETE " */, 7);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x434f4e4e45435420 /* "CONNECT " */, 8);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x4f5054494f4e5320 /* "OPTIONS " */, 8);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x545241434520 /* "TRACE " */, 6);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x504154434820 /* "PATCH " */, 6);
    found = match_text(found, prefix, PROTOCOL_HTTP, 0x505249202a20 /* "PRI * " */, 6);
    return found;
}

// Takes what is missing of the first bytes from the segment.
static __always_inline void extend(struct prefix *prefix, struct segment *segment)
{
    for (uint64_t turn = 0; turn < PREFIX_BYTES_MAX; turn++)
    {
        const uint8_t *byte = segment_peek(segment, 1);
        if (prefix->length >= PREFIX_BYTES_MAX || !byte)
            break;
        prefix->bytes |= (uint64_t)*byte << ((56 - 8 * prefix->length) & 63);
        prefix->length++;
        segment_advance(segment, 1);
    }
}

static __always_inline int inspect(const ebpf_flow_classify_t *context, uint64_t flow_id)
{
    struct flow *flow = bpf_map_lookup_elem(&protocol_flows, &flow_id);
    uint32_t protocol = PROTOCOL_UNKNOWN;

    if (flow)
    {
        int is_inbound = context->direction == EBPF_FLOW_DIRECTION_INBOUND;
        struct prefix *kept = is_inbound ? &flow->inbound : &flow->outbound;
        struct prefix prefix = *kept;
        struct segment segment = segment_of(context);

        extend(&prefix, &segment);
        protocol = protocol_of(&prefix);
        if (protocol == PROTOCOL_UNDECIDED)
        {
            *kept = prefix;
            return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
        }
        bpf_map_delete_elem(&protocol_flows, &flow_id);
    }
    return count(protocol);
}

SEC("flow_classify")
int protocol_detect(ebpf_flow_classify_t *context)
{
    uint64_t flow_id = context->flow_id;

    if (context->state == EBPF_FLOW_STATE_NEW)
    {
        struct flow flow = {0};
        if (bpf_map_update_elem(&protocol_flows, &flow_id, &flow, BPF_ANY) != 0)
            return count(PROTOCOL_UNKNOWN);
        return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
    }
    if (context->state == EBPF_FLOW_STATE_ESTABLISHED)
        return inspect(context, flow_id);
    // The connection ended before it said enough.
    if (bpf_map_delete_elem(&protocol_flows, &flow_id) == 0)
        count(PROTOCOL_UNKNOWN);
    return EBPF_FLOW_CLASSIFY_ALLOW;
}
