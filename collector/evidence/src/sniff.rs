//! What a file is, told by its content; its name is asked only for what content cannot say.

use crate::bpftool::Asked;
use crate::text::decode_beginning;
use crate::{boot, bpftool, ports, registry, service, sessions, telemetry};

/// Bytes of a file's beginning that are looked at; words of people may stand before an output.
pub const BEGINNING_BYTES: usize = 64 << 10;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An event trace, or what was made of one as text.
    Trace,
    /// XML: the filtering engine's objects.
    Xml,
    /// JSON: of bpftool, or `system.json`.
    Json,
    /// Plain text of bpftool.
    Bpftool,
    /// `sc.exe queryex`, `sc.exe query`.
    Services,
    /// `logman query -ets`.
    Sessions,
    /// `netsh int ipv4 show excludedportrange`.
    Ports,
    /// `bcdedit /enum {current}`.
    Boot,
    /// `reg query`, `reg export`.
    Registry,
    /// A page of metrics.
    Telemetry,
}

/// What a file of this name that begins so is.
#[must_use]
pub fn form(file: &str, beginning: &[u8]) -> Option<Form> {
    if weir_etl::is_trace(beginning) {
        return Some(Form::Trace);
    }
    let text = decode_beginning(beginning);
    let text = text.trim_start();
    if text.starts_with('<') {
        return Some(Form::Xml);
    }
    let is_list =
        text.strip_prefix('[').is_some_and(|it| it.trim_start().starts_with(['{', '[', ']']));
    if is_list || text.starts_with('{') || text.trim_end() == "null" {
        return Some(Form::Json);
    }
    text.lines().find_map(of_line).or_else(|| of_name(file, text))
}

/// What a text is that no line tells of: what is left of an output, or an error in place of one.
fn of_name(file: &str, text: &str) -> Option<Form> {
    let is_error = text.lines().any(bpftool::is_error);
    if is_error && asked_of_bpftool(file).is_some() {
        return Some(Form::Bpftool);
    }
    named_service(file).map(|_| Form::Services)
}

/// Whether a line tells.
type Tells = fn(&str) -> bool;

/// What a line can only be of.
fn of_line(line: &str) -> Option<Form> {
    let tells: [(Form, Tells); 9] = [
        (Form::Trace, is_event),
        (Form::Registry, registry::is_telling),
        (Form::Telemetry, telemetry::is_telling),
        (Form::Ports, ports::is_rule),
        (Form::Sessions, sessions::is_rule),
        (Form::Sessions, sessions::is_name_twice),
        (Form::Boot, boot::is_telling),
        (Form::Bpftool, bpftool::is_telling),
        (Form::Services, service::is_telling),
    ];
    tells.into_iter().find_map(|(form, tells)| tells(line).then_some(form))
}

/// Whether a line is an event, as in `[2]1C10.1B78::2023/06/23-19:45:16.265726200 [Provider]{…`.
fn is_event(line: &str) -> bool {
    let Some((head, _)) = line.trim_start().split_once("::") else { return false };
    let Some((cpu, ids)) = head.strip_prefix('[').and_then(|it| it.split_once(']')) else {
        return false;
    };
    let Some((process, thread)) = ids.split_once('.') else { return false };
    let is_hex = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_hexdigit());
    [cpu, process, thread].into_iter().all(is_hex)
}

/// The service that a file is about by its name: `services/bfe.txt`, `sc.exe queryex bfe`.
#[must_use]
pub fn named_service(file: &str) -> Option<String> {
    if let Some(name) = service::service_of(file) {
        return Some(name);
    }
    let mut parts = file.rsplit(['/', '\\']);
    let name = stem(parts.next()?);
    let folder = parts.next().unwrap_or_default();
    let is_known = SERVICES.iter().any(|it| it.eq_ignore_ascii_case(name));
    (!name.is_empty() && (is_known || folder.eq_ignore_ascii_case("services")))
        .then(|| name.to_lowercase())
}

/// Services that the doctor asks about: eBPF's, Weir's, and the filtering engine's.
const SERVICES: [&str; 6] = ["ebpfcore", "netebpfext", "ebpfsvc", "weir", "weir-collector", "bfe"];

/// What bpftool was asked for by a file's name: `bpftool/prog.json`, `map-131331.txt`, `bpftool map
/// dump id 131331`.
#[must_use]
pub fn asked_of_bpftool(file: &str) -> Option<Asked> {
    let name = stem(file.rsplit(['/', '\\']).next()?).to_ascii_lowercase();
    let words: Vec<&str> = name.split(|it: char| !it.is_ascii_alphanumeric()).collect();
    let has = |names: &[&str]| words.iter().any(|it| names.contains(it));
    let id = words.iter().rev().find_map(|it| it.parse().ok());
    if has(&["dump"]) || (has(&["map"]) && id.is_some()) {
        Some(Asked::Dump(id))
    } else if has(&["prog", "progs", "program", "programs"]) {
        Some(Asked::Programs)
    } else if has(&["link", "links"]) {
        Some(Asked::Links)
    } else if has(&["map", "maps"]) {
        Some(Asked::Maps)
    } else {
        None
    }
}

/// A file's name without its extension.
fn stem(name: &str) -> &str {
    // A command has a dot too, as in `bpftool.exe prog`.
    let is_extension = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric());
    name.rsplit_once('.').filter(|(_, it)| is_extension(it)).map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_content_cannot() {
        assert_eq!(named_service("services/Weir-Collector.txt").as_deref(), Some("weir-collector"));
        assert_eq!(named_service("sc.exe queryex BFE").as_deref(), Some("bfe"));
        assert_eq!(named_service("ebpfcore.txt").as_deref(), Some("ebpfcore"));
        assert_eq!(named_service("notes.txt"), None);
        assert_eq!(asked_of_bpftool("bpftool/prog.json"), Some(Asked::Programs));
        assert_eq!(asked_of_bpftool("bpftool/link.json"), Some(Asked::Links));
        assert_eq!(asked_of_bpftool("bpftool/map.json"), Some(Asked::Maps));
        assert_eq!(asked_of_bpftool("bpftool/map-131331.txt"), Some(Asked::Dump(Some(131_331))));
        assert_eq!(asked_of_bpftool("bpftool.exe map dump id 7"), Some(Asked::Dump(Some(7))));
        assert_eq!(asked_of_bpftool("answer.json"), None);
    }
}
