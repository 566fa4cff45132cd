//! Commands to type, with the right names in the right order.
//!
//! The order is that of the guide: the core is stopped before the extension, and started before it.
//! A restart detaches every program, so it is warned about where any is loaded.
//!
//! Source: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md, whose `netebpext` is a typo
//! (read 2026-11)

use super::evidence::Evidence;
use super::verdict::Step;

/// Starts a service.
pub(super) fn start(name: &str) -> Vec<Step> {
    vec![Step::Run(format!("sc.exe start {name}"))]
}

/// Restarts eBPF for Windows.
pub(super) fn restart(evidence: &Evidence) -> Vec<Step> {
    let mut steps = vec![before_restart(evidence)];
    let commands = ["stop ebpfcore", "stop netebpfext", "start ebpfcore", "start netebpfext"];
    steps.extend(commands.map(|it| Step::Run(format!("sc.exe {it}"))));
    steps.push(Step::Say(
        "if ebpfcore does not stop: sc.exe stop ebpfsvc, then the same again, then sc.exe start \
         ebpfsvc"
            .to_owned(),
    ));
    steps
}

/// Restarts Weir's driver.
pub(super) fn restart_weir(evidence: &Evidence) -> Vec<Step> {
    let commands = ["stop weir", "start weir"].map(|it| Step::Run(format!("sc.exe {it}")));
    [before_restart(evidence)].into_iter().chain(commands).collect()
}

fn before_restart(evidence: &Evidence) -> Step {
    Step::Careful(match evidence.programs.as_deref() {
        Some([]) => "no program is loaded, so a restart takes nothing away".to_owned(),
        Some(programs) => {
            let names: Vec<&str> = programs.iter().map(|it| it.name.as_str()).take(4).collect();
            let more = if programs.len() > names.len() { ", …" } else { "" };
            let count = programs.len();
            let (noun, verb) = if count == 1 { ("program", "is") } else { ("programs", "are") };
            format!(
                "do not restart while {count} {noun} {verb} loaded ({}{more}): what they decide \
                 ends with them; have whoever loaded them unload them first, and load them \
                 again afterwards",
                names.join(", ")
            )
        }
        None => "programs may be loaded, and a restart ends what they decide: look first with \
             bpftool.exe -p prog"
            .to_owned(),
    })
}
