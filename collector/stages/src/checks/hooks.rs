//! What eBPF for Windows makes in the filtering engine for each hook.
//!
//! Source: microsoft/ebpf-for-windows, `netebpfext/net_ebpf_ext.{c,h}`,
//! `net_ebpf_ext_{bind,sock_addr,sock_ops}.{c,h}`, `net_ebpf_ext_program_info.h`;
//! docs/TroubleshootingGuide.md (read 2026-11)

use weir_abi::identifiers::Guid;

/// `EBPF_WFP_PROVIDER`; earlier releases gave their objects none.
pub(super) const PROVIDER: Guid =
    guid(0xddb8_51f5, 0x841a, 0x4b77, [0x8a, 0x46, 0xbb, 0x70, 0x63, 0xe9, 0xf1, 0x62]);

/// Sublayers, with their names.
pub(super) const SUBLAYERS: [(Guid, &str); 3] = [
    (DEFAULT, "EBPF Sub-Layer"),
    (CONNECT_V4, "EBPF CGroup Connect V4 Sub-Layer"),
    (CONNECT_V6, "EBPF CGroup Connect V6 Sub-Layer"),
];

const DEFAULT: Guid =
    guid(0x7c7b_3fb9, 0x3331, 0x436a, [0x98, 0xe1, 0xb9, 0x01, 0xdf, 0x45, 0x7f, 0xff]);
const CONNECT_V4: Guid = of_family(0x9884_9e12);
const CONNECT_V6: Guid = of_family(0x9884_9e13);

/// A callout, and the layer that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HookCallout {
    pub(super) key: Guid,
    pub(super) layer: &'static str,
}

/// A filter that a hook makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HookFilter {
    pub(super) callout: &'static HookCallout,
    pub(super) sublayer: Guid,
}

/// A hook.
#[derive(Debug)]
pub(super) struct Hook {
    /// Attach type, as bpftool prints it.
    pub(super) attach_type: &'static str,
    /// Program type, as bpftool prints it.
    pub(super) program_type: &'static str,
    /// What it makes while a program is attached.
    pub(super) filters: &'static [HookFilter],
}

const fn guid(a: u32, b: u16, c: u16, last: [u8; 8]) -> Guid {
    let [d0, d1, e0, e1, e2, e3, e4, e5] = last;
    Guid::new(a, b, c, u16::from_be_bytes([d0, d1]), [e0, e1, e2, e3, e4, e5])
}

/// Many keys differ in their first group only.
const fn of_family(first: u32) -> Guid {
    guid(first, 0xb07d, 0x11ec, [0x9a, 0x30, 0x18, 0x60, 0x24, 0x89, 0xbe, 0xee])
}

const fn callout(key: Guid, layer: &'static str) -> HookCallout {
    HookCallout { key, layer }
}

static AUTH_CONNECT_V4: HookCallout =
    callout(of_family(0x9884_9e0b), "FWPM_LAYER_ALE_AUTH_CONNECT_V4");
static AUTH_ACCEPT_V4: HookCallout =
    callout(of_family(0x9884_9e0c), "FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4");
static AUTH_CONNECT_V6: HookCallout =
    callout(of_family(0x9884_9e0d), "FWPM_LAYER_ALE_AUTH_CONNECT_V6");
static AUTH_ACCEPT_V6: HookCallout =
    callout(of_family(0x9884_9e0e), "FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V6");
static REDIRECT_V4: HookCallout = callout(of_family(0x9884_9e0f), CONNECT_REDIRECT[0]);
static REDIRECT_V6: HookCallout = callout(of_family(0x9884_9e10), CONNECT_REDIRECT[1]);
static LISTEN_V4: HookCallout = callout(of_family(0x9884_9e14), "FWPM_LAYER_ALE_AUTH_LISTEN_V4");
static LISTEN_V6: HookCallout = callout(of_family(0x9884_9e15), "FWPM_LAYER_ALE_AUTH_LISTEN_V6");
static SOCK_ADDR_BIND_V4: HookCallout = callout(
    guid(0x9f04_2ba2, 0xc59f, 0x4219, [0xb8, 0x88, 0xb7, 0x6c, 0xb2, 0x4e, 0x41, 0xd5]),
    "FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V4",
);
static SOCK_ADDR_BIND_V6: HookCallout = callout(
    guid(0x79a5_5b62, 0x0512, 0x4511, [0x8e, 0xa4, 0x2b, 0xee, 0x03, 0x25, 0x69, 0x8f]),
    "FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V6",
);
static BIND_V4: HookCallout = callout(
    guid(0x732a_cf94, 0x7319, 0x4fed, [0x97, 0xd0, 0x41, 0xd3, 0xa1, 0x8f, 0x3f, 0xa1]),
    "FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V4",
);
static BIND_V6: HookCallout = callout(
    guid(0x01b9_f024, 0x8f42, 0x49f7, [0xb7, 0xc0, 0x88, 0x82, 0x66, 0xe5, 0x40, 0x2a]),
    "FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V6",
);
static RELEASE_V4: HookCallout = callout(
    guid(0xd579_2949, 0x2d91, 0x4023, [0x99, 0x93, 0x3f, 0x3d, 0xd9, 0xd5, 0x4b, 0x2b]),
    "FWPM_LAYER_ALE_RESOURCE_RELEASE_V4",
);
static RELEASE_V6: HookCallout = callout(
    guid(0xb70a_421a, 0x9fe3, 0x11ec, [0x9a, 0x30, 0x18, 0x60, 0x24, 0x89, 0xbe, 0xee]),
    "FWPM_LAYER_ALE_RESOURCE_RELEASE_V6",
);
static FLOW_V4: HookCallout = callout(
    guid(0xf53b_4577, 0xbc47, 0x11ec, [0x9a, 0x30, 0x18, 0x60, 0x24, 0x89, 0xbe, 0xee]),
    "FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4",
);
static FLOW_V6: HookCallout = callout(
    guid(0xf53b_4578, 0xbc47, 0x11ec, [0x9a, 0x30, 0x18, 0x60, 0x24, 0x89, 0xbe, 0xee]),
    "FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6",
);

/// Layers where connections are redirected.
pub(super) const CONNECT_REDIRECT: [&str; 2] =
    ["FWPM_LAYER_ALE_CONNECT_REDIRECT_V4", "FWPM_LAYER_ALE_CONNECT_REDIRECT_V6"];

/// Every callout of every hook.
pub(super) static CALLOUTS: [&HookCallout; 16] = [
    &REDIRECT_V4,
    &REDIRECT_V6,
    &AUTH_CONNECT_V4,
    &AUTH_CONNECT_V6,
    &AUTH_ACCEPT_V4,
    &AUTH_ACCEPT_V6,
    &SOCK_ADDR_BIND_V4,
    &SOCK_ADDR_BIND_V6,
    &LISTEN_V4,
    &LISTEN_V6,
    &BIND_V4,
    &BIND_V6,
    &RELEASE_V4,
    &RELEASE_V6,
    &FLOW_V4,
    &FLOW_V6,
];

const fn filter(callout: &'static HookCallout, sublayer: Guid) -> HookFilter {
    HookFilter { callout, sublayer }
}

const fn sock_addr(attach_type: &'static str, filters: &'static [HookFilter]) -> Hook {
    Hook { attach_type, program_type: "sock_addr", filters }
}

/// The hooks that use the filtering engine.
///
/// A connection of a dual-stack socket to an IPv4 address passes the IPv6 redirect layer, so the
/// hook for IPv4 needs a filter there too, in a sublayer of its own.
pub(super) static HOOKS: [Hook; 12] = [
    sock_addr(
        "cgroup/connect4",
        &[
            filter(&REDIRECT_V4, DEFAULT),
            filter(&REDIRECT_V6, CONNECT_V4),
            filter(&AUTH_CONNECT_V4, DEFAULT),
        ],
    ),
    sock_addr(
        "cgroup/connect6",
        &[filter(&REDIRECT_V6, CONNECT_V6), filter(&AUTH_CONNECT_V6, DEFAULT)],
    ),
    sock_addr("cgroup/recv_accept4", &[filter(&AUTH_ACCEPT_V4, DEFAULT)]),
    sock_addr("cgroup/recv_accept6", &[filter(&AUTH_ACCEPT_V6, DEFAULT)]),
    sock_addr("cgroup/connect_authorization4", &[filter(&AUTH_CONNECT_V4, DEFAULT)]),
    sock_addr("cgroup/connect_authorization6", &[filter(&AUTH_CONNECT_V6, DEFAULT)]),
    sock_addr("cgroup/bind4", &[filter(&SOCK_ADDR_BIND_V4, DEFAULT)]),
    sock_addr("cgroup/bind6", &[filter(&SOCK_ADDR_BIND_V6, DEFAULT)]),
    sock_addr("cgroup/listen4", &[filter(&LISTEN_V4, DEFAULT)]),
    sock_addr("cgroup/listen6", &[filter(&LISTEN_V6, DEFAULT)]),
    Hook {
        attach_type: "bind",
        program_type: "bind",
        filters: &[
            filter(&BIND_V4, DEFAULT),
            filter(&BIND_V6, DEFAULT),
            filter(&RELEASE_V4, DEFAULT),
            filter(&RELEASE_V6, DEFAULT),
        ],
    },
    Hook {
        attach_type: "cgroup/sock_ops",
        program_type: "sockops",
        filters: &[filter(&FLOW_V4, DEFAULT), filter(&FLOW_V6, DEFAULT)],
    },
];

/// The hook of an attach type.
pub(super) fn hook(attach_type: &str) -> Option<&'static Hook> {
    HOOKS.iter().find(|it| {
        it.attach_type == attach_type || (it.program_type == "sockops" && attach_type == "sockops")
    })
}

/// The callout of a key.
pub(super) fn callout_of(key: &Guid) -> Option<&'static HookCallout> {
    CALLOUTS.into_iter().find(|it| it.key == *key)
}

/// A sublayer's name.
pub(super) fn sublayer_name(key: &Guid) -> Option<&'static str> {
    SUBLAYERS.iter().find(|(it, _)| it == key).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_guide() {
        let redirect = [REDIRECT_V4.key, REDIRECT_V6.key, AUTH_CONNECT_V4.key];
        let texts = redirect.map(|it| it.to_string());
        assert_eq!(texts[0], "{98849e0f-b07d-11ec-9a30-18602489beee}");
        assert_eq!(texts[1], "{98849e10-b07d-11ec-9a30-18602489beee}");
        assert_eq!(texts[2], "{98849e0b-b07d-11ec-9a30-18602489beee}");
        let sublayers = SUBLAYERS.map(|(key, _)| key.to_string());
        assert_eq!(sublayers[0], "{7c7b3fb9-3331-436a-98e1-b901df457fff}");
        assert_eq!(sublayers[2], "{98849e13-b07d-11ec-9a30-18602489beee}");
        assert_eq!(PROVIDER.to_string(), "{ddb851f5-841a-4b77-8a46-bb7063e9f162}");
    }

    #[test]
    fn a_key_names_one_callout_and_each_hook_uses_known_ones() {
        let mut keys: Vec<Guid> = CALLOUTS.iter().map(|it| it.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), CALLOUTS.len());
        for filter in HOOKS.iter().flat_map(|it| it.filters) {
            assert_eq!(callout_of(&filter.callout.key), Some(filter.callout));
            assert!(sublayer_name(&filter.sublayer).is_some());
        }
    }
}
