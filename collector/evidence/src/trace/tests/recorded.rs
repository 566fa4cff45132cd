//! Samples that others wrote, where they are at hand: the guide's, and a recorded trace.

use crate::trace::read;
use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use weir_stages::checks::facts::KnownFailure::{
    self, Ioctl, NmrAttach, Verification, ZeroAttachType, ZeroProgramType,
};

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// The guide's fenced blocks that hold events.
fn samples() -> Option<Vec<String>> {
    let guide = std::fs::read_to_string(shared("reference/troubleshooting-guide.md")?).unwrap();
    let blocks = guide.split("```").skip(1).step_by(2);
    Some(blocks.filter(|it| it.contains("]{\"")).map(str::to_owned).collect())
}

fn causes(text: &str) -> Vec<(KnownFailure, u64)> {
    let facts = read("guide", Cursor::new(text)).unwrap();
    assert_eq!(facts.damage, []);
    facts.incidents.iter().map(|it| (it.cause, it.count)).collect()
}

#[test]
fn the_guides_samples_say_what_the_guide_says() {
    let Some(samples) = samples() else { return };
    let [program, attach, redirect] = &samples[..] else { panic!("{} samples", samples.len()) };
    assert_eq!(causes(program), [(ZeroProgramType, 1)]);
    assert_eq!(causes(attach), [(ZeroAttachType, 1)]);
    assert_eq!(causes(redirect), []);
    let facts = read("guide", Cursor::new(redirect)).unwrap();
    assert_eq!((facts.redirects_total, facts.events[0].count), (1, 1));
    assert_eq!(facts.redirects[0].redirected, ("127.0.0.1".to_owned(), 5555));
    assert_eq!(facts.redirects[0].destination, ("8.8.8.8".to_owned(), 6666));
}

#[test]
fn the_guides_samples_without_an_event_or_with_another_one_are_one_incident() {
    let Some(samples) = samples() else { return };
    let lines = |at: usize| -> Vec<&str> {
        samples[at].lines().filter(|line| !line.trim().is_empty()).collect()
    };
    for (at, full, last) in [(0, ZeroProgramType, Ioctl), (1, ZeroAttachType, NmrAttach)] {
        let lines = lines(at);
        assert_eq!(lines.len(), 4);
        for left in 0..4 {
            let mut kept = lines.clone();
            kept.remove(left);
            let expected = if left == 0 { last } else { full };
            assert_eq!(causes(&kept.join("\n")), [(expected, 1)], "{at} without {left}");
            assert_eq!(causes(lines[left]).len(), usize::from(left > 0 || at == 0), "{at} {left}");
        }
        let zero = "00000000-0000-0000-0000-000000000000";
        let changed = lines.join("\n").replace(zero, "11111111-0000-0000-0000-000000000000");
        assert_eq!(causes(&changed), [(last, 1)], "{at}");
    }
}

#[test]
fn the_guides_samples_are_read_in_every_encoding_and_wrapping() {
    let Some(samples) = samples() else { return };
    let utf16 = |text: &str| -> Vec<u8> {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    for sample in &samples {
        let expected = read("guide", Cursor::new(sample)).unwrap();
        let crlf = sample.replace('\n', "\r\n");
        for bytes in [
            crlf.clone().into_bytes(),
            utf16(&crlf),
            crlf.replace("\"meta\"", "\n\"meta\"").into_bytes(),
        ] {
            let facts = read("guide", Cursor::new(bytes)).unwrap();
            assert_eq!(facts.events, expected.events);
            let causes = |facts: &[weir_stages::checks::facts::Incident]| -> Vec<_> {
                facts.iter().map(|it| (it.cause, it.count, it.code.clone())).collect()
            };
            assert_eq!(causes(&facts.incidents), causes(&expected.incidents));
            assert_eq!(facts.redirects_total, expected.redirects_total);
        }
    }
}

#[test]
fn a_recorded_trace_has_one_cause_for_its_120_loads() {
    let Some(path) = shared("data/etl/ebpf-ebpforwindows.etl") else { return };
    let facts = read("recorded.etl", File::open(path).unwrap()).unwrap();
    let count = |name: &str| -> u64 {
        facts.events.iter().filter(|it| it.event == name).map(|it| it.count).sum()
    };
    for (name, expected) in [
        ("EbpfGenericMessage", 9_410),
        ("EbpfSuccess", 3_709),
        ("EbpfGenericError", 240),
        ("EbpfReturn", 240),
        ("NetEbpfExtGenericMessage", 242),
    ] {
        assert_eq!(count(name), expected, "{name}");
    }
    let [incident] = &facts.incidents[..] else { panic!("{:#?}", facts.incidents) };
    assert_eq!((incident.cause, incident.count), (Verification, 120));
    assert_eq!(incident.subject.as_deref(), Some("cgroup_sock_addr2.o"));
    assert_eq!(incident.code.as_deref(), Some("1753 (EPT_S_NOT_REGISTERED)"));
    assert_eq!(incident.calls, [weir_stages::checks::facts::FailedCall::Load]);
    assert_eq!(incident.quotes.len(), 3);
}
