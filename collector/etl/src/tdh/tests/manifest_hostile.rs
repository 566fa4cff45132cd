//! Manifests that nobody's tool would build from.

use super::manifest_files::manifest;
use super::{Catalogue, PROVIDER, event};
use crate::fields::tests::values_within;
use crate::fields::{PointerSize, VALUES_MAX};
use crate::tdh::{BYTES_MAX, DESCRIPTIONS_MAX};

/// A manifest with one of everything.
fn rich() -> String {
    manifest(
        r#"<!-- all --><channels><channel chid="c" name="C"/></channels>
<tasks><task name="T" value="1"><opcodes><opcode name="O" value="10"/></opcodes></task></tasks>
<maps><valueMap name="V"><map value="1" message="$(string.one)"/></valueMap>
<bitMap name="B"><map value="0x1" message="$(string.two)"/></bitMap></maps>
<templates><template tid="a"><data name="n" inType="win:UInt8"/>
<data name="text" inType="win:UnicodeString"/><data name="v" inType="win:UInt8" map="V"/>
<struct name="s" count="n"><data name="m" inType="win:UInt8" map="B"/>
<data name="bytes" inType="win:Binary" length="m"/></struct>
<UserData><x><data> %1 </data></x></UserData></template></templates>
<events><event value="1" version="0" task="T" opcode="O" template="a" message="$(string.one)"
keywords="K" level="win:Error" channel="c" symbol="S"/></events>"#,
    )
}

/// Learns from altered bytes and decodes payloads by what is learnt; whether it was a manifest.
fn survive(bytes: &[u8]) -> bool {
    let mut catalogue = Catalogue::default();
    let learnt = catalogue.learn_manifest(bytes);
    assert!(catalogue.len() <= 1 && catalogue.bytes() <= 1 << 15, "{}", catalogue.bytes());
    if let Some(info) = catalogue.event(&event(1, 0)) {
        for payload in [&[3; 64][..], &[0; 16], &[0xff; 32], &[]] {
            let decoded = info.schema.decode(payload, PointerSize::Bytes8);
            let values = decoded.fields.iter().map(|field| values_within(&field.value));
            assert!(values.sum::<usize>() <= VALUES_MAX);
        }
    }
    learnt.is_ok()
}

#[test]
fn no_truncation_is_taken_for_a_manifest() {
    let text = rich();
    assert!(survive(text.as_bytes()));
    for length in 0..text.len() {
        assert!(!survive(&text.as_bytes()[..length]), "{length} of {}", text.len());
    }
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(survive(&utf16));
    for length in 0..utf16.len() {
        // Half a character at the end is nothing.
        assert!(!survive(&utf16[..length]) || length + 1 == utf16.len(), "{length}");
    }
}

#[test]
fn every_change_of_a_byte_is_survived() {
    let text = rich();
    for place in 0..text.len() {
        for value in [0, b' ', b'<', b'>', b'"', b'&', b'/', b'1', 0x80, 0xff] {
            let mut changed = text.clone().into_bytes();
            changed[place] = value;
            let _whether_it_is_one = survive(&changed);
        }
    }
}

#[test]
fn entities_of_its_own_are_not_replaced() {
    let bomb = format!(
        r#"<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>
<a><provider guid="{PROVIDER}" name="&y;&y;&y;"/></a>"#
    );
    let error = Catalogue::default().learn_manifest(bomb.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), "malformed");
}

#[test]
fn a_long_string_in_many_places_takes_little_memory() {
    let long = "x".repeat(1 << 20);
    let entries = r#"<map value="1" message="$(string.long)"/>"#.repeat(10_000);
    let events: String = (0..10_000)
        .map(|id| format!(r#"<event value="{id}" message="$(string.long)"/>"#))
        .collect();
    let text = format!(
        r#"<a><provider guid="{PROVIDER}" name="{long}"><maps><valueMap name="m">{entries}</valueMap>
        </maps>{events}</provider><string id="long" value="{long}"/></a>"#
    );
    let mut catalogue = Catalogue::default();
    let learnt = catalogue.learn_manifest(text.as_bytes()).unwrap();
    assert_eq!(learnt, 10_000);
    assert!(catalogue.bytes() < BYTES_MAX + (1 << 20), "{}", catalogue.bytes());
    assert_eq!(catalogue.provider(PROVIDER).map(str::len), Some(256));
    let message = catalogue.event(&event(1, 0)).unwrap().message.as_ref();
    assert_eq!(message.map(String::len), Some(4_096));
}

#[test]
fn events_beyond_what_is_kept_are_counted() {
    let events: String = (0..20_000).map(|id| format!(r#"<event value="{id}"/>"#)).collect();
    let mut catalogue = Catalogue::default();
    let learnt = catalogue.learn_manifest(manifest(&events).as_bytes());
    assert_eq!(learnt, Ok(DESCRIPTIONS_MAX));
    assert_eq!(catalogue.left_out(), 20_000 - 16_384);
}

#[test]
fn events_and_templates_that_cannot_be_are_counted() {
    let fields = r#"<data name="x" inType="win:UInt8"/>"#.repeat(1_025);
    let deep =
        (0..12).fold(String::new(), |inner, _| format!("<struct name=\"s\">{inner}</struct>"));
    let text = manifest(&format!(
        r#"<templates><template tid="many">{fields}</template>
        <template tid="deep">{deep}</template></templates>
        <events><event value="1" template="many"/><event value="2" template="deep"/>
        <event value="65536"/><event value="3" version="256"/><event value="x"/><event/>
        <event value="4" template="missing"/></events>"#
    ));
    let mut catalogue = Catalogue::default();
    assert_eq!(catalogue.learn_manifest(text.as_bytes()), Ok(1));
    assert_eq!(catalogue.unreadable(), 6);
    assert!(catalogue.event(&event(4, 0)).is_some());
}

#[test]
fn fields_that_state_nothing_fail_alone() {
    for field in [
        r#"<data name="b" inType="win:Binary" length="later"/><data name="later" inType="win:UInt8"/>"#,
        r#"<data name="b" inType="win:Binary"/>"#,
        r#"<data name="b" inType="win:Int8" count="b"/>"#,
        r#"<data name="b" inType="win:Nothing"/>"#,
        r#"<data name="b"/>"#,
        r#"<struct name="s"><data name="in" inType="win:UInt8"/></struct>
           <data name="b" inType="win:UInt8" count="in"/>"#,
    ] {
        let text = manifest(&format!(
            r#"<template tid="t"><data name="a" inType="win:UInt8"/>{field}</template>
            <event value="1" template="t"/>"#
        ));
        let mut catalogue = Catalogue::default();
        assert_eq!(catalogue.learn_manifest(text.as_bytes()), Ok(1));
        let info = catalogue.event(&event(1, 0)).unwrap();
        let decoded = info.schema.decode(&[7; 9], PointerSize::Bytes8);
        assert_eq!(decoded.error.unwrap().field, "b", "{field}");
        assert_eq!(decoded.fields.value("a").unwrap().to_string(), "7");
    }
}
