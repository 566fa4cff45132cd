//! What is kept of objects.

use super::read;
use super::written::{
    CALLOUTS, FILTERS, PROVIDER, SUBLAYERS, TERMINATING, callout, filter, layer, provider, state,
    sublayer,
};
use weir_abi::identifiers::Guid;
use weir_stages::checks::facts::{Action, BuiltInKind, TEXT_BYTES_MAX};

const LAYER: &str = "FWPM_LAYER_STREAM_V4";
const OTHER: &str = "{0badc0de-0000-4000-8000-000000000001}";

#[test]
fn a_filter_that_calls_nothing_and_is_nobodys_is_counted_only() {
    let all = |action: (&str, &str), sublayer: &str| {
        let found = read(&filter(OTHER, LAYER, sublayer, action)).unwrap();
        assert_eq!(found.filters_total, 1);
        found.filters.into_iter().next()
    };
    assert_eq!(all(("FWP_ACTION_PERMIT", ""), "FWPM_SUBLAYER_UNIVERSAL"), None);
    assert_eq!(all(("FWP_ACTION_BLOCK", OTHER), OTHER), None);
    for name in ["TERMINATING", "INSPECTION", "UNKNOWN"] {
        let action = format!("FWP_ACTION_CALLOUT_{name}");
        let found = all((&action, OTHER), "").unwrap();
        assert!(found.action == Action::of(&action) && found.action.calls());
        assert_eq!((found.callout, found.sublayer), (Guid::parse(OTHER), None));
    }
    let kept = all(("FWP_ACTION_BLOCK", ""), SUBLAYERS[2].0).unwrap();
    assert_eq!(kept.action, Action::Other("FWP_ACTION_BLOCK".to_owned()));
    assert!(all(("FWP_ACTION_BLOCK", CALLOUTS[0].0), "").is_none());
    let weirs = weir_abi::identifiers::SUBLAYER.to_string();
    assert!(all(("FWP_ACTION_PERMIT", ""), &weirs).is_some());
}

#[test]
fn a_filter_of_a_known_provider_or_key_is_kept_whatever_it_does() {
    let nothing = ("FWP_ACTION_PERMIT", "");
    let text = filter(OTHER, LAYER, "", nothing);
    let text = text.replace("<providerKey/>", &format!("<providerKey>{PROVIDER}</providerKey>"));
    let found = read(&text).unwrap();
    assert_eq!(found.filters[0].provider, Guid::parse(PROVIDER));
    let key = weir_abi::identifiers::FILTERS[3].to_string();
    assert_eq!(read(&filter(&key, LAYER, "", nothing)).unwrap().filters.len(), 1);
}

#[test]
fn an_object_whose_key_is_a_name_is_windows_own() {
    let text = state(
        &provider("FWPM_PROVIDER_MPSSVC_WF", "Windows Firewall"),
        &sublayer("FWPM_SUBLAYER_UNIVERSAL", "Universal", "32768"),
        &layer(
            LAYER,
            &callout("FWPM_CALLOUT_WFP_TRANSPORT_LAYER_V4_SILENT_DROP", "Silent Drop", LAYER),
            &filter(
                OTHER,
                LAYER,
                "FWPM_SUBLAYER_UNIVERSAL",
                (TERMINATING, "FWPM_CALLOUT_WFP_TRANSPORT_LAYER_V4_SILENT_DROP"),
            ),
        ),
    );
    let found = read(&text).unwrap();
    assert!(found.providers.is_empty() && found.sublayers.is_empty() && found.callouts.is_empty());
    let kinds = [BuiltInKind::Provider, BuiltInKind::Sublayer, BuiltInKind::Callout];
    assert_eq!(found.built_in.iter().map(|it| it.kind).collect::<Vec<_>>(), kinds);
    let [provider, sublayer, callout] = &found.built_in[..] else { panic!("{found:?}") };
    assert_eq!((&*provider.key, &*provider.name), ("FWPM_PROVIDER_MPSSVC_WF", "Windows Firewall"));
    assert_eq!((sublayer.weight, &sublayer.layer), (Some(0x8000), &None));
    assert_eq!((callout.weight, callout.layer.as_deref()), (None, Some(LAYER)));
    let filter = &found.filters[0];
    assert_eq!((filter.sublayer, filter.callout), (None, None));
}

#[test]
fn a_layer_without_a_name_is_its_guid() {
    let found =
        read(&(callout(OTHER, "c", OTHER) + &filter(FILTERS[0], OTHER, "", (TERMINATING, ""))));
    let found = found.unwrap();
    assert_eq!((&*found.callouts[0].layer, &*found.filters[0].layer), (OTHER, OTHER));
}

#[test]
fn the_order_of_an_items_elements_means_nothing() {
    let text = format!(
        "<filters><item><action><filterType>{OTHER}</filterType><type>{TERMINATING}</type></action>\
         <subLayerKey>{OTHER}</subLayerKey><layerKey>{LAYER}</layerKey>\
         <displayData><description/><name>n</name></displayData><filterKey>{OTHER}</filterKey></item>\
         </filters>"
    );
    let found = read(&text).unwrap();
    assert!(found.sublayers.is_empty());
    let filter = &found.filters[0];
    assert_eq!((filter.callout, &*filter.name), (Guid::parse(OTHER), "n"));
}

#[test]
fn every_flag_is_kept_in_order() {
    let flags = "<item>FWPM_CALLOUT_FLAG_USES_PROVIDER_CONTEXT</item><item> A\n</item><item/>";
    let text =
        callout(OTHER, "c", LAYER).replace("<item>FWPM_CALLOUT_FLAG_REGISTERED</item>", flags);
    let found = read(&text).unwrap();
    assert_eq!(found.callouts[0].flags, ["FWPM_CALLOUT_FLAG_USES_PROVIDER_CONTEXT", "A"]);
    assert!(!found.callouts[0].is_registered());
}

#[test]
fn a_missing_weight_is_none_and_a_filters_weight_is_not_read() {
    assert_eq!(read(&sublayer(OTHER, "s", "")).unwrap().sublayers[0].weight, None);
    assert_eq!(read(&sublayer(OTHER, "s", "65535")).unwrap().sublayers[0].weight, Some(65535));
    let text = filter(OTHER, LAYER, "", (TERMINATING, OTHER));
    let text = text.replace("<type>FWP_EMPTY</type>", "<type>FWP_UINT64</type><uint64>-1</uint64>");
    assert!(read(&text).is_ok());
}

#[test]
fn characters_that_are_escaped_or_quoted_are_read() {
    let name = "A &amp; B &lt;&gt;&apos;&quot; &#8364;&#x20AC; <![CDATA[<&amp;]]><!-- x --> z";
    let found = read(&callout(OTHER, name, LAYER)).unwrap();
    assert_eq!(found.callouts[0].name, "A & B <>'\" €€ <&amp; z");
}

#[test]
fn a_long_text_is_cut_at_a_character_and_says_so() {
    let name = |bytes: usize| "é".repeat(bytes / 2);
    let read_name =
        |name: &str| read(&callout(OTHER, name, LAYER)).unwrap().callouts.remove(0).name;
    assert_eq!(read_name(&name(TEXT_BYTES_MAX)), name(TEXT_BYTES_MAX));
    assert_eq!(read_name(&name(TEXT_BYTES_MAX + 2)), name(TEXT_BYTES_MAX) + "…");
    assert_eq!(read_name(&format!("x{}", name(5000))), format!("x{}…", name(TEXT_BYTES_MAX - 2)));
    let pieces = format!("{}y", "x&lt;".repeat(500));
    assert_eq!(read_name(&pieces), "x<".repeat(TEXT_BYTES_MAX / 2) + "…");
}

#[test]
fn a_place_has_the_line_of_the_key_with_any_line_end() {
    for end in ["\n", "\r\n"] {
        let text = format!(
            "<!-- one{end}two -->{end}<callouts{end}numItems='1'>{end}<item>{end}{end}<calloutKey{end}\
             >{end}{OTHER}{end}</calloutKey></item></callouts>"
        );
        assert_eq!(read(&text).unwrap().callouts[0].place.line, 7);
    }
}
