// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Blocks HTTP/1.x connections by the host of their first request: the host of the request target
// where the target is in absolute form, otherwise the first Host header (RFC 9112 section 3.2).
// The head may be cut at any byte into segments; the parser is a state machine over bytes and
// keeps nothing but its state and the host. Whatever is not a request, or does not name its host
// within 16 KiB, is allowed.
#include "blocked_names.h"

// Flows that may be undecided at the same time; beyond that new ones are allowed unseen.
#define FLOWS_MAX 65536

// A larger head is allowed. Common servers accept 8 to 16 KiB.
#define HEAD_BYTES_MAX 16384

#define METHOD_BYTES_MAX 20

// What the next byte belongs to.
enum place
{
    PLACE_METHOD,
    PLACE_TARGET_START,
    PLACE_TARGET_SCHEME,
    PLACE_TARGET_COLON,     // Behind "scheme:".
    PLACE_TARGET_SLASH,     // Behind "scheme:/".
    PLACE_TARGET_HOST,      // Behind "scheme://" or the user information.
    PLACE_TARGET_LITERAL,   // Within "[...]".
    PLACE_TARGET_PORT,      // Behind the host.
    PLACE_REST_OF_LINE,
    PLACE_HEADER_NAME,
    PLACE_HOST_START,       // Behind "Host:".
    PLACE_HOST,
    PLACE_HOST_LITERAL,     // Within "[...]".
};

// Where the parser stands in the head.
struct progress
{
    uint32_t place;       // An enum place.
    uint32_t matched;     // Bytes of the method, or of a header name that may be "host".
    uint32_t name_bytes;  // Bytes of the host collected so far.
    uint32_t head_bytes;  // Bytes of the head in earlier segments.
};

struct flow
{
    uint32_t initiator_direction; // The direction of segments from the side that connects.
    uint32_t reserved;
    struct progress progress;
    struct host_name name;
};

struct
{
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, FLOWS_MAX);
    __type(key, uint64_t); // flow_id
    __type(value, struct flow);
} http_flows SEC(".maps");

// One entry that is never written: the state of a new flow is copied from it, because it is too
// large for the stack.
struct
{
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, uint32_t);
    __type(value, struct flow);
} http_blank SEC(".maps");

// What a byte leads to, besides an action: the next byte, or the end of the host.
#define GO_ON (-1)
#define HOST_COMPLETE (-2)

static __always_inline int go_to(struct progress *now, uint32_t place)
{
    now->place = place;
    now->matched = 0;
    return GO_ON;
}

static __always_inline int collect(struct progress *now, struct host_name *name, uint8_t byte)
{
    if (now->name_bytes >= NAME_WITH_DOT_BYTES_MAX || !host_name_put(name, now->name_bytes, byte))
        return EBPF_FLOW_CLASSIFY_ALLOW;
    now->name_bytes++;
    return GO_ON;
}

// Forgets what was collected, because it turned out to be user information.
static __always_inline int restart_host(struct progress *now, struct host_name *name)
{
    if (now->name_bytes != 0)
        host_name_clear(name);
    now->name_bytes = 0;
    return go_to(now, PLACE_TARGET_HOST);
}

static __always_inline int in_method(struct progress *now, uint8_t byte)
{
    if (byte == ' ' && now->matched != 0)
        return go_to(now, PLACE_TARGET_START);
    if (((uint8_t)(byte - 'A') >= 26 && byte != '-') || now->matched >= METHOD_BYTES_MAX)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    now->matched++;
    return GO_ON;
}

// Looks for "scheme://". A target that does not begin so is a path, "*" or "host:port"; the Host
// header says the host of those.
static __always_inline int in_target_start(struct progress *now, uint8_t byte)
{
    uint8_t lower = byte | 0x20;
    int is_letter = (uint8_t)(lower - 'a') < 26;
    int is_scheme = is_letter || (uint8_t)(byte - '0') < 10 || byte == '+' || byte == '-' ||
                    byte == '.';

    if (now->place == PLACE_TARGET_START && is_letter)
        return go_to(now, PLACE_TARGET_SCHEME);
    if (now->place == PLACE_TARGET_SCHEME && is_scheme)
        return GO_ON;
    if (now->place == PLACE_TARGET_SCHEME && byte == ':')
        return go_to(now, PLACE_TARGET_COLON);
    if (now->place == PLACE_TARGET_COLON && byte == '/')
        return go_to(now, PLACE_TARGET_SLASH);
    if (now->place == PLACE_TARGET_SLASH && byte == '/')
        return go_to(now, PLACE_TARGET_HOST);
    return go_to(now, byte == '\n' ? PLACE_HEADER_NAME : PLACE_REST_OF_LINE);
}

// Takes "user@host:port" up to what follows it. User information may hold a colon, so the end of
// the host is known only at the end of all that.
static __always_inline int in_target_host(struct progress *now, struct host_name *name,
                                          uint8_t byte)
{
    int is_end = byte == '/' || byte == '?' || byte == '#' || byte == ' ' || byte == '\t' ||
                 byte == '\r' || byte == '\n';

    if (is_end && now->name_bytes != 0)
        return HOST_COMPLETE;
    if (is_end) // No host at all: the Host header says it.
        return go_to(now, byte == '\n' ? PLACE_HEADER_NAME : PLACE_REST_OF_LINE);
    if (byte == '@')
        return restart_host(now, name);
    if (now->place == PLACE_TARGET_PORT)
        return GO_ON;
    if (now->place == PLACE_TARGET_LITERAL && byte == ']')
        return go_to(now, PLACE_TARGET_PORT);
    if (now->place == PLACE_TARGET_HOST && byte == ':')
        return go_to(now, PLACE_TARGET_PORT);
    if (now->place == PLACE_TARGET_HOST && byte == '[' && now->name_bytes == 0)
        return go_to(now, PLACE_TARGET_LITERAL);
    return collect(now, name, byte);
}

static __always_inline int in_header_name(struct progress *now, uint8_t byte)
{
    // "host" with the last letter in the lowest byte, so that `matched` selects one by a shift.
    const uint32_t host = 0x686f7374;

    if (now->matched == 4 && byte == ':')
        return go_to(now, PLACE_HOST_START);
    if (now->matched == 0 && (byte == '\r' || byte == '\n'))
        return EBPF_FLOW_CLASSIFY_ALLOW; // The head ends without a host.
    if (byte == '\n')
        return go_to(now, PLACE_HEADER_NAME);
    if (now->matched < 4 && (byte | 0x20) == (uint8_t)(host >> (24 - 8 * now->matched)))
    {
        now->matched++;
        return GO_ON;
    }
    return go_to(now, PLACE_REST_OF_LINE);
}

static __always_inline int in_host(struct progress *now, struct host_name *name, uint8_t byte)
{
    int is_blank = byte == ' ' || byte == '\t';

    if (now->place == PLACE_HOST_START && is_blank)
        return GO_ON;
    if (is_blank || byte == '\r' || byte == '\n')
        return HOST_COMPLETE;
    if (now->place == PLACE_HOST_START && byte == '[')
        return go_to(now, PLACE_HOST_LITERAL);
    if (byte == (now->place == PLACE_HOST_LITERAL ? ']' : ':'))
        return HOST_COMPLETE;
    if (now->place == PLACE_HOST_START)
        now->place = PLACE_HOST;
    return collect(now, name, byte);
}

static __always_inline int read_byte(struct progress *now, struct host_name *name, uint8_t byte)
{
    uint32_t place = now->place;

    // Most bytes of a head are passed over.
    if (place == PLACE_REST_OF_LINE)
        return byte == '\n' ? go_to(now, PLACE_HEADER_NAME) : GO_ON;
    if (place == PLACE_HEADER_NAME)
        return in_header_name(now, byte);
    if (place == PLACE_METHOD)
        return in_method(now, byte);
    if (place <= PLACE_TARGET_SLASH)
        return in_target_start(now, byte);
    if (place <= PLACE_TARGET_PORT)
        return in_target_host(now, name, byte);
    return in_host(now, name, byte);
}

static __always_inline int read_segment(struct progress *now, struct segment *segment,
                                        struct host_name *name)
{
    int step = GO_ON;

    for (uint64_t turn = 0; turn < HEAD_BYTES_MAX; turn++)
    {
        HIDE_FROM_OPTIMISER(turn);
        if (now->head_bytes + segment->at >= HEAD_BYTES_MAX)
            return EBPF_FLOW_CLASSIFY_ALLOW;
        const uint8_t *byte = segment_peek(segment, 1);
        if (!byte)
            break;
        segment_advance(segment, 1);
        step = read_byte(now, name, *byte);
        if (step != GO_ON)
            break;
    }
    if (step == HOST_COMPLETE)
        return host_name_is_blocked(name, now->name_bytes) ? EBPF_FLOW_CLASSIFY_BLOCK
                                                           : EBPF_FLOW_CLASSIFY_ALLOW;
    if (step != GO_ON)
        return step;
    now->head_bytes += segment->at;
    return now->head_bytes >= HEAD_BYTES_MAX ? EBPF_FLOW_CLASSIFY_ALLOW
                                             : EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
}

static __always_inline int start_flow(const ebpf_flow_classify_t *context)
{
    uint64_t flow_id = context->flow_id;
    uint32_t only = 0;
    struct flow *blank = bpf_map_lookup_elem(&http_blank, &only);

    if (!blank || bpf_map_update_elem(&http_flows, &flow_id, blank, BPF_ANY) != 0)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    struct flow *flow = bpf_map_lookup_elem(&http_flows, &flow_id);
    if (!flow)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    flow->initiator_direction = context->direction;
    return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
}

SEC("flow_classify")
int http_host_block(ebpf_flow_classify_t *context)
{
    uint64_t flow_id = context->flow_id;

    if (context->state == EBPF_FLOW_STATE_NEW)
        return start_flow(context);
    if (context->state == EBPF_FLOW_STATE_ESTABLISHED)
    {
        struct flow *flow = bpf_map_lookup_elem(&http_flows, &flow_id);
        if (!flow)
            return EBPF_FLOW_CLASSIFY_ALLOW;
        // The request comes from the side that connects.
        if (flow->initiator_direction != context->direction)
            return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
        struct segment segment = segment_of(context);
        struct progress now = flow->progress;
        int action = read_segment(&now, &segment, &flow->name);
        if (action == EBPF_FLOW_CLASSIFY_NEED_MORE_DATA)
        {
            flow->progress = now;
            return action;
        }
        bpf_map_delete_elem(&http_flows, &flow_id);
        return action;
    }
    bpf_map_delete_elem(&http_flows, &flow_id);
    return EBPF_FLOW_CLASSIFY_ALLOW;
}
