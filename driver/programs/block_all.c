// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Blocks every connection as soon as it is established. WFP cannot enforce that before data flows,
// so this program also shows that a block is remembered until the first segment.
#include "weir_flow_classify.h"

SEC("flow_classify")
int block_all(ebpf_flow_classify_t *context)
{
    (void)context;
    return EBPF_FLOW_CLASSIFY_BLOCK;
}
