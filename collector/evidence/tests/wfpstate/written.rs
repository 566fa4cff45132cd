//! Documents for tests, as `netsh wfp show state` lays them out.

/// The eBPF sublayers of the guide: key, name, weight.
pub(crate) const SUBLAYERS: [(&str, &str, &str); 3] = [
    ("{7c7b3fb9-3331-436a-98e1-b901df457fff}", "EBPF Sub-Layer", "8"),
    ("{98849e12-b07d-11ec-9a30-18602489beee}", "EBPF CGroup Connect V4 Sub-Layer", "9"),
    ("{98849e13-b07d-11ec-9a30-18602489beee}", "EBPF CGroup Connect V6 Sub-Layer", "10"),
];

/// eBPF callouts of the guide: key, name, layer.
pub(crate) const CALLOUTS: [(&str, &str, &str); 3] = [
    (
        "{98849e0f-b07d-11ec-9a30-18602489beee}",
        "ALE Connect Redirect eBPF Callout v4",
        "FWPM_LAYER_ALE_CONNECT_REDIRECT_V4",
    ),
    (
        "{98849e10-b07d-11ec-9a30-18602489beee}",
        "ALE Connect Redirect eBPF Callout v6",
        "FWPM_LAYER_ALE_CONNECT_REDIRECT_V6",
    ),
    (
        "{98849e0b-b07d-11ec-9a30-18602489beee}",
        "ALE Authorize Connect eBPF Callout v4",
        "FWPM_LAYER_ALE_AUTH_CONNECT_V4",
    ),
];

/// The filters that call them, in the same order.
pub(crate) const FILTERS: [&str; 3] = [
    "{d18b796a-2018-408e-af4a-ac1978b5a364}",
    "{162acb09-0cd9-4b80-b7a7-bdd653cca03a}",
    "{f202cbe9-da2b-41bc-8db0-b25a799531b5}",
];

/// eBPF's provider.
pub(crate) const PROVIDER: &str = "{ddb851f5-841a-4b77-8a46-bb7063e9f162}";

pub(crate) const TERMINATING: &str = "FWP_ACTION_CALLOUT_TERMINATING";

fn display(name: &str) -> String {
    format!(
        "<displayData>\n<name>{name}</name>\n<description>of a test</description>\n</displayData>"
    )
}

pub(crate) fn provider(key: &str, name: &str) -> String {
    let display = display(name);
    format!(
        "<item>\n<providerKey>{key}</providerKey>\n{display}\n<flags/>\n<serviceName/>\n</item>\n"
    )
}

pub(crate) fn sublayer(key: &str, name: &str, weight: &str) -> String {
    format!(
        "<item>\n<subLayerKey>{key}</subLayerKey>\n{}\n<flags/>\n<providerKey/>\n<providerData/>\n\
         <weight>{weight}</weight>\n</item>\n",
        display(name)
    )
}

pub(crate) fn callout(key: &str, name: &str, layer: &str) -> String {
    format!(
        "<item>\n<calloutKey>{key}</calloutKey>\n{}\n<flags numItems=\"1\">\n\
         <item>FWPM_CALLOUT_FLAG_REGISTERED</item>\n</flags>\n\
         <providerKey>{PROVIDER}</providerKey>\n<providerData/>\n\
         <applicableLayer>{layer}</applicableLayer>\n<calloutId>300</calloutId>\n</item>\n",
        display(name)
    )
}

/// A filter; what it does and what it calls are `action`.
pub(crate) fn filter(key: &str, layer: &str, sublayer: &str, action: (&str, &str)) -> String {
    let (action, callout) = action;
    format!(
        "<item>\n<filterKey>{key}</filterKey>\n{}\n<flags numItems=\"1\">\n\
         <item>FWPM_FILTER_FLAG_PERSISTENT</item>\n</flags>\n<providerKey/>\n<providerData/>\n\
         <layerKey>{layer}</layerKey>\n<subLayerKey>{sublayer}</subLayerKey>\n\
         <weight>\n<type>FWP_EMPTY</type>\n</weight>\n\
         <filterCondition numItems=\"1\">\n<item>\n<fieldKey>FWPM_CONDITION_IP_PROTOCOL</fieldKey>\n\
         <matchType>FWP_MATCH_EQUAL</matchType>\n<conditionValue>\n<type>FWP_UINT8</type>\n\
         <uint8>6</uint8>\n</conditionValue>\n</item>\n</filterCondition>\n\
         <action>\n<type>{action}</type>\n<filterType>{callout}</filterType>\n</action>\n\
         <rawContext>18446624845314639248</rawContext>\n<reserved/>\n<filterId>68244</filterId>\n\
         <effectiveWeight>\n<type>FWP_UINT64</type>\n<uint64>0</uint64>\n</effectiveWeight>\n</item>\n",
        display("net eBPF sock_addr hook")
    )
}

/// The guide's filter of this place.
pub(crate) fn ebpf_filter(place: usize) -> String {
    let sublayer = SUBLAYERS[if place == 1 { 1 } else { 0 }].0;
    filter(FILTERS[place], CALLOUTS[place].2, sublayer, (TERMINATING, CALLOUTS[place].0))
}

/// A layer with its callouts and filters.
pub(crate) fn layer(key: &str, callouts: &str, filters: &str) -> String {
    format!(
        "<item>\n<layer>\n<layerKey>{key}</layerKey>\n{}\n<flags/>\n<field numItems=\"1\">\n<item>\n\
         <fieldKey>FWPM_CONDITION_IP_PROTOCOL</fieldKey>\n<type>FWPM_FIELD_RAW_DATA</type>\n\
         <dataType>FWP_UINT8</dataType>\n</item>\n</field>\n\
         <defaultSubLayerKey>FWPM_SUBLAYER_UNIVERSAL</defaultSubLayerKey>\n<layerId>64</layerId>\n\
         </layer>\n<callouts>\n{callouts}</callouts>\n<filters>\n{filters}</filters>\n</item>\n",
        display("a layer")
    )
}

/// A whole document, without the second root.
pub(crate) fn state(providers: &str, sublayers: &str, layers: &str) -> String {
    format!(
        "<wfpstate>\n<timeStamp>2026-11-20T10:11:12.123Z</timeStamp>\n<sessions numItems=\"1\">\n\
         <item>\n<sessionKey>{{00000000-0000-0000-0000-0000000000aa}}</sessionKey>\n{}\n<flags/>\n\
         <processId>4</processId>\n</item>\n</sessions>\n<providers>\n{providers}</providers>\n\
         <providerContexts numItems=\"1\">\n<item>\n\
         <providerContextKey>{{00000000-0000-0000-0000-0000000000bb}}</providerContextKey>\n{}\n\
         <flags/>\n<providerKey>{PROVIDER}</providerKey>\n<providerData/>\n</item>\n\
         </providerContexts>\n<subLayers>\n{sublayers}</subLayers>\n<layers>\n{layers}</layers>\n\
         </wfpstate>\n",
        display("a session"),
        display("a context")
    )
}

/// What the guide expects, as a whole document with both roots.
pub(crate) fn expected() -> String {
    let sublayers: String = SUBLAYERS.iter().map(|it| sublayer(it.0, it.1, it.2)).collect();
    let layers: String = (0..3)
        .map(|place| {
            let (key, name, at) = CALLOUTS[place];
            layer(at, &callout(key, name, at), &ebpf_filter(place))
        })
        .collect();
    let state = state(&provider(PROVIDER, "eBPF"), &sublayers, &layers);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{state}<firewallState>\n\
         <dynamicKeywordAddresses/>\n</firewallState>\n"
    )
}

/// As UTF-16 without a mark.
pub(crate) fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    let bytes = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}

/// Small sound files, of every kind and encoding, with which a fuzzer begins.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let whole = expected();
    let fragment = format!("{}</filters>\n", callout(CALLOUTS[0].0, "x", "y") + &ebpf_filter(0));
    let diagnosis = format!("<wfpdiag>\n<filters>\n{}</filters>\n</wfpdiag>\n", ebpf_filter(1));
    let texts = "<item><subLayerKey>FWPM_SUBLAYER_UNIVERSAL</subLayerKey><displayData><name>&lt;\
                 &#x20ac;<![CDATA[<]]><!-- - --></name></displayData><?x y?></item>";
    let marked = [b"\xef\xbb\xbf", fragment.as_bytes()].concat();
    let little = [b"\xff\xfe", &utf16(&diagnosis, false)[..]].concat();
    let big = utf16(&fragment, true);
    let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
    vec![
        whole.into_bytes(),
        fragment.into_bytes(),
        diagnosis.into_bytes(),
        texts.into(),
        marked,
        little,
        big,
        bomb.into(),
    ]
}
