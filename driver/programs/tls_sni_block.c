// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Blocks TLS connections by the server name in the ClientHello (RFC 8446 section 4.1.2, RFC 6066
// section 3). The hello may be cut at any byte into segments and records: the parser takes it item
// by item, keeps at most four bytes of an unfinished item as a number, and skips by count what it
// does not read. Whatever is not a well-formed hello with a server name is allowed.
#include "blocked_names.h"

// Flows that may be undecided at the same time; beyond that new ones are allowed unseen.
#define FLOWS_MAX 65536

// A larger hello is allowed. OpenSSL, the most generous server known, takes 131,396 bytes.
#define HELLO_BYTES_MAX 0x40000

// The most bytes of one record before encryption (RFC 8446 section 5.1).
#define RECORD_BYTES_MAX 16384

#define RECORD_HEADER_BYTES 5
#define RECORD_TYPE_HANDSHAKE 22
#define RECORD_VERSION_MAJOR 3
#define MESSAGE_TYPE_CLIENT_HELLO 1
#define EXTENSION_TYPE_SERVER_NAME 0
#define NAME_TYPE_HOST_NAME 0

// Version and random, between the message header and the session id.
#define HELLO_FIXED_BYTES 34

// Turns of the parser's loop for one segment: one turn takes an item with what is skipped before
// it, a record header, up to eight bytes of the name, or one byte of what is cut. A usual hello
// takes about 20. A segment that needs more than this (thousands of empty extensions, or of records
// of one byte) is no client's work, and is allowed.
#define TURNS_MAX 16384

// The parts of a hello that are read, in order. All else is skipped.
enum item
{
    ITEM_MESSAGE_HEADER,
    ITEM_SESSION_ID_LENGTH,
    ITEM_CIPHER_SUITES_LENGTH,
    ITEM_COMPRESSIONS_LENGTH,
    ITEM_EXTENSIONS_LENGTH,
    ITEM_EXTENSION_HEADER,
    ITEM_NAME_LIST_HEADER,
    ITEM_NAME_LENGTH,
    ITEM_NAME,
};

// Where the parser stands in the hello. It is worked on in the map, not in a copy: values that
// come from a map have no history, which keeps what a verifier must remember small.
struct progress
{
    uint64_t record_header; // The bytes of an unfinished record header, as a number.
    uint32_t record_header_bytes;
    uint32_t record_left; // Bytes of the present record still to come.
    uint32_t skip;        // Bytes of the hello before the present item.
    uint32_t left;        // Bytes after the present item, in the innermost field that holds it.
    uint32_t item;        // The present item, an enum item.
    uint32_t item_bytes;  // Its size.
    uint32_t value_bytes; // How many of these have come,
    uint32_t value;       // and what they are, as a number.
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
} tls_flows SEC(".maps");

// One entry that is never written: the state of a new flow is copied from it, because it is too
// large for the stack.
struct
{
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, uint32_t);
    __type(value, struct flow);
} tls_blank SEC(".maps");

// What a step of the parser says, besides an action (where NEED_MORE_DATA means that the segment
// is used up): to take the next step, or that the whole name is there.
#define GO_ON (-1)
#define NAME_COMPLETE (-2)

// Goes on to an item `skip` bytes further. Fails where the field ends before it.
static __always_inline int next_item(volatile struct progress *now, uint32_t item,
                                     uint32_t item_bytes, uint32_t skip)
{
    if (skip > now->left || item_bytes > now->left - skip)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    now->left -= skip + item_bytes;
    now->skip = skip;
    now->item = item;
    now->item_bytes = item_bytes;
    now->value = 0;
    now->value_bytes = 0;
    return GO_ON;
}

// Narrows the field that items must fit in.
static __always_inline int enter_field(volatile struct progress *now, uint32_t bytes)
{
    if (bytes > now->left)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    now->left = bytes;
    return GO_ON;
}

static __always_inline int use_extension_header(volatile struct progress *now)
{
    uint32_t type = now->value >> 16;
    uint32_t length = now->value & 0xffff;

    if (type != EXTENSION_TYPE_SERVER_NAME)
        return next_item(now, ITEM_EXTENSION_HEADER, 4, length);
    if (enter_field(now, length) != GO_ON)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    return next_item(now, ITEM_NAME_LIST_HEADER, 3, 0);
}

static __always_inline int use_name_list_header(volatile struct progress *now)
{
    uint32_t list_bytes = now->value >> 8;
    uint32_t name_type = now->value & 0xff;

    // No other type of name was ever defined, and the length of an unknown one is not known.
    if (name_type != NAME_TYPE_HOST_NAME || list_bytes == 0)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    if (enter_field(now, list_bytes - 1) != GO_ON)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    return next_item(now, ITEM_NAME_LENGTH, 2, 0);
}

static __always_inline int use_message_header(volatile struct progress *now)
{
    now->left = now->value & 0xffffff;
    if (now->value >> 24 != MESSAGE_TYPE_CLIENT_HELLO || now->left > HELLO_BYTES_MAX)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    return next_item(now, ITEM_SESSION_ID_LENGTH, 1, HELLO_FIXED_BYTES);
}

// Draws the conclusion from a complete item: which one comes next, and where.
static __always_inline int use_item(volatile struct progress *now)
{
    uint32_t value = now->value;

    if (now->item == ITEM_EXTENSION_HEADER)
        return use_extension_header(now);
    switch (now->item)
    {
    case ITEM_MESSAGE_HEADER:
        return use_message_header(now);
    case ITEM_SESSION_ID_LENGTH:
        return next_item(now, ITEM_CIPHER_SUITES_LENGTH, 2, value);
    case ITEM_CIPHER_SUITES_LENGTH:
        return next_item(now, ITEM_COMPRESSIONS_LENGTH, 1, value);
    case ITEM_COMPRESSIONS_LENGTH:
        return next_item(now, ITEM_EXTENSIONS_LENGTH, 2, value);
    case ITEM_EXTENSIONS_LENGTH:
        if (enter_field(now, value) != GO_ON)
            return EBPF_FLOW_CLASSIFY_ALLOW;
        return next_item(now, ITEM_EXTENSION_HEADER, 4, 0);
    case ITEM_NAME_LIST_HEADER:
        return use_name_list_header(now);
    case ITEM_NAME_LENGTH:
        if (value == 0 || value > NAME_WITH_DOT_BYTES_MAX)
            return EBPF_FLOW_CLASSIFY_ALLOW;
        return next_item(now, ITEM_NAME, value, 0);
    default:
        return EBPF_FLOW_CLASSIFY_ALLOW;
    }
}

// Begins a record of the given length.
static __always_inline int enter_record(volatile struct progress *now, uint32_t bytes)
{
    now->record_left = bytes;
    now->record_header = 0;
    now->record_header_bytes = 0;
    return bytes == 0 || bytes > RECORD_BYTES_MAX ? EBPF_FLOW_CLASSIFY_ALLOW : GO_ON;
}

// Reads a record header where the segment holds it whole, otherwise one byte of it.
static __always_inline int read_record_header(volatile struct progress *now,
                                              struct segment *segment)
{
    const uint8_t *bytes = segment_peek(segment, RECORD_HEADER_BYTES);
    uint32_t header_bytes = now->record_header_bytes;

    if (bytes && header_bytes == 0)
    {
        if (bytes[0] != RECORD_TYPE_HANDSHAKE || bytes[1] != RECORD_VERSION_MAJOR)
            return EBPF_FLOW_CLASSIFY_ALLOW;
        segment_advance(segment, RECORD_HEADER_BYTES);
        return enter_record(now, (uint32_t)bytes[3] << 8 | bytes[4]);
    }
    bytes = segment_peek(segment, 1);
    if (!bytes)
        return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
    // The first two bytes tell other protocols, which need not be kept waiting for five.
    if (header_bytes == 0 && bytes[0] != RECORD_TYPE_HANDSHAKE)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    if (header_bytes == 1 && bytes[0] != RECORD_VERSION_MAJOR)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    segment_advance(segment, 1);
    now->record_header = now->record_header << 8 | bytes[0];
    now->record_header_bytes = header_bytes + 1;
    if (header_bytes + 1 < RECORD_HEADER_BYTES)
        return GO_ON;
    return enter_record(now, now->record_header & 0xffff);
}

static __always_inline uint32_t four_bytes(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// Goes from the present extension header over extensions of no interest, as long as they and the
// next header lie in record and segment: a shortcut, at a third of the price of a turn for each.
static __always_inline void hop_extensions(volatile struct progress *now, struct segment *segment)
{
    uint32_t value = now->value;
    uint32_t left = now->left;
    uint32_t record_left = now->record_left;
    uint64_t at = segment->at;

#pragma clang loop unroll(full)
    for (int hop = 0; hop < 4; hop++)
    {
        uint32_t bytes = (value & 0xffff) + 4;
        if (value >> 16 == EXTENSION_TYPE_SERVER_NAME || bytes > left || bytes > record_left ||
            at + bytes > segment->length)
            break;
        const uint8_t *header = segment_peek_at(segment, at + bytes - 4, 4);
        if (!header)
            break;
        value = four_bytes(header);
        left -= bytes;
        record_left -= bytes;
        at += bytes;
    }
    now->value = value;
    now->left = left;
    now->record_left = record_left;
    segment->at = at & 0xffff;
}

// Reads the present item where the record and the segment hold it whole, otherwise one byte of it;
// then uses it if it is complete.
static __always_inline int read_item(volatile struct progress *now, struct segment *segment)
{
    const uint8_t *bytes = segment_peek(segment, 4);
    uint32_t item_bytes = now->item_bytes;
    uint32_t value_bytes = now->value_bytes;

    if (bytes && value_bytes == 0 && now->record_left >= item_bytes)
    {
        now->value = four_bytes(bytes) >> ((32 - 8 * item_bytes) & 31);
        segment_advance(segment, item_bytes);
        now->record_left -= item_bytes;
        if (now->item == ITEM_EXTENSION_HEADER)
            hop_extensions(now, segment);
        return use_item(now);
    }
    bytes = segment_peek(segment, 1);
    if (!bytes)
        return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
    now->value = now->value << 8 | *bytes;
    segment_advance(segment, 1);
    now->record_left--;
    now->value_bytes = value_bytes + 1;
    return value_bytes + 1 < item_bytes ? GO_ON : use_item(now);
}

// Passes over what lies before the present item, as far as record and segment hold it.
static __always_inline void skip_bytes(volatile struct progress *now, struct segment *segment)
{
    uint64_t bytes = now->skip;

    if (bytes > now->record_left)
        bytes = now->record_left;
    if (bytes > segment->length - segment->at)
        bytes = segment->length - segment->at;
    segment_advance(segment, bytes);
    now->skip -= bytes;
    now->record_left -= bytes;
}

// How many bytes of the name are taken at a time where that many are there.
#define NAME_STRIDE 8

// Collects the next bytes of the name, or the next one.
static __always_inline int read_name(volatile struct progress *now, struct segment *segment,
                                     struct host_name *name)
{
    uint32_t position = now->value_bytes;
    uint32_t name_bytes = now->item_bytes;
    const uint8_t *bytes = segment_peek(segment, NAME_STRIDE);
    uint32_t taken = NAME_STRIDE;
    int is_text = 1;

    if (bytes && now->record_left >= NAME_STRIDE && name_bytes - position >= NAME_STRIDE)
    {
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < NAME_STRIDE; i++)
            is_text &= host_name_put(name, position + i, bytes[i]);
    }
    else
    {
        bytes = segment_peek(segment, 1);
        if (!bytes)
            return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
        taken = 1;
        is_text = host_name_put(name, position, bytes[0]);
    }
    if (!is_text)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    segment_advance(segment, taken);
    now->record_left -= taken;
    now->value_bytes = position + taken;
    return position + taken < name_bytes ? GO_ON : NAME_COMPLETE;
}

// One turn of the parser, in which it takes something from the segment or says that it is used up.
static __always_inline int read_next(volatile struct progress *now, struct segment *segment,
                                     struct host_name *name)
{
    if (now->record_left == 0)
        return read_record_header(now, segment);
    if (now->item == ITEM_NAME)
        return read_name(now, segment, name);
    skip_bytes(now, segment);
    if (now->record_left == 0)
        return GO_ON;
    if (now->skip != 0)
        return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
    return read_item(now, segment);
}

// There is one loop and none within it, which is what a verifier can follow at a bearable price.
static __always_inline int read_segment(volatile struct progress *now, struct segment *segment,
                                        struct host_name *name)
{
    int step = GO_ON;

    for (uint64_t turn = 0; turn < TURNS_MAX; NEXT_TURN(turn))
    {
        HIDE_FROM_OPTIMISER(turn);
        step = read_next(now, segment, name);
        if (step != GO_ON)
            break;
    }
    if (step == NAME_COMPLETE)
        return host_name_is_blocked(name, now->item_bytes) ? EBPF_FLOW_CLASSIFY_BLOCK
                                                           : EBPF_FLOW_CLASSIFY_ALLOW;
    return step == GO_ON ? EBPF_FLOW_CLASSIFY_ALLOW : step;
}

static __always_inline int start_flow(const ebpf_flow_classify_t *context)
{
    uint64_t flow_id = context->flow_id;
    uint32_t only = 0;
    struct flow *blank = bpf_map_lookup_elem(&tls_blank, &only);

    if (!blank || bpf_map_update_elem(&tls_flows, &flow_id, blank, BPF_ANY) != 0)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    struct flow *flow = bpf_map_lookup_elem(&tls_flows, &flow_id);
    if (!flow)
        return EBPF_FLOW_CLASSIFY_ALLOW;
    flow->initiator_direction = context->direction;
    flow->progress.item = ITEM_MESSAGE_HEADER;
    flow->progress.item_bytes = 4;
    return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
}

SEC("flow_classify")
int tls_sni_block(ebpf_flow_classify_t *context)
{
    uint64_t flow_id = context->flow_id;

    if (context->state == EBPF_FLOW_STATE_NEW)
        return start_flow(context);
    if (context->state == EBPF_FLOW_STATE_ESTABLISHED)
    {
        struct flow *flow = bpf_map_lookup_elem(&tls_flows, &flow_id);
        if (!flow)
            return EBPF_FLOW_CLASSIFY_ALLOW;
        // The hello comes from the side that connects.
        if (flow->initiator_direction != context->direction)
            return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
        struct segment segment = segment_of(context);
        int action = read_segment(&flow->progress, &segment, &flow->name);
        if (action != EBPF_FLOW_CLASSIFY_NEED_MORE_DATA)
            bpf_map_delete_elem(&tls_flows, &flow_id);
        return action;
    }
    bpf_map_delete_elem(&tls_flows, &flow_id);
    return EBPF_FLOW_CLASSIFY_ALLOW;
}
