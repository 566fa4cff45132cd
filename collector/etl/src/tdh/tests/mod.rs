//! Descriptions built by hand, and what is made of them.

mod build;
mod events;
mod hostile;
mod manifest_files;
mod manifest_hostile;
mod manifests;
mod maps;

use super::{Catalogue, EventInfo};
use crate::fields::PointerSize;
use crate::{Body, Classic, Event, ExtendedItems, Guid, Kind, Record};
use build::{CLASS, Info, MAP_INFO, Map};

const PROVIDER: Guid = Guid([7; 16]);

/// A classic event's record.
fn record(class_type: u8, payload: &[u8]) -> Record<'_> {
    let classic = Classic { class: CLASS, class_type, level: 0, version: 0, payload };
    Record {
        kind: Kind::Full64,
        cpu: 0,
        time: None,
        stamp: None,
        process_id: None,
        thread_id: None,
        bytes: 0,
        body: Body::Classic(classic),
    }
}

/// An event without anything but what descriptions are found by.
fn event(id: u16, version: u8) -> Event<'static> {
    Event {
        provider: PROVIDER,
        id,
        version,
        channel: 16,
        level: 4,
        opcode: 0,
        task: 0,
        keyword: 0,
        processor_time: 0,
        activity_id: Guid([0; 16]),
        items: ExtendedItems::default(),
        payload: &[],
        is_damaged: false,
    }
}

fn learn(catalogue: &mut Catalogue, info: &Info) {
    catalogue.learn(&record(build::EVENT_INFO, &info.build()));
}

fn learn_map(catalogue: &mut Catalogue, map: &Map) {
    catalogue.learn(&record(MAP_INFO, &map.build()));
}

/// What a description with these maps makes of a payload, as JSON.
#[track_caller]
fn check(info: &Info, maps: &[Map], payload: &[u8], expected: &str) {
    let mut catalogue = Catalogue::default();
    // Maps last: they are found by name all the same.
    learn(&mut catalogue, info);
    maps.iter().for_each(|map| learn_map(&mut catalogue, map));
    assert_eq!((catalogue.unreadable(), catalogue.left_out()), (0, 0));
    let found: &EventInfo = catalogue.event(&event(info.id, info.version)).unwrap();
    let decoded = found.schema.decode(payload, PointerSize::Bytes8);
    assert_eq!(serde_json::to_string(&decoded.fields).unwrap(), expected);
    assert_eq!((decoded.error, decoded.rest), (None, &[][..]), "{expected}");
}
