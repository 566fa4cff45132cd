//! WD06: events are written, heard and counted.

use super::components::is_without_weir;
use super::evidence::{Evidence, Kind};
use super::facts::{Place, Telemetry, TelemetrySample};
use super::verdict::Judgement;
use weir_abi::identifiers::PROVIDER;

/// The collector's session for everything but single invocations.
const CONTROL: &str = "weir-control";

pub(super) fn sessions(evidence: &Evidence) -> Judgement {
    if is_without_weir(evidence) {
        return Judgement::ok("nothing of Weir is installed, so nobody has to listen");
    }
    let sessions = evidence.sessions.as_deref().unwrap_or_default();
    let ours = sessions.iter().filter(|it| it.name.eq_ignore_ascii_case(CONTROL));
    let listens = ours.clone().find(|it| it.providers.contains(&PROVIDER));
    let deaf = ours.clone().find(|it| it.is_detailed && !it.providers.contains(&PROVIDER));
    match (listens, deaf, ours.clone().next()) {
        (Some(it), ..) => Judgement::ok(format!("{CONTROL} listens to Weir.FlowClassify"))
            .quote(&it.place, format!("{} {PROVIDER}", it.name)),
        (None, Some(it), _) => Judgement::fail(format!(
            "{CONTROL} is there, and Weir.FlowClassify is not enabled on it"
        ))
        .quote(&it.place, it.name.clone())
        .because("somebody changed the session, or made one of that name")
        .run(format!("logman stop {CONTROL} -ets"))
        .say("then start the collector again: sc.exe start weir-collector, or weir run"),
        (None, None, Some(it)) => Judgement::unknown(
            format!("{CONTROL} is there; what it listens to was not asked"),
            &[Kind::Sessions],
        )
        .quote(&it.place, it.name.clone()),
        (None, None, None) => {
            Judgement::warn(format!("no session {CONTROL}: no collector listens"))
                .because("verdicts are enforced all the same, and nobody records them")
                .run("weir run")
        }
    }
}

pub(super) fn session_loss(evidence: &Evidence) -> Judgement {
    let Some(telemetry) = &evidence.telemetry else {
        return Judgement::unknown("", &[Kind::Telemetry]);
    };
    let lost: Vec<&TelemetrySample> = telemetry.of("weir_etw_session_lost_total").collect();
    if lost.is_empty() {
        return unsaid(telemetry, "weir_etw_session_lost_total");
    }
    let down = above(telemetry, "weir_etw_session_up", |it| it == 0.0);
    if let Some(first) = down.first() {
        let name = first.label("session").unwrap_or("a session");
        return quoted(telemetry, Judgement::fail(format!("{name} is down")), &down)
            .because(
                "Windows ended the session, or would not start it again; nothing is heard \
                 meanwhile",
            )
            .run("logman query -ets")
            .say("end sessions that nobody needs: Windows has 64");
    }
    judged(
        telemetry,
        "weir_etw_session_lost_total",
        |it| it > 0.0,
        |count| {
            Judgement::warn(format!("sessions lost {count}"))
                .because(
                    "the collector was slower than the driver: its processor was busy, or the \
                 buffers are too small; counters are right all the same, single flows may be \
                 missing",
                )
                .say(
                    "leave out --events.invocation where nobody needs it, and give the collector \
                 more processor time",
                )
        },
    )
}

pub(super) fn gaps(evidence: &Evidence) -> Judgement {
    let Some(telemetry) = &evidence.telemetry else {
        return Judgement::unknown("", &[Kind::Telemetry]);
    };
    let odd = above(telemetry, "weir_etw_unaccounted", |it| it != 0.0 && !it.is_nan());
    if !odd.is_empty() {
        let judgement = Judgement::fail(
            "events are there that the driver did not number, or the other way round",
        )
        .because(
            "somebody else writes as Weir.FlowClassify, or driver and collector do not go together",
        )
        .say(
            "see that driver and collector are of one release, and who else may write into the \
                 session",
        )
        .run(format!("logman query {CONTROL} -ets"));
        return quoted(telemetry, judgement, &odd);
    }
    judged(
        telemetry,
        "weir_etw_events_lost_total",
        |it| it > 0.0,
        |count| {
            Judgement::warn(format!("{count} events that the driver numbered never came"))
                .because(
                    "they were lost between driver and collector; what counters say is right \
                 all the same, and the live set was asked for again",
                )
                .say("see WD0602 for sessions, WD0605 for the collector's own queue")
        },
    )
}

pub(super) fn driver(evidence: &Evidence) -> Judgement {
    let Some(telemetry) = &evidence.telemetry else {
        return Judgement::unknown("", &[Kind::Telemetry]);
    };
    let up: Vec<&TelemetrySample> = telemetry.of("weir_driver_up").collect();
    if up.is_empty() {
        return unsaid(telemetry, "weir_driver_up");
    }
    let down: Vec<&TelemetrySample> = up.iter().copied().filter(|it| it.value != 1.0).collect();
    if !down.is_empty() {
        let judgement = Judgement::fail("the collector hears nothing of the driver")
            .because(
                "the driver writes its counters each second; where none come, it does not \
                 run, or nobody's session has it enabled",
            )
            .run("sc.exe queryex weir")
            .run(format!("logman query {CONTROL} -ets"));
        return quoted(telemetry, judgement, &down);
    }
    quoted(telemetry, Judgement::ok("the driver's counters come"), &up)
}

pub(super) fn drops(evidence: &Evidence) -> Judgement {
    let Some(telemetry) = &evidence.telemetry else {
        return Judgement::unknown("", &[Kind::Telemetry]);
    };
    judged(
        telemetry,
        "weir_events_dropped_total",
        |it| it > 0.0,
        |count| {
            Judgement::warn(format!("the collector dropped {count}"))
                .because(
                    "its queue was full, or it does not know the layout of what came: driver \
                 and collector are of different releases",
                )
                .run("weir --version")
                .say("the driver's version is in weir_driver_info")
        },
    )
}

pub(super) fn audit(evidence: &Evidence) -> Judgement {
    let Some(telemetry) = &evidence.telemetry else {
        return Judgement::unknown("", &[Kind::Telemetry]);
    };
    if !telemetry.samples.iter().any(|it| it.name.starts_with("weir_audit_")) {
        return Judgement::ok("this collector keeps no audit trail");
    }
    let dropped = above(telemetry, "weir_audit_dropped_total", |it| it > 0.0);
    if !dropped.is_empty() {
        let judgement = Judgement::fail("audit records were dropped")
            .because("the trail has holes, and says where")
            .say("see docs/runbooks/WeirAuditRecordsDropped.md");
        return quoted(telemetry, judgement, &dropped);
    }
    judged(
        telemetry,
        "weir_audit_unsent_oldest_seconds",
        |it| it > AUDIT_OLDEST_SECONDS,
        |count| {
            Judgement::warn(format!("{count}: records wait to be sent"))
                .because(
                    "the receiver does not answer, or answers too slowly; nothing is lost \
                 while there is disk",
                )
                .say("see docs/runbooks/WeirAuditBacklog.md")
        },
    )
}

/// Records are sent within seconds; what has waited ten minutes is not on its way.
const AUDIT_OLDEST_SECONDS: f64 = 600.0;

fn above<'a>(
    telemetry: &'a Telemetry,
    name: &'a str,
    is_odd: fn(f64) -> bool,
) -> Vec<&'a TelemetrySample> {
    telemetry.of(name).filter(|it| is_odd(it.value)).collect()
}

/// Ok where a metric is there and no sample is odd.
fn judged(
    telemetry: &Telemetry,
    name: &str,
    is_odd: fn(f64) -> bool,
    odd_is: impl Fn(String) -> Judgement,
) -> Judgement {
    if let Some(sample) = telemetry.of(name).find(|it| it.value.is_nan()) {
        let judgement = Judgement::unknown(format!("{name} is no number"), &[Kind::Telemetry]);
        return quoted(telemetry, judgement, &[sample]);
    }
    let odd = above(telemetry, name, is_odd);
    if !odd.is_empty() {
        let values: Vec<String> = odd.iter().map(|it| line(it)).collect();
        return quoted(telemetry, odd_is(values.join(", ")), &odd);
    }
    if telemetry.of(name).next().is_none() {
        return unsaid(telemetry, name);
    }
    Judgement::ok(format!("{name} is 0 or low")).quote(&Place::new(telemetry.file.clone(), 0), name)
}

fn unsaid(telemetry: &Telemetry, name: &str) -> Judgement {
    Judgement::unknown(format!("the collector does not expose {name}"), &[Kind::Telemetry])
        .quote(&Place::new(telemetry.file.clone(), 0), name)
}

fn quoted(telemetry: &Telemetry, judgement: Judgement, samples: &[&TelemetrySample]) -> Judgement {
    let place = |it: &TelemetrySample| Place::new(telemetry.file.clone(), it.line);
    samples.iter().fold(judgement, |judgement, it| judgement.quote(&place(it), line(it)))
}

fn line(sample: &TelemetrySample) -> String {
    let labels: Vec<String> =
        sample.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    format!("{}{labels} {}", sample.name, sample.value)
}
