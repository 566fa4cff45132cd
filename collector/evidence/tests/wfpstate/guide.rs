//! The samples of the troubleshooting guide, where it is at hand.

use super::read;
use std::path::Path;
use weir_stages::checks::facts::WfpState;

/// Its blocks of XML and the line on which each begins.
fn blocks(guide: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = guide.lines().enumerate();
    while let Some((place, line)) = lines.next() {
        if line.trim() == "```xml" {
            let body = lines.by_ref().map(|it| it.1).take_while(|it| it.trim() != "```");
            blocks.push((place + 2, body.map(|it| format!("{it}\n")).collect()));
        }
    }
    blocks
}

fn samples() -> Option<Vec<(usize, WfpState)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/troubleshooting-guide.md");
    let Ok(guide) = std::fs::read_to_string(path) else {
        eprintln!("skipped: the guide is not at ../shared/reference");
        return None;
    };
    let read = |(line, block): (usize, String)| {
        (line, read(&block).unwrap_or_else(|error| panic!("block of line {line}: {error}")))
    };
    Some(blocks(&guide).into_iter().map(read).collect())
}

#[test]
fn every_sample_of_the_guide_is_read() {
    let Some(samples) = samples() else { return };
    let counts: Vec<_> = samples
        .iter()
        .map(|(_, it)| (it.sublayers.len(), it.callouts.len(), it.filters.len()))
        .collect();
    assert_eq!(counts, [(3, 0, 0), (0, 1, 1), (0, 1, 1), (0, 1, 1), (0, 2, 0)]);
    for (line, sample) in &samples {
        assert!(!sample.is_whole && sample.built_in.is_empty(), "block of line {line}");
        for filter in &sample.filters {
            let callout = &sample.callouts[0];
            assert_eq!((filter.callout, &filter.layer), (Some(callout.key), &callout.layer));
            assert!(filter.sublayer.is_some() && filter.action.calls());
        }
        assert!(sample.callouts.iter().all(|it| it.is_registered()));
    }
    let weights: Vec<_> = samples[0].1.sublayers.iter().map(|it| it.weight).collect();
    assert_eq!(weights, [Some(8), Some(9), Some(10)]);
}
