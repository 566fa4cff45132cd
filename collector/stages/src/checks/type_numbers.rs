//! Types that bpftool prints as numbers, because whoever asks has no store that names them.
//!
//! Source: microsoft/ebpf-for-windows, `include/ebpf_structs.h`, `bpf_prog_type`, `bpf_attach_type`
//! (read 2026-11); Weir's own are in `weir_abi::program_type`

use super::facts::{AttachedLink, ListedProgram};

const ATTACH_TYPES: [(&str, &str); 16] = [
    ("0", "unspec"),
    ("1", "xdp"),
    ("2", "bind"),
    ("3", "cgroup/connect4"),
    ("4", "cgroup/connect6"),
    ("5", "cgroup/recv_accept4"),
    ("6", "cgroup/recv_accept6"),
    ("7", "cgroup/sock_ops"),
    ("12", "cgroup/connect_authorization4"),
    ("13", "cgroup/connect_authorization6"),
    ("14", "cgroup/bind4"),
    ("15", "cgroup/bind6"),
    ("16", "cgroup/listen4"),
    ("17", "cgroup/listen6"),
    ("18", "flow_classify"),
    ("", "unspec"),
];

const PROGRAM_TYPES: [(&str, &str); 6] = [
    ("0", "unspec"),
    ("1", "xdp"),
    ("2", "bind"),
    ("3", "sock_addr"),
    ("4", "sockops"),
    ("7", "flow_classify"),
];

fn named(table: &[(&'static str, &'static str)], text: &str) -> Option<String> {
    table.iter().find(|(number, _)| *number == text).map(|(_, name)| (*name).to_owned())
}

/// Gives a link's attach type its name.
pub(super) fn name_link(mut link: AttachedLink) -> AttachedLink {
    let name = link.attach_type.as_deref().and_then(|it| named(&ATTACH_TYPES, it));
    link.attach_type = name.or(link.attach_type);
    link
}

/// Gives a program's type its name.
pub(super) fn name_program(mut program: ListedProgram) -> ListedProgram {
    if let Some(name) = named(&PROGRAM_TYPES, &program.kind) {
        program.kind = name;
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_abi::identifiers::SECTION_PREFIX;
    use weir_abi::program_type::{BPF_ATTACH_TYPE, BPF_PROGRAM_TYPE};

    #[test]
    fn numbers_of_weirs_types_are_those_that_its_driver_registers() {
        let attach_type = named(&ATTACH_TYPES, &BPF_ATTACH_TYPE.to_string());
        assert_eq!(attach_type.as_deref(), Some(SECTION_PREFIX));
        let program_type = named(&PROGRAM_TYPES, &BPF_PROGRAM_TYPE.to_string());
        assert_eq!(program_type.as_deref(), Some(SECTION_PREFIX));
        assert_eq!(named(&ATTACH_TYPES, "999"), None);
    }
}
