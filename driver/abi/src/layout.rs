//! Every C-visible structure with its size and offsets, as the compiler laid it out.

use crate::attach::AttachParameters;
use crate::context::FlowClassify;
use core::mem::{align_of, offset_of, size_of};

/// One structure.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// C name.
    pub name: &'static str,
    /// `sizeof`.
    pub size: usize,
    /// `_Alignof`.
    pub align: usize,
    /// False where C's structure goes on after the fields listed and nobody looks there; `size`
    /// is then that of this beginning.
    pub is_whole: bool,
    /// C field names and offsets.
    pub fields: &'static [(&'static str, usize)],
}

/// All structures that C code compiles against.
///
/// A member of an anonymous union is listed under each of its C names.
pub const LAYOUTS: &[Layout] = &[FLOW_CLASSIFY, ATTACH_PARAMETERS];

/// What a program is given: `driver/include/weir_flow_classify.h`.
const FLOW_CLASSIFY: Layout = Layout {
    name: "ebpf_flow_classify_t",
    size: size_of::<FlowClassify>(),
    align: align_of::<FlowClassify>(),
    is_whole: true,
    fields: &[
        ("family", offset_of!(FlowClassify, family)),
        ("local_ip4", offset_of!(FlowClassify, local_ip)),
        ("local_ip6", offset_of!(FlowClassify, local_ip)),
        ("local_port", offset_of!(FlowClassify, local_port)),
        ("remote_ip4", offset_of!(FlowClassify, remote_ip)),
        ("remote_ip6", offset_of!(FlowClassify, remote_ip)),
        ("remote_port", offset_of!(FlowClassify, remote_port)),
        ("protocol", offset_of!(FlowClassify, protocol)),
        ("compartment_id", offset_of!(FlowClassify, compartment_id)),
        ("interface_luid", offset_of!(FlowClassify, interface_luid)),
        ("direction", offset_of!(FlowClassify, direction)),
        ("flow_id", offset_of!(FlowClassify, flow_id)),
        ("state", offset_of!(FlowClassify, state)),
        ("data_start", offset_of!(FlowClassify, data_start)),
        ("data_end", offset_of!(FlowClassify, data_end)),
    ],
};

/// What a program is attached with: `driver/include/weir_attach.h`.
const ATTACH_PARAMETERS: Layout = Layout {
    name: "weir_attach_parameters_t",
    size: size_of::<AttachParameters>(),
    align: align_of::<AttachParameters>(),
    is_whole: true,
    fields: &[
        ("version", offset_of!(AttachParameters, version)),
        ("size", offset_of!(AttachParameters, size)),
        ("compartment_id", offset_of!(AttachParameters, compartment_id)),
        ("label", offset_of!(AttachParameters, label)),
    ],
};
