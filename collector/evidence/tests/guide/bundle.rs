//! Samples to evidence: as parts of a bundle, and with one whole document of objects.

use crate::items::{items, leaves};
use crate::samples::{Sample, Samples, XML};
use std::io::Cursor;
use weir_evidence::ReadError;
use weir_stages::checks::{Evidence, Piece};

/// How the filtering engine's objects are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each sample is a file: items that somebody copied out.
    Parts,
    /// One document has the items of all of them.
    Whole,
    /// The same, as `netsh` writes it on many machines.
    WholeUtf16,
}

/// What was read, and what could not be.
pub(crate) struct Read {
    pub(crate) evidence: Evidence,
    pub(crate) unread: Vec<ReadError>,
}

/// Reads these of the samples.
pub(crate) fn read(samples: &Samples, which: &[Sample], form: Form) -> Read {
    let mut read = Read { evidence: Evidence::default(), unread: Vec::new() };
    let is_part = |it: &Sample| form == Form::Parts || !XML.contains(it);
    for sample in which.iter().filter(|it| is_part(it)) {
        read.take(&sample.file(samples.map_id), samples.text(*sample).as_bytes());
    }
    if form != Form::Parts {
        let document = document(samples, which);
        let bytes = match form {
            Form::WholeUtf16 => utf16(&document),
            Form::Whole | Form::Parts => document.into_bytes(),
        };
        read.take("wfp/wfpstate.xml", &bytes);
    }
    read
}

impl Read {
    fn take(&mut self, file: &str, bytes: &[u8]) {
        match weir_evidence::read(file, Cursor::new(bytes)) {
            Ok(pieces) => pieces.into_iter().for_each(|it| self.evidence.add(it)),
            Err(error) => self.unread.push(error),
        }
    }

    /// What whoever knows the samples expects of them.
    pub(crate) fn expect(&mut self, samples: &Samples) {
        self.evidence.expected = samples.expected.clone();
        self.evidence.add(Piece::Object(samples.object.clone()));
    }
}

fn utf16(text: &str) -> Vec<u8> {
    ["\u{feff}", text].concat().encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A document that has the items of these samples, each in the list that it is of.
fn document(samples: &Samples, which: &[Sample]) -> String {
    let (mut sublayers, mut layers) = (String::new(), String::new());
    let mut callout_keys = Vec::new();
    for sample in which.iter().filter(|it| XML.contains(it)) {
        let text = samples.text(*sample);
        let (mut callouts, mut filters) = (String::new(), String::new());
        for item in items(text) {
            let key = leaves(text, &item).into_iter().next().unwrap();
            let list = match key.path.as_str() {
                "subLayerKey" => &mut sublayers,
                "filterKey" => &mut filters,
                _ => &mut callouts,
            };
            // The sample of others repeats a callout that is in another sample.
            if *sample == Sample::Others && callout_keys.contains(&key.value) {
                continue;
            }
            callout_keys.push(key.value);
            *list += &text[item];
            list.push('\n');
        }
        if !(callouts.is_empty() && filters.is_empty()) {
            layers += &format!(
                "<item>\n<layer>\n<layerKey>FWPM_LAYER_OF_A_TEST</layerKey>\n<layerId>1</layerId>\n\
                 </layer>\n<callouts>\n{callouts}</callouts>\n<filters>\n{filters}</filters>\n\
                 </item>\n"
            );
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<wfpstate>\n\
         <timeStamp>2026-11-22T10:00:00.000Z</timeStamp>\n<subLayers>\n{sublayers}</subLayers>\n\
         <layers>\n{layers}</layers>\n</wfpstate>\n<firewallState/>\n"
    )
}
