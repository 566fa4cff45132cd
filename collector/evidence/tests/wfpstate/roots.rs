//! Documents, parts of documents, and what is neither.

use super::read;
use super::written::{
    CALLOUTS, FILTERS, PROVIDER, SUBLAYERS, callout, ebpf_filter, expected, layer, provider, state,
    sublayer,
};
use weir_abi::identifiers::Guid;
use weir_evidence::ReadError;
use weir_stages::checks::facts::{Action, WfpState};

/// How many of each: providers, sublayers, callouts, filters, filters in all.
fn counts(state: &WfpState) -> [usize; 5] {
    [
        state.providers.len(),
        state.sublayers.len(),
        state.callouts.len(),
        state.filters.len(),
        usize::try_from(state.filters_total).unwrap(),
    ]
}

#[test]
fn a_whole_document_gives_every_object_with_its_line() {
    let text = expected();
    let state = read(&text).unwrap();
    assert!(state.is_whole);
    assert_eq!(state.file, "state.xml");
    assert_eq!(state.time.as_deref(), Some("2026-11-20T10:11:12.123Z"));
    assert_eq!(counts(&state), [1, 3, 3, 3, 3]);
    assert!(state.built_in.is_empty());
    let line = |what: &str| {
        let place = text.find(what).unwrap();
        text[..place].matches('\n').count() as u64 + 1
    };
    let guid = |text: &str| Guid::parse(text).unwrap();
    let ebpf = guid(PROVIDER);
    assert_eq!((state.providers[0].key, &*state.providers[0].name), (ebpf, "eBPF"));
    assert_eq!(state.providers[0].place.line, line(&format!("<providerKey>{PROVIDER}")));
    for (found, (key, name, weight)) in state.sublayers.iter().zip(SUBLAYERS) {
        assert_eq!((found.key, &*found.name), (guid(key), name));
        assert_eq!((found.weight, found.provider), (weight.parse().ok(), None));
        assert_eq!(found.place.line, line(&format!("<subLayerKey>{key}")));
    }
    for (found, (key, name, layer)) in state.callouts.iter().zip(CALLOUTS) {
        assert_eq!((found.key, &*found.name, &*found.layer), (guid(key), name, layer));
        assert!(found.is_registered());
        assert_eq!(found.provider, Some(ebpf));
        assert_eq!(found.place.line, line(&format!("<calloutKey>{key}")));
    }
    for (place, found) in state.filters.iter().enumerate() {
        let sublayer = SUBLAYERS[if place == 1 { 1 } else { 0 }].0;
        assert_eq!((found.key, &*found.layer), (guid(FILTERS[place]), CALLOUTS[place].2));
        assert_eq!(found.sublayer, Some(guid(sublayer)));
        assert_eq!(found.callout, Some(guid(CALLOUTS[place].0)));
        assert_eq!(found.action, Action::Terminating);
        assert_eq!((&*found.name, found.provider), ("net eBPF sock_addr hook", None));
        assert_eq!(found.flags, ["FWPM_FILTER_FLAG_PERSISTENT"]);
        assert_eq!(found.place.line, line(&format!("<filterKey>{}", FILTERS[place])));
    }
}

#[test]
fn a_state_without_lists_of_sublayers_and_layers_is_not_whole() {
    let whole = |text: &str| read(text).unwrap().is_whole;
    assert!(whole(&state("", "", "")));
    assert!(whole("<wfpstate><subLayers/><layers numItems=\"0\"></layers></wfpstate>"));
    assert!(!whole("<wfpstate><layers/></wfpstate>"));
    assert!(!whole("<wfpstate><subLayers/></wfpstate>"));
    assert!(!whole("<wfpstate><sessions><layers/><subLayers/></sessions></wfpstate>"));
    assert!(!whole("<wfpstate/>"));
    assert!(!whole("<firewallState><layers/><subLayers/></firewallState><wfpstate/>"));
}

#[test]
fn what_show_filters_writes_is_read_and_is_no_whole_state() {
    let text = format!(
        "<?xml version=\"1.0\"?>\n<wfpdiag>\n<filters numItems=\"3\">\n{}{}{}</filters>\n\
         <providers>\n{}</providers>\n</wfpdiag>\n",
        ebpf_filter(0),
        ebpf_filter(1),
        ebpf_filter(2),
        provider(PROVIDER, "eBPF"),
    );
    let found = read(&text).unwrap();
    assert!(!found.is_whole && found.time.is_none());
    assert_eq!(counts(&found), [1, 0, 0, 3, 3]);
    assert_eq!(counts(&read("<wfpdiag/>").unwrap()), [0; 5]);
}

#[test]
fn items_without_a_root_are_read_and_are_no_whole_state() {
    let (key, name, at) = CALLOUTS[1];
    let items = callout(key, name, at) + &ebpf_filter(1);
    let found = read(&items).unwrap();
    assert_eq!((counts(&found), found.is_whole), ([0, 0, 1, 1, 1], false));
    let sublayers: String = SUBLAYERS.iter().map(|it| sublayer(it.0, it.1, it.2)).collect();
    assert_eq!(counts(&read(&sublayers).unwrap()), [0, 3, 0, 0, 0]);
    assert_eq!(counts(&read(&provider(PROVIDER, "eBPF")).unwrap()), [1, 0, 0, 0, 0]);
    // A provider's context names its provider, which is not there by that.
    let key = "<providerContextKey>FWPM_A_B</providerContextKey>";
    let context =
        provider(PROVIDER, "eBPF").replace("<providerKey>", &format!("{key}<providerKey>"));
    assert!(matches!(read(&context), Err(ReadError::Unknown { .. })));
    let (key, name, at) = CALLOUTS[1];
    for list in ["callouts numItems=\"1\"", "whatever"] {
        let end = list.split(' ').next().unwrap();
        let text = format!("<{list}>\n{}</{end}>", callout(key, name, at));
        assert_eq!(counts(&read(&text).unwrap()), [0, 0, 1, 0, 0], "{list}");
    }
}

#[test]
fn the_end_of_a_list_may_follow_items_that_were_copied_out_of_it() {
    let items = ebpf_filter(0) + "</filters>\n" + &ebpf_filter(1);
    assert_eq!(counts(&read(&items).unwrap()), [0, 0, 0, 2, 2]);
    for end in ["</item>", "</wfpstate>", "</filter>", "</filters></x>"] {
        assert!(read(&(ebpf_filter(0) + end)).is_err(), "{end}");
    }
    let whole = expected();
    assert!(read(&(whole + "</filters>")).is_err(), "a document has no such end");
}

#[test]
fn objects_are_found_wherever_they_stand_but_in_the_firewalls_state() {
    let (key, name, at) = CALLOUTS[0];
    let item = callout(key, name, at);
    let text = format!("<report><part>{item}</part></report>");
    assert_eq!(counts(&read(&text).unwrap()), [0, 0, 1, 0, 0]);
    let layers = layer(at, &item, &ebpf_filter(0));
    let text = state("", "", "") + &format!("<firewallState>{layers}</firewallState>");
    assert_eq!(counts(&read(&text).unwrap()), [0; 5]);
}

#[test]
fn what_has_no_object_and_no_known_root_is_unknown() {
    for text in ["", " \r\n\t", "<html><body>no</body></html>", "<item/>", "<!-- nothing -->"] {
        assert!(matches!(read(text), Err(ReadError::Unknown { .. })), "{text:?}");
    }
    for text in ["<filters/>", "<layers></layers>", "<wfpstate/>", "<callouts numItems=\"0\"/>"] {
        assert_eq!(counts(&read(text).unwrap()), [0; 5], "{text:?}");
    }
}
