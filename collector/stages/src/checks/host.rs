//! WD02, WD07: the machine: what it lets drivers do, versions, program store, port, disk, clock.

use super::components::is_installed;
use super::evidence::{Evidence, Kind};
use super::facts::{Place, PortRange, ProgramSection, ProgramStore, Scope};
use super::programs::has_flow_classify;
use super::verdict::Judgement;
use core::net::SocketAddr;
use weir_abi::identifiers::{ATTACH_TYPE, Guid, LISTEN_ADDRESS, PROGRAM_TYPE, SECTION_PREFIX};

/// Free space below which nothing more should be written: traces and the audit trail need some.
const DISK_FREE_BYTES: u64 = 1 << 30;

/// Tickets, certificates and a fleet's time lines bear less than this.
const CLOCK_OFFSET_MS: u64 = 5_000;

pub(super) fn signing(evidence: &Evidence) -> Judgement {
    let Some(boot) = &evidence.boot else { return Judgement::unknown("", &[Kind::Boot]) };
    let next = match (boot.test_signing, boot.test_signing_next) {
        (Some(true), Some(false)) => "; not from the next start on",
        (Some(false), Some(true)) => "; from the next start on it takes those signed for tests too",
        _ => "",
    };
    match boot.test_signing {
        Some(true) => Judgement::warn(format!(
            "Windows takes drivers that are signed for tests{next}"
        ))
        .quote(&boot.place, "testsigning on")
        .because("right for a lab; on any other machine, drivers that nobody vouches for load too")
        .run("bcdedit /set testsigning off")
        .say("then restart; a driver that is signed for tests does not load afterwards"),
        Some(false) => Judgement::ok(format!("only drivers that Windows trusts load{next}"))
            .quote(&boot.place, "testsigning off"),
        None => {
            let found = match boot.test_signing_next {
                Some(is_on) => {
                    let word = if is_on { "on" } else { "off" };
                    format!(
                        "test signing is {word} from the next start on; nothing says whether it is now"
                    )
                }
                None => "nothing says whether test signing is on".to_owned(),
            };
            Judgement::unknown(found, &[Kind::Boot])
        }
    }
}

/// Source: microsoft/ebpf-for-windows, docs/NativeCodeGeneration.md (read 2026-11)
pub(super) fn memory_integrity(evidence: &Evidence) -> Judgement {
    let Some(boot) = &evidence.boot else { return Judgement::unknown("", &[Kind::Boot]) };
    match boot.memory_integrity {
        Some(true) => Judgement::ok(
            "memory integrity (HVCI) is configured: only native programs (.sys) that are signed can \
             be loaded",
        )
        .quote(&boot.place, "memory integrity configured"),
        Some(false) => Judgement::ok(
            "memory integrity (HVCI) is not configured: it keeps no program from being loaded",
        )
        .quote(&boot.place, "memory integrity not configured"),
        None => {
            Judgement::unknown("nothing says whether memory integrity (HVCI) is configured", &[Kind::Boot])
        }
    }
}

pub(super) fn versions(evidence: &Evidence) -> Judgement {
    let Some(system) = &evidence.system else { return Judgement::unknown("", &[Kind::System]) };
    let of = |name: &str| {
        system
            .versions
            .iter()
            .find(|(it, _)| it.eq_ignore_ascii_case(name))
            .map(|(_, it)| it.as_str())
    };
    let line = |judgement: Judgement| {
        system.versions.iter().fold(judgement, |it, (name, version)| {
            it.quote(&system.place, format!("{name} {version}"))
        })
    };
    match (of("ebpfcore.sys"), of("netebpfext.sys")) {
        (Some(core), Some(extension)) if core != extension => line(
            Judgement::warn(format!("ebpfcore.sys is {core}, netebpfext.sys is {extension}"))
                .because(
                    "they are made and tested together; an update may have replaced one of \
                     them, or waits for a restart",
                )
                .say("install eBPF for Windows again, and restart"),
        ),
        (Some(core), Some(_)) => line(Judgement::ok(format!(
            "ebpfcore.sys and netebpfext.sys \
             are both {core}"
        ))),
        _ => Judgement::unknown(
            "the versions of ebpfcore.sys and netebpfext.sys are not known",
            &[Kind::System],
        ),
    }
}

/// Readers look at the user's store alone where the user has one.
///
/// Source: microsoft/ebpf-for-windows, `libs/api_common/store_helper_internal.cpp` (read 2026-11)
pub(super) fn store(evidence: &Evidence) -> Judgement {
    let wanted =
        has_flow_classify(evidence) == Some(true) || is_installed(evidence, "weir") == Some(true);
    let by = |scope: Scope| evidence.stores.iter().find(|it| it.scope == scope);
    let (user, machine) = (by(Scope::User), by(Scope::Machine));
    if let (Some(user), Some(machine)) = (user.filter(|it| it.exists), machine) {
        let is_hidden = |it: &&Guid| !user.types.contains(it);
        let hidden: Vec<&Guid> = machine.types.iter().filter(is_hidden).collect();
        if let Some(first) = hidden.first() {
            let is_ours = wanted && hidden.contains(&&PROGRAM_TYPE);
            return hides(user, machine, if is_ours { &PROGRAM_TYPE } else { first }, is_ours);
        }
    }
    let read = user.filter(|it| it.exists).or(machine);
    let Some(store) = read else {
        return Judgement::unknown("the machine's store was not read", &[Kind::Store]);
    };
    let section = store.sections.iter().find(|it| it.prefix == SECTION_PREFIX);
    let is_typed = store.types.contains(&PROGRAM_TYPE);
    match section {
        Some(it) if is_typed && is_weirs(it) => Judgement::ok("flow_classify is registered")
            .quote(&store.place, PROGRAM_TYPE.to_string()),
        Some(it) if !is_weirs(it) => Judgement::fail("flow_classify stands for another type")
            .quote(&store.place, section_line(it))
            .because(
                "a program in this section is loaded as a program of that type, or attached \
                 nowhere; Weir's are those of docs/windows-driver.md",
            )
            .run("weir driver unregister")
            .run("weir driver register"),
        _ if wanted => Judgement::fail("flow_classify is not registered")
            .quote(
                &store.place,
                format!("{} program types, {} sections", store.types.len(), store.sections.len()),
            )
            .because(
                "before a program is loaded, its type is looked up here; without it, it is \
                 refused or has no type",
            )
            .run("weir driver register"),
        _ if store.types.is_empty() => Judgement::warn("no program type is registered")
            .quote(&store.place, "no key below ProgramData")
            .because("no program can be loaded by its section's name")
            .say("install eBPF for Windows again: its installer registers its own types"),
        _ => Judgement::ok(format!("{} program types are registered", store.types.len()))
            .quote(&store.place, format!("{} sections", store.sections.len())),
    }
}

/// The user's store is looked at alone.
fn hides(user: &ProgramStore, machine: &ProgramStore, hidden: &Guid, is_ours: bool) -> Judgement {
    let found =
        format!("this user's store hides the machine's: {hidden} is in the machine's alone");
    let judgement = if is_ours { Judgement::fail(found) } else { Judgement::warn(found) };
    let judgement = judgement
        .quote(&user.place, format!("{} program types", user.types.len()))
        .quote(&machine.place, format!("{} program types", machine.types.len()))
        .because(
            "where a user has a store, loaders of this user look nowhere else; what was \
             registered for everybody is not found",
        );
    let judgement = if is_ours { judgement.run("weir driver register") } else { judgement };
    judgement
        .say("or, where nobody needs this user's store, delete it:")
        .run(r"reg delete HKCU\Software\eBPF\Providers /f")
}

/// Where a value is not told, nothing contradicts.
fn is_weirs(section: &ProgramSection) -> bool {
    section.program_type.is_none_or(|it| it == PROGRAM_TYPE)
        && section.attach_type.is_none_or(|it| it == ATTACH_TYPE)
}

fn section_line(section: &ProgramSection) -> String {
    let told = |it: Option<Guid>| it.map_or_else(|| "none".to_owned(), |it| it.to_string());
    format!(
        "{}: ProgramType {}, AttachType {}",
        section.prefix,
        told(section.program_type),
        told(section.attach_type)
    )
}

pub(super) fn port(evidence: &Evidence) -> Judgement {
    let usual = LISTEN_ADDRESS.parse().ok();
    let Some(address): Option<SocketAddr> = evidence.expected.collector.or(usual) else {
        return Judgement::unknown("the default address is none", &[]);
    };
    let answers = evidence.system.as_ref().and_then(|it| it.collector_answers);
    let ranges = evidence.ports.as_deref().unwrap_or_default();
    let port = address.port();
    if answers == Some(true) {
        return Judgement::ok(format!("Weir's collector answers at {address}"));
    }
    let is_in_way = |it: &&PortRange| {
        // One that an administrator has made keeps others away, and can be listened at.
        !it.is_administered
            && it.is_ipv6 == address.is_ipv6()
            && it.first <= port
            && port <= it.last
    };
    if let Some(range) = ranges.iter().find(is_in_way) {
        return excluded(port, range);
    }
    let system = evidence.system.as_ref();
    if let Some(system) = system.filter(|it| it.collector_answers == Some(false)) {
        return Judgement::fail(format!("another program answers at {address}"))
            .quote(&system.place, "collector_answers: false")
            .because("only one program can listen at an address")
            .run(format!("netstat -ano -p tcp | findstr :{port}"))
            .say("the last number is its process: tasklist /fi \"PID eq NUMBER\"")
            .say("give Weir another one: weir run --web.listen-address 127.0.0.1:PORT");
    }
    Judgement::ok(format!("port {port} is in none of {} excluded ranges", ranges.len()))
}

/// Source: learn.microsoft.com/troubleshoot/windows-server/networking/reserve-a-range-of-ephemeral-ports
/// (read 2026-11)
fn excluded(port: u16, range: &PortRange) -> Judgement {
    Judgement::fail(format!("Windows keeps port {port} from programs"))
        .quote(&range.place, format!("{} to {}", range.first, range.last))
        .because(
            "another component, often Hyper-V or WSL, has reserved the range; the collector \
             cannot listen there",
        )
        .run("net stop winnat")
        .run(format!(
            "netsh int ipv4 add excludedportrange protocol=tcp startport={port} numberofports=1"
        ))
        .run("net start winnat")
        .say(
            "or give another one: weir run --web.listen-address 127.0.0.1:PORT, and change the \
             scrape configuration",
        )
}

pub(super) fn disk(evidence: &Evidence) -> Judgement {
    let Some(system) = &evidence.system else { return Judgement::unknown("", &[Kind::System]) };
    let Some(free) = system.disk_free_bytes else {
        return Judgement::unknown("free space is not known", &[Kind::System]);
    };
    let told = format!("{} MiB free", free >> 20);
    let quote = |it: Judgement| it.quote(&system.place, format!("disk_free_bytes: {free}"));
    if free < DISK_FREE_BYTES {
        return quote(Judgement::warn(format!("{told} where Windows is")))
            .because(
                "traces end, the audit trail stops where it may not overwrite, and Windows \
                 itself misbehaves",
            )
            .say("free space where Windows is");
    }
    quote(Judgement::ok(told))
}

pub(super) fn clock(evidence: &Evidence) -> Judgement {
    let Some(system) = &evidence.system else { return Judgement::unknown("", &[Kind::System]) };
    let place: &Place = &system.place;
    match system.clock_offset_ms {
        None => Judgement::unknown(
            "the time service does not say how far the clock is off",
            &[Kind::System],
        ),
        Some(offset) if offset.unsigned_abs() > CLOCK_OFFSET_MS => {
            Judgement::warn(format!("the clock is {offset} ms off"))
                .quote(place, format!("clock_offset_ms: {offset}"))
                .because(
                    "times of verdicts and audit records do not fit those of other \
                     machines, and TLS may refuse",
                )
                .run("w32tm /resync")
                .run("w32tm /query /status")
        }
        Some(offset) => Judgement::ok(format!("the clock is {offset} ms off"))
            .quote(place, format!("clock_offset_ms: {offset}")),
    }
}
