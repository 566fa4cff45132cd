// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Asks for more data for ever, so that every segment of every connection is shown to it. It
// measures what inspection costs before a program does any work of its own.
#include "weir_flow_classify.h"

SEC("flow_classify")
int never_decides(ebpf_flow_classify_t *context)
{
    (void)context;
    return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
}
