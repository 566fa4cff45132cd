// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Allows every connection as soon as it is established. It measures what an attached program costs
// when it inspects nothing, and is the smallest program there can be.
#include "weir_flow_classify.h"

SEC("flow_classify")
int allow_all(ebpf_flow_classify_t *context)
{
    (void)context;
    return EBPF_FLOW_CLASSIFY_ALLOW;
}
