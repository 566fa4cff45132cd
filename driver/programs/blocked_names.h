// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The list of blocked host names, and the question whether a name is on it. Programs that find a
// host name in a connection (TLS, HTTP) share this file, so that they agree on what a match is:
// the name equals an entry or ends in a dot and an entry. Letter case and one final dot of the
// name do not count.
#ifndef BLOCKED_NAMES_H
#define BLOCKED_NAMES_H

#include "segment.h"

// The longest DNS name in text form without its final dot, and the same with it.
#define NAME_BYTES_MAX 253
#define NAME_WITH_DOT_BYTES_MAX 254

// A key is an entry in lower case, without a final dot, filled up with zero bytes. Entries longer
// than that cannot be listed; a longer name can still match an entry that it ends in.
#define NAME_KEY_BYTES 128

struct blocked_name
{
    uint8_t bytes[NAME_KEY_BYTES];
};

struct
{
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct blocked_name);
    __type(value, uint32_t); // Free for the user; only the presence of the key counts.
} blocked_names SEC(".maps");

// A host name while it is being collected. What follows the name is always zero, and there are at
// least NAME_KEY_BYTES of it: so every place in the name is already a well-formed key, and no copy
// is made to look a suffix up.
struct host_name
{
    uint8_t bytes[NAME_WITH_DOT_BYTES_MAX + 2 + NAME_KEY_BYTES];
} __attribute__((aligned(8)));

// The mask for a position in the part that collected bytes go to.
#define NAME_POSITION_MASK 0xff

// Appends one byte in lower case at `position` (below NAME_WITH_DOT_BYTES_MAX). Returns 0 for the
// zero byte, which no name contains and which padding could not be told from.
static __always_inline int host_name_put(struct host_name *name, uint64_t position, uint8_t byte)
{
    if ((uint8_t)(byte - 'A') < 26)
        byte |= 0x20;
    name->bytes[position & NAME_POSITION_MASK] = byte;
    return byte != 0;
}

// Makes room for another name. All of it is cleared at once, without a loop.
static __always_inline void host_name_clear(struct host_name *name)
{
    __builtin_memset(name->bytes, 0, NAME_WITH_DOT_BYTES_MAX + 2);
}

// Whether the collected name is blocked: one lookup for the name and one for each dot in it.
static __always_inline int host_name_is_blocked(struct host_name *name, uint64_t length)
{
    if (length == 0 || length > NAME_WITH_DOT_BYTES_MAX)
        return 0;
    if (name->bytes[(length - 1) & NAME_POSITION_MASK] == '.')
    {
        length--;
        name->bytes[length & NAME_POSITION_MASK] = 0;
    }
    if (length == 0 || length > NAME_BYTES_MAX)
        return 0;

    // A suffix longer than a key equals no entry. The loop is unrolled, because a verifier that
    // counts turns cannot bound one with a call in it.
    uint64_t at = length > NAME_KEY_BYTES ? length - NAME_KEY_BYTES : 0;
#pragma clang loop unroll_count(128)
    for (uint64_t turn = 0; turn < NAME_KEY_BYTES; turn++, at++)
    {
        if (at >= length)
            return 0;
        if (at != 0 && name->bytes[(at - 1) & NAME_POSITION_MASK] != '.')
            continue;
        if (bpf_map_lookup_elem(&blocked_names, &name->bytes[at & NAME_POSITION_MASK]))
            return 1;
    }
    return 0;
}

#endif // BLOCKED_NAMES_H
