//! Samples made from facts, in the shapes in which the guide has its own.
//!
//! Keys, layers, names and messages: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md,
//! netebpfext/net_ebpf_ext.h and net_ebpf_ext_sock_addr.c, libs/execution_context/ebpf_program.c
//! (read 2026-11). Ids, times, processes and addresses are nobody's.

use crate::samples::{ALL, Sample, Samples};
use core::fmt::Write as _;
use weir_stages::checks::facts::{Expected, ExpectedProgram, ObjectMap, ProgramObject};

const PROVIDER: &str = "{ddb851f5-841a-4b77-8a46-bb7063e9f162}";
const DEFAULT: &str = "{7c7b3fb9-3331-436a-98e1-b901df457fff}";
const CONNECT_V4: &str = "{98849e12-b07d-11ec-9a30-18602489beee}";
const CONNECT_V6: &str = "{98849e13-b07d-11ec-9a30-18602489beee}";
const REDIRECT_V4: &str = "{98849e0f-b07d-11ec-9a30-18602489beee}";
const REDIRECT_V6: &str = "{98849e10-b07d-11ec-9a30-18602489beee}";
const AUTHORIZE_V4: &str = "{98849e0b-b07d-11ec-9a30-18602489beee}";
const REDIRECT_LAYER: &str = "FWPM_LAYER_ALE_CONNECT_REDIRECT_V4";

pub(crate) fn samples() -> Samples {
    let object_map = |(name, kind, sizes): (&str, &str, (u32, u32, u32))| ObjectMap {
        name: name.to_owned(),
        kind: kind.to_owned(),
        key_bytes: sizes.0,
        value_bytes: sizes.1,
        entries_max: sizes.2,
    };
    let program = ExpectedProgram {
        name: "watch_connect4".to_owned(),
        attach_type: Some("cgroup/connect4".to_owned()),
    };
    let redirect = ("192.0.2.7:443".parse().unwrap(), "127.0.0.1:8443".parse().unwrap());
    Samples {
        source: "facts",
        texts: ALL.into_iter().map(|it| (it, text(it))).collect(),
        map_id: 3,
        expected: Expected { programs: vec![program], redirects: vec![redirect], collector: None },
        object: ProgramObject {
            file: "watch.o".to_owned(),
            refused: None,
            programs_loaded: 0,
            maps: [("rules", "hash", (20, 8, 64)), ("seen", "lru_hash", (8, 16, 4096))]
                .map(object_map)
                .to_vec(),
        },
    }
}

fn text(sample: Sample) -> String {
    match sample {
        Sample::Core => service("ebpfcore"),
        Sample::Extension => service("netebpfext"),
        Sample::Sublayers => [
            (DEFAULT, "EBPF Sub-Layer", 3),
            (CONNECT_V4, "EBPF CGroup Connect V4 Sub-Layer", 4),
            (CONNECT_V6, "EBPF CGroup Connect V6 Sub-Layer", 5),
        ]
        .map(|(key, name, weight)| sublayer(key, name, weight))
        .concat(),
        Sample::RedirectV4 => pair(REDIRECT_V4, REDIRECT_LAYER, DEFAULT, 1),
        Sample::RedirectV6 => {
            // The guide's block of this layer has the end of the list that it was copied out of.
            pair(REDIRECT_V6, "FWPM_LAYER_ALE_CONNECT_REDIRECT_V6", CONNECT_V4, 2) + "</filters>\n"
        }
        Sample::AuthorizeV4 => pair(AUTHORIZE_V4, "FWPM_LAYER_ALE_AUTH_CONNECT_V4", DEFAULT, 3),
        Sample::Others => others(),
        Sample::Programs => "[{\n    \"id\": 11,\n    \"type\": \"sock_addr\",\n    \"name\": \
             \"watch_connect4\",\n    \"map_ids\": [3,4]\n}]\n"
            .to_owned(),
        Sample::Links => "[{\n    \"id\": 21,\n    \"type\": 2,\n    \"prog_id\": 11,\n    \
             \"cgroup_id\": 0,\n    \"attach_type\": \"cgroup/connect4\"\n}]\n"
            .to_owned(),
        Sample::Maps => {
            map(3, "hash", "rules", (20, 8, 64)) + "\n" + &map(4, "lru_hash", "seen", (8, 16, 4096))
        }
        Sample::Dump => "key:\nc0 00 02 07 00 00 00 00  00 00 00 00 00 00 00 00\n01 bb 00 00\n\
             value:\n7f 00 00 01 20 fb 00 00\nFound 1 element\n"
            .to_owned(),
        Sample::NoProgramType => no_program_type(),
        Sample::NoAttachType => no_attach_type(),
        Sample::Redirected => redirected(),
    }
}

fn service(name: &str) -> String {
    let mut text = format!("SERVICE_NAME: {name}\n");
    for (label, value) in [
        ("TYPE", "1  KERNEL_DRIVER"),
        ("STATE", "4  RUNNING"),
        ("", "(STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)"),
        ("WIN32_EXIT_CODE", "0  (0x0)"),
        ("SERVICE_EXIT_CODE", "0  (0x0)"),
        ("CHECKPOINT", "0x0"),
        ("WAIT_HINT", "0x0"),
        ("PID", "0"),
        ("FLAGS", ""),
    ] {
        let colon = if label.is_empty() { ' ' } else { ':' };
        writeln!(text, "        {label:<19}{colon} {value}").unwrap();
    }
    text
}

fn display(name: &str) -> String {
    format!(
        "    <displayData>\n        <name>{name}</name>\n        <description>{name} of eBPF\
         </description>\n    </displayData>\n"
    )
}

fn sublayer(key: &str, name: &str, weight: u16) -> String {
    format!(
        "<item>\n    <subLayerKey>{key}</subLayerKey>\n{}    <flags/>\n    <providerKey/>\n    \
         <providerData/>\n    <weight>{weight}</weight>\n</item>\n",
        display(name)
    )
}

fn callout(key: &str, name: &str, layer: &str, flags: &[&str]) -> String {
    let items: String = flags.iter().map(|it| format!("        <item>{it}</item>\n")).collect();
    format!(
        "<item>\n    <calloutKey>{key}</calloutKey>\n{}    <flags numItems=\"{}\">\n{items}    \
         </flags>\n    <providerKey>{PROVIDER}</providerKey>\n    <providerData/>\n    \
         <applicableLayer>{layer}</applicableLayer>\n    <calloutId>290</calloutId>\n</item>\n",
        display(name),
        flags.len()
    )
}

fn pair(key: &str, layer: &str, sublayer: &str, number: u8) -> String {
    let callout = callout(key, "eBPF Callout", layer, &["FWPM_CALLOUT_FLAG_REGISTERED"]);
    format!(
        "{callout}<item>\n    \
         <filterKey>{{0f11e400-0000-4000-8000-00000000000{number}}}</filterKey>\n{}    \
         <flags/>\n    <providerKey/>\n    <providerData/>\n    <layerKey>{layer}</layerKey>\n    \
         <subLayerKey>{sublayer}</subLayerKey>\n    <weight>\n        <type>FWP_EMPTY</type>\n    \
         </weight>\n    <filterCondition/>\n    <action>\n        \
         <type>FWP_ACTION_CALLOUT_TERMINATING</type>\n        <filterType>{key}</filterType>\n    \
         </action>\n    <rawContext>18446600000000000000</rawContext>\n    <reserved/>\n    \
         <filterId>7000{number}</filterId>\n    <effectiveWeight>\n    \
         <type>FWP_UINT64</type>\n    \
         <uint64>0</uint64>\n    </effectiveWeight>\n</item>\n",
        display("net eBPF sock_addr hook")
    )
}

fn others() -> String {
    let registered = "FWPM_CALLOUT_FLAG_REGISTERED";
    let ours = callout(REDIRECT_V4, "eBPF Callout", REDIRECT_LAYER, &[registered]);
    let flags = ["FWPM_CALLOUT_FLAG_USES_PROVIDER_CONTEXT", registered];
    let key = "{5eed0000-0000-4000-8000-000000000001}";
    let theirs = callout(key, "Callout of a proxy", REDIRECT_LAYER, &flags);
    let theirs = theirs.replace(PROVIDER, "{5eed0000-0000-4000-8000-000000000002}");
    format!("<callouts numItems=\"2\">\n{ours}{theirs}</callouts>\n")
}

fn map(id: u32, kind: &str, name: &str, (key, value, entries): (u32, u32, u32)) -> String {
    format!(
        "{{\n    \"id\": {id},\n    \"type\": \"{kind}\",\n    \"name\": \"{name}\",\n    \
         \"flags\": 0,\n    \"bytes_key\": {key},\n    \"bytes_value\": {value},\n    \
         \"max_entries\": {entries}\n}}\n"
    )
}

/// An event of a trace; `number` is its place in the call.
fn event(number: u32, (provider, name, level): (&str, &str, u8), fields: &str) -> String {
    format!(
        "[1]0B10.0B14::2026/11/02-09:15:30.00000{number}100 [{provider}]{{{fields},\"meta\":\
         {{\"provider\":\"{provider}\",\"event\":\"{name}\",\"time\":\
         \"2026-11-02T08:15:30.00000{number}1Z\",\"cpu\":1,\"pid\":2832,\"tid\":2836,\
         \"channel\":11,\"level\":{level},\"keywords\":\"0x80\"}}}}\n\n"
    )
}

/// What follows from a program that could not be created.
fn not_created(error: u32, status: &str, last_error: &str) -> String {
    let of = |name| ("EbpfForWindowsProvider", name, 2);
    let error =
        format!("\"ErrorMessage\":\"ebpf_program_create returned error\",\"Error\":{error}");
    let status =
        format!("\"Api\":\"\\\"ebpf_core_invoke_protocol_handler\\\"\",\"status\":\"{status}\"");
    let last = format!("\"Api\":\"DeviceIoControl\",\"last_error\":\"{last_error}\"");
    event(2, of("EbpfGenericError"), &error)
        + &event(3, of("EbpfApiError"), &status)
        + &event(4, of("EbpfApiError"), &last)
}

fn no_program_type() -> String {
    let first = "\"Message\":\"Program type must be specified.\",\"*guid\":\
                 \"{00000000-0000-0000-0000-000000000000}\"";
    event(1, ("EbpfForWindowsProvider", "EbpfGenericMessage", 2), first)
        + &not_created(
            6,
            "0xC000000D(NT=An invalid parameter was passed to a service or function.)",
            "87(WIN=The parameter is incorrect.)",
        )
}

fn no_attach_type() -> String {
    let first = "\"Message\":\"Program type and Attach type:\",\"*guid1\":\
                 \"{f1832a85-85d5-45b0-98a0-7069d63013b0}\",\"*guid2\":\
                 \"{00000000-0000-0000-0000-000000000000}\"";
    event(1, ("EbpfForWindowsProvider", "EbpfGenericMessage", 4), first)
        + &not_created(
            23,
            "0xC000026C(NT=Unable to Load Device Driver)",
            "2001(WIN=The specified driver is invalid.)",
        )
}

/// Wrapped within the object, as a page wraps it.
fn redirected() -> String {
    let fields = "\"Message\":\"connect_redirect_classify\",\"TransportEndpointHandle\":512,\
         \"Protocol\":6,\"src_ip\":\"0.0.0.0\",\"src_port\":50123,\"dst_ip\":\"192.0.2.7\",\
         \"dst_port\":443,\"redirected_ip\":\"127.0.0.1\",\"redirected_port\":8443,\"Verdict\":1";
    let text = event(1, ("NetEbpfExtProvider", "NetEbpfExtGenericMessage", 4), fields);
    let text = text.replace(",\"TransportEndpointHandle", ",\n\"TransportEndpointHandle");
    text.replace("\"redirected_ip", "\n\"redirected_ip").replace("\"event\":", "\"event\":\n")
}
