// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Does what the contract forbids: writes to the segment that it is shown, then allows the
// connection. The object beside this file is made from here, in this folder, by
//
//   clang-19 -target bpf -O2 -I ../../../../../driver/include -c writes_segment.c -o writes_segment.o
#include "weir_flow_classify.h"

SEC("flow_classify")
int writes_segment(ebpf_flow_classify_t *context)
{
    if (context->state != EBPF_FLOW_STATE_ESTABLISHED || context->data_start >= context->data_end) {
        return EBPF_FLOW_CLASSIFY_NEED_MORE_DATA;
    }
    *(volatile uint8_t *)context->data_start = 0xff;
    return EBPF_FLOW_CLASSIFY_ALLOW;
}
