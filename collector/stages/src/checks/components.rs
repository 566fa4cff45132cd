//! WD01: services and drivers run.

use super::evidence::{Evidence, Gap, Kind};
use super::facts::{Service, ServiceFinding, ServiceState};
use super::programs::has_flow_classify;
use super::remedies::start;
use super::verdict::Judgement;
use super::windows_errors::{code_name, exit_meaning, start_type};
use weir_abi::identifiers::SECTION_PREFIX;

/// `ERROR_SERVICE_DISABLED`
const DISABLED: u32 = 1058;

/// `ERROR_SERVICE_SPECIFIC_ERROR`: the service's own code counts.
const SPECIFIC: u32 = 1066;

pub(super) fn bfe(evidence: &Evidence) -> Judgement {
    required(evidence, "bfe", "nothing is filtered, and no callout is asked, while it is down")
}

pub(super) fn ebpfcore(evidence: &Evidence) -> Judgement {
    required(evidence, "ebpfcore", "no eBPF program can be loaded without it")
}

pub(super) fn netebpfext(evidence: &Evidence) -> Judgement {
    required(
        evidence,
        "netebpfext",
        "programs of the types bind, sock_addr and sock_ops are not invoked without it",
    )
}

/// It verifies programs that are not native; native ones need no service, and newer releases
/// install none.
pub(super) fn ebpfsvc(evidence: &Evidence) -> Judgement {
    let Some(found) = evidence.services.get("ebpfsvc") else { return unasked(evidence, "ebpfsvc") };
    match found {
        ServiceFinding::Installed(it) if it.state == ServiceState::Running => running(it),
        ServiceFinding::Installed(it) => state(Judgement::warn, it)
            .because(
                "programs that are not native (.o) cannot be verified and loaded without \
                 it; native ones (.sys) can",
            )
            .steps(start("ebpfsvc")),
        ServiceFinding::NotInstalled { place, .. } => {
            Judgement::ok("ebpfsvc is not installed: only native programs (.sys) can be loaded")
                .quote(place, "1060")
        }
        refused @ ServiceFinding::Refused { .. } => doubt(refused),
    }
}

pub(super) fn weir(evidence: &Evidence) -> Judgement {
    const WHY: &str = "programs of the type flow_classify are not invoked without it";
    let Some(found) = evidence.services.get("weir") else { return unasked(evidence, "weir") };
    let ServiceFinding::NotInstalled { place, .. } = found else { return of(found, WHY) };
    if is_without_weir(evidence) {
        return Judgement::ok("Weir's driver is not installed, and nothing here needs it")
            .quote(place, "1060");
    }
    let is_needed = has_flow_classify(evidence) == Some(true);
    let verdict = if is_needed { Judgement::fail } else { Judgement::warn };
    verdict("Weir's driver is not installed".to_owned())
        .quote(place, "1060")
        .because(WHY)
        .run("weir driver install --image weir.sys")
}

/// There is no sign of Weir: neither service, nor a program of its type, nor its type's section.
pub(super) fn is_without_weir(evidence: &Evidence) -> bool {
    let mut sections = evidence.stores.iter().flat_map(|it| &it.sections);
    is_installed(evidence, "weir") == Some(false)
        && is_installed(evidence, "weir-collector") != Some(true)
        && has_flow_classify(evidence) != Some(true)
        && !sections.any(|it| it.prefix == SECTION_PREFIX)
}

pub(super) fn collector(evidence: &Evidence) -> Judgement {
    let name = "weir-collector";
    let Some(found) = evidence.services.get(name) else { return unasked(evidence, name) };
    match found {
        ServiceFinding::NotInstalled { place, .. } => {
            Judgement::ok("the collector is not installed as a service; `weir run` works without")
                .quote(place, "1060")
        }
        ServiceFinding::Installed(it) if it.state != ServiceState::Running => {
            state(Judgement::warn, it)
                .because("verdicts are enforced, and nobody records them")
                .steps(start(name))
        }
        other @ (ServiceFinding::Installed(_) | ServiceFinding::Refused { .. }) => of(other, ""),
    }
}

/// Whether a service is known to run; `None` where nobody knows.
pub(super) fn is_running(evidence: &Evidence, name: &str) -> Option<bool> {
    match evidence.services.get(name)? {
        ServiceFinding::Installed(it) => Some(it.state == ServiceState::Running),
        ServiceFinding::NotInstalled { .. } => Some(false),
        ServiceFinding::Refused { .. } => None,
    }
}

/// Whether a service is known to be installed.
pub(super) fn is_installed(evidence: &Evidence, name: &str) -> Option<bool> {
    match evidence.services.get(name)? {
        ServiceFinding::Installed(_) => Some(true),
        ServiceFinding::NotInstalled { .. } => Some(false),
        ServiceFinding::Refused { .. } => None,
    }
}

fn required(evidence: &Evidence, name: &str, why: &str) -> Judgement {
    match evidence.services.get(name) {
        Some(found) => of(found, why),
        None => unasked(evidence, name),
    }
}

fn of(found: &ServiceFinding, why: &str) -> Judgement {
    match found {
        ServiceFinding::Installed(it) => match it.state {
            ServiceState::Running => running(it),
            ServiceState::Stopped => stopped(it, why),
            ServiceState::StopPending => state(Judgement::fail, it)
                .because(format!(
                    "it waits for something that does not let go, such as a program, a flow or \
                     a filter; {why}"
                ))
                .say(
                    "look into its diagnostic trace for what it waits for; if it stays so, \
                     only a restart of the machine ends it",
                ),
            ServiceState::StartPending
            | ServiceState::ContinuePending
            | ServiceState::PausePending
            | ServiceState::Paused => state(Judgement::fail, it)
                .because(format!("{why}; it may be on its way"))
                .run(format!("sc.exe queryex {}", it.name)),
        },
        ServiceFinding::NotInstalled { name, place } => {
            let installs = match name.as_str() {
                "ebpfcore" | "netebpfext" => "install eBPF for Windows (its MSI has both drivers)",
                _ => "install it",
            };
            Judgement::fail(format!("there is no service `{name}`"))
                .quote(place, "1060")
                .because(why.to_owned())
                .say(installs)
        }
        refused @ ServiceFinding::Refused { .. } => doubt(refused),
    }
}

/// A service that runs has no code to report.
///
/// Source: learn.microsoft.com/windows/win32/api/winsvc/ns-winsvc-service_status_process
/// (read 2026-11)
fn running(service: &Service) -> Judgement {
    let code = code(service);
    if service.exit_code == 0 {
        return state(Judgement::ok, service);
    }
    let meaning = exit_meaning(code).map_or_else(|| code_name(code), |it| it.0.to_owned());
    state(Judgement::warn, service)
        .because(format!("it runs, and reports a failure of its start: {meaning}"))
        .say("its objects and its diagnostic trace say what of it works: weir doctor --trace 30s")
}

/// The code that counts.
const fn code(service: &Service) -> u32 {
    if service.exit_code == SPECIFIC { service.service_exit_code } else { service.exit_code }
}

fn stopped(service: &Service, why: &str) -> Judgement {
    let code = code(service);
    let judgement = state(Judgement::fail, service);
    let told = exit_meaning(code);
    let cause = match told {
        Some((meaning, _)) => format!("{meaning}; {why}"),
        None if code == 0 => format!("it was stopped, or never started; {why}"),
        None => format!("it ended with {}; {why}", code_name(code)),
    };
    let judgement = judgement.because(cause);
    let judgement = match told {
        Some((_, advice)) if !advice.is_empty() => {
            judgement.say(advice.replace("NAME", &service.name))
        }
        _ => judgement,
    };
    let judgement = match code {
        DISABLED => judgement.run(format!(
            "sc.exe config {} start= {}",
            service.name,
            start_type(&service.name)
        )),
        _ => judgement,
    };
    judgement.steps(start(&service.name)).say(format!(
        "if it stops again, `sc.exe queryex {}` has its exit codes, and a \
             diagnostic trace of the start says more: weir doctor --trace 30s",
        service.name
    ))
}

fn state(verdict: fn(String) -> Judgement, service: &Service) -> Judgement {
    let told = format!(
        "STATE {}, WIN32_EXIT_CODE {}, SERVICE_EXIT_CODE {}",
        service.state.name(),
        service.exit_code,
        service.service_exit_code
    );
    verdict(format!("{} is {}", service.name, service.state.name())).quote(&service.place, told)
}

fn doubt(found: &ServiceFinding) -> Judgement {
    let ServiceFinding::Refused { name, code, place } = found else {
        return Judgement::unknown("", &[Kind::Services]);
    };
    let told = format!("Windows did not say how `{name}` is: {}", code_name(*code));
    Judgement::unknown(told, &[Kind::Services]).quote(place, code.to_string())
}

/// Nobody asked about this service, or nobody answered.
fn unasked(evidence: &Evidence, name: &str) -> Judgement {
    let is_its = |gap: &&Gap| gap.which.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name));
    let why = evidence.gaps_of(Kind::Services).find(is_its).map_or("", |it| it.why.as_str());
    let found = format!("needs sc.exe queryex {name}");
    let found = if why.is_empty() { found } else { format!("{found}: {why}") };
    Judgement::unknown(found, &[Kind::Services])
}
