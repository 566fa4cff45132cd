//! Where C's name of something is not the one that `driver/nt` has for it, and what has none.

/// What the headers call a constant of `driver/nt`; more than one name where several things have
/// the same number there.
pub(crate) fn of_constant(name: &str) -> Vec<String> {
    const FIELDS: &str = "FWPS_FIELD_ALE_FLOW_ESTABLISHED_";
    if let Some(field) = name.strip_prefix(FIELDS) {
        return ["V4_", "V6_"].map(|version| format!("{FIELDS}{version}{field}")).into();
    }
    let other = match name {
        "DATA_PAYLOAD" => "EVENT_DATA_DESCRIPTOR_TYPE_NONE",
        "DATA_EVENT_METADATA" => "EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA",
        "DATA_PROVIDER_METADATA" => "EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA",
        "INFORMATION_TRAITS" => "EventProviderSetTraits",
        "DELAYED_WORK_QUEUE" => "DelayedWorkQueue",
        "PROCESSOR_MODE_KERNEL" => "KernelMode",
        "KTIMER_SYNCHRONIZATION" => "SynchronizationTimer",
        "KEY_VALUE_PARTIAL_INFORMATION_CLASS" => "KeyValuePartialInformation",
        "BPF_PROG_TYPE_FLOW_CLASSIFY"
        | "BPF_ATTACH_TYPE_FLOW_CLASSIFY"
        | "EBPF_CURRENT_VERSION"
        | "BPF_FUNC_GET_CURRENT_PID_TGID"
        // Numbers of Weir's own, a version that each structure names for itself, a header that is
        // for programs.
        => return Vec::new(),
        // evntrace.h, which is for user mode.
        "CONTROL_CODE_DISABLE" | "CONTROL_CODE_ENABLE" | "CONTROL_CODE_CAPTURE_STATE" => {
            return Vec::new();
        }
        same => same,
    };
    vec![other.to_owned()]
}

/// Functions that are not compared.
pub(crate) const NOT_COMPARED: [&str; 1] = [
    // Does not return: a type that Rust cannot ask for its size.
    "KeBugCheckEx",
];

/// Function types of `driver/nt` and what the headers call them.
pub(crate) const CALLBACKS: [(&str, &str); 17] = [
    ("fwps_types::ClassifyFn1", "FWPS_CALLOUT_CLASSIFY_FN1"),
    ("fwps_types::NotifyFn1", "FWPS_CALLOUT_NOTIFY_FN1"),
    ("fwps_types::FlowDeleteFn0", "FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0"),
    ("fwpm::ServiceStateChangeFn0", "FWPM_SERVICE_STATE_CHANGE_CALLBACK0"),
    ("etw::EnableCallbackFn", "PETWENABLECALLBACK"),
    ("io::IoWorkItemRoutine", "PIO_WORKITEM_ROUTINE"),
    ("ke::KdeferredRoutine", "PKDEFERRED_ROUTINE"),
    ("ke::ExpandStackCallout", "PEXPAND_STACK_CALLOUT"),
    ("ebpf::ProgramInvokeFn", "ebpf_program_invoke_function_t"),
    ("ebpf::ProgramBatchBeginInvokeFn", "ebpf_program_batch_begin_invoke_function_t"),
    ("ebpf::ProgramBatchInvokeFn", "ebpf_program_batch_invoke_function_t"),
    ("ebpf::ProgramBatchEndInvokeFn", "ebpf_program_batch_end_invoke_function_t"),
    ("ebpf::ProgramContextCreateFn", "ebpf_program_context_create_t"),
    ("ebpf::ProgramContextDestroyFn", "ebpf_program_context_destroy_t"),
    ("nmr::ProviderAttachClientFn", "PNPI_PROVIDER_ATTACH_CLIENT_FN"),
    ("nmr::ProviderDetachClientFn", "PNPI_PROVIDER_DETACH_CLIENT_FN"),
    ("nmr::ProviderCleanupBindingContextFn", "PNPI_PROVIDER_CLEANUP_BINDING_CONTEXT_FN"),
];
