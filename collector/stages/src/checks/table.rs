//! The table of checks: the one place where ids, titles, needs and order are defined.
//!
//! An id is never given to another check; one that is dropped stays free.

use super::check::{Check, Group, Privilege};
use super::evidence::Kind;
use super::{
    attach_types, components, ebpf_objects, foreign, host, maps, orphans, programs, redirects,
    telemetry, traces, weir_objects,
};

macro_rules! upstream {
    ($path:literal) => {
        concat!("https://github.com/microsoft/ebpf-for-windows/blob/main/", $path)
    };
}

macro_rules! guide {
    ($section:literal) => {
        concat!(upstream!("docs/TroubleshootingGuide.md"), $section)
    };
}

macro_rules! checks {
    ($($id:literal $group:ident $privilege:ident needs [$($need:ident)*] after [$($after:literal)*]
        $title:literal $about:literal $docs:expr, $judge:path;)+) => {
        /// Every check, in the order in which an expert looks.
        pub const CHECKS: &[Check] = &[$(Check {
            id: $id,
            group: Group::$group,
            title: $title,
            privilege: Privilege::$privilege,
            needs: &[$(Kind::$need),*],
            after: &[$($after),*],
            about: $about,
            docs: $docs,
            judge: $judge,
        }),+];
    };
}

checks! {
    "WD0101" Components Anybody needs [Services] after []
    "The Base Filtering Engine runs"
    "`sc.exe queryex bfe`. Every callout, of eBPF and of Weir, is asked by this service's engine."
    "https://learn.microsoft.com/windows/win32/fwp/about-windows-filtering-platform",
    components::bfe;

    "WD0102" Components Anybody needs [Services] after []
    "eBPF core runs (ebpfcore)"
    "`sc.exe queryex ebpfcore`. The driver that loads and holds programs, links and maps."
    guide!("#verify-ebpf-components-are-running"),
    components::ebpfcore;

    "WD0103" Components Anybody needs [Services] after ["WD0101" "WD0102"]
    "The network extension runs (netebpfext)"
    "`sc.exe queryex netebpfext`; the guide's `netebpext` is a typo. The driver that invokes \
     programs of bind, sock_addr and sock_ops. That it runs proves nothing about its objects: \
     see WD0301 to WD0303."
    guide!("#verify-ebpf-components-are-running"),
    components::netebpfext;

    "WD0104" Components Anybody needs [Services] after []
    "The eBPF service runs, where there is one (ebpfsvc)"
    "`sc.exe queryex ebpfsvc`. It verifies and compiles programs that are not native; it is \
     optional."
    guide!("#verify-ebpf-components-are-running"),
    components::ebpfsvc;

    "WD0105" Components Anybody needs [Services] after ["WD0101" "WD0102"]
    "Weir's driver runs (weir)"
    "`sc.exe queryex weir`. The driver that invokes programs of flow_classify. It needs eBPF \
     core and the filtering engine."
    "docs/windows-driver.md",
    components::weir;

    "WD0106" Components Anybody needs [Services] after []
    "Weir's collector runs (weir-collector)"
    "`sc.exe queryex weir-collector`. It reads the driver's events; programs are invoked \
     without it too."
    "docs/run.md",
    components::collector;

    "WD0201" Platform Anybody needs [Boot] after []
    "Only drivers that Windows trusts load"
    "Test signing, from the options that Windows was started with. It explains a driver that \
     does not start with 577, and a machine that takes any."
    "docs/windows-driver.md",
    host::signing;

    "WD0202" Platform Anybody needs [Boot] after []
    "Memory integrity is known"
    "HVCI: with it, programs that are compiled when they are loaded are refused, native ones \
     are not."
    upstream!("docs/NativeCodeGeneration.md"),
    host::memory_integrity;

    "WD0203" Platform Anybody needs [System] after []
    "The drivers of eBPF for Windows go together"
    "File versions of ebpfcore.sys and netebpfext.sys."
    "https://github.com/microsoft/ebpf-for-windows/releases",
    host::versions;

    "WD0204" Platform Anybody needs [Store] after []
    "Program types are registered"
    "`Software\\eBPF\\Providers` of the machine and of this user. Loaders and the verifier look \
     a program's type up there; where the user has a store of their own, nowhere else."
    "docs/windows-driver.md",
    host::store;

    "WD0301" EbpfObjects Elevated needs [WfpState] after ["WD0101" "WD0103"]
    "eBPF's sublayers are there"
    "`netsh wfp show state`: the three sublayers that netebpfext makes. Their weight may differ."
    guide!("#verify-wfp-objects-are-present"),
    ebpf_objects::sublayers;

    "WD0302" EbpfObjects Elevated needs [WfpState] after ["WD0101" "WD0103" "WD0301"]
    "eBPF's callouts are there and registered"
    "Each callout that an attached program needs, or that a filter asks: there once, with \
     FWPM_CALLOUT_FLAG_REGISTERED, for its layer. calloutId changes with every start and is not \
     looked at; a provider key may be there or not."
    guide!("#verify-wfp-objects-are-present"),
    ebpf_objects::callouts;

    "WD0303" EbpfObjects Elevated needs [WfpState] after ["WD0101" "WD0103" "WD0301" "WD0302"]
    "eBPF's filters are where attached programs need them"
    "For each attach type in use (by links, else by the filters that are there): layerKey, \
     subLayerKey, and the callout in action/filterType. TERMINATING, UNKNOWN and INSPECTION are \
     taken alike, as releases differ. filterId, filterKey, weight and providerKey are not \
     looked at."
    guide!("#verify-wfp-objects-are-present"),
    ebpf_objects::filters;

    "WD0304" EbpfObjects Elevated needs [WfpState] after ["WD0302" "WD0303"]
    "No filter of eBPF asks a callout that is gone"
    "A filter of eBPF whose callout no driver has registered blocks what it matches, unless it \
     has FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED."
    "https://github.com/microsoft/ebpf-for-windows/pull/5496",
    orphans::of_ebpf;

    "WD0305" EbpfObjects Elevated needs [WfpState] after []
    "Nobody else redirects connections"
    "Callouts of others at the connect redirect layers, by name, with the weight of their \
     sublayer: the guide expects eBPF's alone."
    guide!("#interoperability-issues-with-another-wfp-callout"),
    foreign::at_connect_redirect;

    "WD0311" WeirObjects Elevated needs [WfpState] after ["WD0101" "WD0105"]
    "Weir's sublayer is there"
    "`netsh wfp show state`: the driver's sublayer, {9cc0db5c-53e4-4f13-9552-d9b516cab8e6}."
    "docs/windows-driver.md",
    weir_objects::sublayer;

    "WD0312" WeirObjects Elevated needs [WfpState] after ["WD0101" "WD0105" "WD0311"]
    "Weir's callouts are there and registered"
    "The driver's four callouts: flow established and stream, IPv4 and IPv6."
    "docs/windows-driver.md",
    weir_objects::callouts;

    "WD0313" WeirObjects Elevated needs [WfpState] after ["WD0101" "WD0105" "WD0311" "WD0312"]
    "Weir's filters are there"
    "The driver's four filters, each at its layer, in its sublayer, asking its callout."
    "docs/windows-driver.md",
    weir_objects::filters;

    "WD0314" WeirObjects Elevated needs [WfpState] after []
    "Nobody else decides about stream data"
    "Callouts of others at Weir's layers, the heaviest sublayer first; those that a filter asks \
     to decide at the stream layers are warned about."
    "docs/runbooks/WeirForeignCallout.md",
    foreign::at_weirs_layers;

    "WD0315" WeirObjects Elevated needs [WfpState] after ["WD0312" "WD0313"]
    "No filter of Weir asks a callout that is gone"
    "A filter of Weir whose callout no driver has registered, left behind by a driver that is \
     gone. Weir's own permit what they match then."
    "docs/windows-driver.md",
    orphans::of_weir;

    "WD0401" Programs Anybody needs [Objects] after []
    "The program's object is accepted"
    "The objects given with --object, by Weir's own loader. The verifier of eBPF for Windows is \
     not asked."
    "docs/replay.md",
    programs::objects;

    "WD0402" Programs Elevated needs [Programs] after ["WD0102"]
    "Programs are loaded"
    "`bpftool.exe -p prog`; those named with --program must be there."
    guide!("#verify-the-ebpf-program-is-loaded"),
    programs::loaded;

    "WD0403" Programs Elevated needs [Programs Links] after ["WD0102" "WD0103" "WD0105" "WD0402"]
    "Programs are attached"
    "`bpftool.exe -p link`: each program has a link, and each link has a program that is there."
    guide!("#verify-the-ebpf-program-is-attached"),
    programs::attached;

    "WD0404" Programs Elevated needs [Programs Links] after ["WD0402" "WD0403"]
    "Programs are attached to what they are for"
    "The attach type of each link fits the type of its program, and is the one named with \
     --program. One that no release known here has is warned about."
    guide!("#verify-the-ebpf-program-is-attached"),
    attach_types::judge;

    "WD0405" Programs Elevated needs [Programs Maps] after ["WD0402"]
    "Maps are there, of the right type and size"
    "`bpftool.exe -p map`: the map_ids of each program, each there once; name, type and sizes as \
     the object given with --object defines them, and sizes as a dump has them."
    guide!("#verify-ebpf-maps-are-properly-configured"),
    maps::shapes;

    "WD0406" Programs Elevated needs [Maps MapDumps] after ["WD0405"]
    "No map is full"
    "`bpftool.exe map dump`, counted, with --map-dumps. Arrays and types that forget the oldest \
     are left out; a dump of a map that is not listed is warned about."
    guide!("#verify-ebpf-maps-are-properly-configured"),
    maps::fullness;

    "WD0501" Traces Elevated needs [Traces] after ["WD0102"]
    "Nobody was denied access"
    "ERROR_ACCESS_DENIED or STATUS_ACCESS_DENIED in a trace, by number."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::access_denied;

    "WD0502" Traces Elevated needs [Traces] after []
    "No object was looked for in vain"
    "ERROR_FILE_NOT_FOUND or ERROR_PATH_NOT_FOUND in a trace, by number: a file, or a pinned path."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::file_not_found;

    "WD0503" Traces Elevated needs [Traces] after []
    "Programs were created with a program type"
    "`Program type must be specified.` with a GUID of zeros, and the failures that follow from it."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::zero_program_type;

    "WD0504" Traces Elevated needs [Traces] after []
    "Programs were created with an attach type"
    "`Program type and Attach type:` whose second GUID is zeros, and the failures that follow \
     from it."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::zero_attach_type;

    "WD0505" Traces Elevated needs [Traces] after ["WD0103" "WD0105"]
    "Extensions took their programs"
    "0xC000026C or 2001 with both types set: the network module registrar did not bring program \
     and extension together."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::nmr;

    "WD0506" Traces Elevated needs [Traces] after []
    "Verification worked"
    "Refusals and exceptions of the service that verifies."
    upstream!("docs/debugging.md"),
    traces::verification;

    "WD0507" Traces Elevated needs [Traces] after []
    "No hook was full"
    "Attachments that an extension refused because others are there."
    upstream!("netebpfext/net_ebpf_ext_hook_provider.c"),
    traces::attach_limit;

    "WD0508" Traces Elevated needs [Traces]
    after ["WD0102" "WD0501" "WD0502" "WD0503" "WD0504" "WD0505" "WD0506" "WD0507"]
    "Objects were opened"
    "ebpf_object_open failed. Where a known failure says why, it follows from that one."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::open;

    "WD0509" Traces Elevated needs [Traces]
    after ["WD0102" "WD0501" "WD0502" "WD0503" "WD0504" "WD0505" "WD0506" "WD0507"]
    "Programs were loaded without failure"
    "ebpf_object_load failed. Where a known failure says why, it follows from that one."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::load;

    "WD0510" Traces Elevated needs [Traces]
    after ["WD0102" "WD0501" "WD0502" "WD0503" "WD0504" "WD0505" "WD0506" "WD0507"]
    "Programs were attached without failure"
    "ebpf_program_attach_by_fd failed. Where a known failure says why, it follows from that one."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::attach;

    "WD0511" Traces Elevated needs [Traces] after ["WD0102"]
    "Requests to eBPF core worked"
    "DeviceIoControl failed with a code that no known failure explains."
    guide!("#ebpf-program-load-or-attach-failures"),
    traces::ioctl;

    "WD0512" Traces Elevated needs [Traces] after []
    "No other error was traced"
    "Events of level 1 and 2 that no known failure explains."
    upstream!("docs/Diagnostics.md"),
    traces::others;

    "WD0513" Traces Elevated needs [Traces] after ["WD0302" "WD0303"]
    "Connections go where programs send them"
    "`connect_redirect_classify` messages, or the newer event NetEbpfExtSockAddrRedirect; what \
     is expected is given with --redirect."
    guide!("#traffic-is-not-redirected-as-expected"),
    redirects::redirects;

    "WD0514" Traces Elevated needs [Traces] after []
    "No program was blocked by policy"
    "EBPF_BLOCKED_BY_POLICY in a trace, by any of its numbers: 21, 0xC0000804, 1296. Memory \
     integrity blocks programs that are compiled when they are loaded."
    upstream!("docs/NativeCodeGeneration.md"),
    traces::policy;

    "WD0601" Telemetry Elevated needs [Sessions] after ["WD0105" "WD0106"]
    "A collector listens"
    "`logman query -ets`: the session weir-control, and Weir.FlowClassify on it."
    "docs/run.md",
    telemetry::sessions;

    "WD0602" Telemetry Anybody needs [Telemetry] after ["WD0106" "WD0601"]
    "Sessions are up and lose nothing"
    "weir_etw_session_up, weir_etw_session_lost_total."
    "docs/runbooks/WeirEventsLost.md",
    telemetry::session_loss;

    "WD0603" Telemetry Anybody needs [Telemetry] after ["WD0106" "WD0602"]
    "Every event is accounted for"
    "weir_etw_unaccounted, weir_etw_events_lost_total: gaps in the driver's own numbers."
    "docs/runbooks/WeirEventsUnaccounted.md",
    telemetry::gaps;

    "WD0604" Telemetry Anybody needs [Telemetry] after ["WD0105" "WD0106" "WD0601" "WD0602"]
    "The driver is heard"
    "weir_driver_up: counters come each second."
    "docs/runbooks/WeirDriverDown.md",
    telemetry::driver;

    "WD0605" Telemetry Anybody needs [Telemetry] after ["WD0106"]
    "The collector drops nothing"
    "weir_events_dropped_total: its own queue, and layouts that it does not know."
    "docs/runbooks/WeirEventsLost.md",
    telemetry::drops;

    "WD0701" Host Anybody needs [Ports] after []
    "Weir's port can be had"
    "Port 10061 against the ranges that Windows excludes, and against who answers there."
    "docs/run.md",
    host::port;

    "WD0702" Host Anybody needs [System] after []
    "There is disk space"
    "1 GiB free where Windows is."
    "docs/runbooks/WeirAuditDiskLow.md",
    host::disk;

    "WD0703" Host Anybody needs [System] after []
    "The clock is right"
    "What the time service says: 5 s off at most."
    "https://learn.microsoft.com/windows-server/networking/windows-time-service/windows-time-service-tools-and-settings",
    host::clock;

    "WD0704" Host Anybody needs [Telemetry] after ["WD0106"]
    "Audit records are sent"
    "weir_audit_dropped_total, weir_audit_unsent_oldest_seconds: nothing dropped, nothing older \
     than ten minutes unsent."
    "docs/runbooks/WeirAuditBacklog.md",
    telemetry::audit;
}

/// The check of an id, in any case.
#[must_use]
pub fn check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|it| it.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_given_once_and_stand_in_the_order_of_groups() {
        let ids: Vec<&str> = CHECKS.iter().map(|it| it.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert!(CHECKS.iter().map(|it| it.group).is_sorted());
        for id in ids {
            assert!(id.len() == 6 && id.starts_with("WD"), "{id}");
        }
    }

    #[test]
    fn a_check_follows_from_checks_that_are_judged_before_it() {
        for (place, check) in CHECKS.iter().enumerate() {
            for cause in check.after {
                let found = CHECKS.iter().position(|it| it.id == *cause);
                let is_exempt = check.id == "WD0304" && cause.starts_with("WD031");
                assert!(
                    is_exempt || found.is_some_and(|it| it < place),
                    "{} after {cause}",
                    check.id
                );
            }
        }
    }
}
