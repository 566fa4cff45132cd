//! WD02, WD07: the machine: what it lets drivers do, versions, program store, port, disk, clock.

use super::components::is_installed;
use super::evidence::{Evidence, Kind};
use super::facts::{Place, ProgramStore, Scope};
use super::programs::has_flow_classify;
use super::verdict::Judgement;
use weir_abi::identifiers::{LISTEN_ADDRESS, PROGRAM_TYPE, SECTION_PREFIX};

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
            "memory integrity (HVCI) is on: only native programs (.sys) \
             can be loaded, and each has to be signed",
        )
        .quote(&boot.place, "memory integrity on"),
        Some(false) => Judgement::ok(
            "memory integrity (HVCI) is off: programs of any kind can \
             be loaded",
        )
        .quote(&boot.place, "memory integrity off"),
        None => {
            Judgement::unknown("nothing says whether memory integrity (HVCI) is on", &[Kind::Boot])
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
    if let (Some(user), Some(machine)) = (user, machine)
        && user.exists
        && let Some(hidden) = machine.types.iter().find(|it| !user.types.contains(it))
    {
        return Judgement::warn(format!(
            "this user's store hides the machine's: {hidden} is in \
             the machine's alone"
        ))
        .quote(&user.place, format!("{} program types", user.types.len()))
        .quote(&machine.place, format!("{} program types", machine.types.len()))
        .because(
            "where a user has a store, loaders of this user look nowhere else; what \
                 was registered for everybody is not found",
        )
        .run("weir driver register")
        .say(
            "export the programs of other extensions for this user too, with their own \
                 tools, or delete HKCU\\Software\\eBPF\\Providers if nobody needs it",
        );
    }
    let holds = |store: &ProgramStore| {
        store.types.contains(&PROGRAM_TYPE)
            && store.sections.iter().any(|it| it.prefix == SECTION_PREFIX)
    };
    let read = evidence.stores.iter().find(|it| it.exists && it.scope == Scope::User).or(machine);
    match read {
        Some(store) if holds(store) => Judgement::ok("flow_classify is registered")
            .quote(&store.place, PROGRAM_TYPE.to_string()),
        Some(store) if wanted => Judgement::fail("flow_classify is not registered")
            .quote(
                &store.place,
                format!("{} program types, none is {PROGRAM_TYPE}", store.types.len()),
            )
            .because(
                "before a program is loaded, its type is looked up here; without it, it is \
                 refused or has no type",
            )
            .run("weir driver register"),
        Some(store) if store.types.is_empty() => Judgement::warn("no program type is registered")
            .quote(&store.place, "no key below ProgramData")
            .because("no program can be loaded by its section's name")
            .say("install eBPF for Windows again: its installer registers its own types"),
        Some(store) => Judgement::ok(format!("{} program types are registered", store.types.len()))
            .quote(&store.place, format!("{} sections", store.sections.len())),
        None => Judgement::unknown("the machine's store was not read", &[Kind::Store]),
    }
}

pub(super) fn port(evidence: &Evidence) -> Judgement {
    let Some(port) = LISTEN_ADDRESS.rsplit(':').next().and_then(|it| it.parse::<u16>().ok()) else {
        return Judgement::unknown("the default address has no port", &[]);
    };
    let ranges = evidence.ports.as_deref().unwrap_or_default();
    if let Some(range) = ranges.iter().find(|it| it.first <= port && port <= it.last) {
        return Judgement::fail(format!("Windows keeps port {port} from programs"))
            .quote(&range.place, format!("{} to {}", range.first, range.last))
            .because(
                "another component, often Hyper-V or WSL, has reserved the range; the \
                 collector cannot listen there",
            )
            .run("netsh int ipv4 show excludedportrange protocol=tcp")
            .say(
                "give another one: weir run --web.listen-address 127.0.0.1:PORT, and change \
                 the scrape configuration",
            );
    }
    let system = evidence.system.as_ref();
    if let Some(system) = system.filter(|it| it.collector_answers == Some(false)) {
        return Judgement::fail(format!("another program answers at {LISTEN_ADDRESS}"))
            .quote(&system.place, "collector_answers: false")
            .because("only one program can listen at an address")
            .run(format!("netstat -abno -p tcp | findstr :{port}"))
            .say("give Weir another one: weir run --web.listen-address 127.0.0.1:PORT");
    }
    Judgement::ok(format!("port {port} is in none of {} excluded ranges", ranges.len()))
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
            .run("cleanmgr /lowdisk");
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
