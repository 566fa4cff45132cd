//! Any bytes as a diagnostic trace, held to the bounds that its facts promise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use weir_evidence::trace::{Loads, TraceReader, code, is_noise, read, redirect};
use weir_stages::checks::facts::TEXT_BYTES_MAX;

/// What a corpus begins with: every kind of line that means something.
const SEEDS: [&str; 4] = [
    concat!(
        "[1]A.B::2026/11/21-07:00:00.000001000 [EbpfForWindowsProvider]{\"Message\":",
        "\"ebpf_object_open: loading (file)\",\"string_value\":\"a.o\",\"meta\":{\"event\":",
        "\"EbpfGenericMessage\",\"time\":\"2026-11-21T14:00:00.1Z\",\"level\":4}}\r\n",
        "[1]A.B::t [EbpfForWindowsProvider]{\"ErrorMessage\":\"ebpf_object_load returned error\",",
        "\"Error\":14,\"meta\":{\"event\":\"EbpfGenericError\",\"level\":2,\"keywords\":\"0x2\"}}\n",
    ),
    concat!(
        "[1]A.B::t [EbpfForWindowsProvider]{\"Message\":\"Program type and Attach type:\",",
        "\"*guid1\":\"{f1832a85-85d5-45b0-98a0-7069d63013b0}\",",
        "\"*guid2\":\"{00000000-0000-0000-0000-000000000000}\",\"meta\":{\"level\":4}}\n",
        "[1]A.B::t [EbpfForWindowsProvider]{\"Api\":\"DeviceIoControl\",",
        "\"last_error\":\"2001(WIN=x)\",\"meta\":{\"event\":\"EbpfApiError\",\"level\":2}}\n",
        "[1]A.B::t [EbpfForWindowsProvider]{\"Api\":\"x\",\"status\":\"0xC0000022(NT=x)\",",
        "\"meta\":{\"event\":\"EbpfApiError\",\"level\":2}}\n",
    ),
    concat!(
        "[3]10A8.0A54::2023/04/28-10:31:41.312214200 [NetEbpfExtProvider]{\"Message\":",
        "\"connect_redirect_classify\",\n\"TransportEndpointHandle\":463,\"src_ip\":\"0.0.0.0\",",
        "\"src_port\":1,\"dst_ip\":\"8.8.8.8\",\"dst_port\":2,\"redirected_ip\":\"::1\",\n",
        "\"redirected_port\":3,\"Verdict\":1,\"meta\":{\"event\":\"NetEbpfExtGenericMessage\"}}\n",
    ),
    "\u{feff}prose\n[0]0004.0568::t [Microsoft-Windows-TCPIP]plain text\n[0]1.2::",
];

fuzz_target!(
    init: {
        if let Some(folder) = std::env::var_os("WEIR_FUZZ_SEEDS") {
            for (place, seed) in SEEDS.iter().enumerate() {
                let wide: Vec<u8> = seed.encode_utf16().flat_map(u16::to_le_bytes).collect();
                for (kind, bytes) in [("text", seed.as_bytes()), ("wide", &wide)] {
                    let path = Path::new(&folder).join(format!("{kind}-{place}"));
                    std::fs::write(path, bytes).expect("a seed can be written");
                }
            }
        }
    },
    |data: &[u8]| {
        let Ok(facts) = read("t", Cursor::new(data)) else { return };
        let incidents: u64 = facts.incidents.iter().map(|it| it.count).sum();
        let causes: BTreeSet<_> = facts.incidents.iter().map(|it| it.cause).collect();
        assert!(facts.incidents.len() <= 512 + causes.len());
        for incident in &facts.incidents {
            assert!(incident.count > 0 && incident.quotes.len() <= 16);
            assert!(incident.quotes.iter().all(|it| it.text.len() <= TEXT_BYTES_MAX));
        }
        assert!(facts.redirects.len() as u64 <= facts.redirects_total);

        // Event by event it is the same, and every event can be asked everything.
        let mut reader = TraceReader::open("t", Cursor::new(data)).expect("it was read");
        let (mut loads, mut events, mut redirects, mut errors) = (Loads::default(), 0, 0, 0);
        while let Some(event) = reader.next_event().expect("it was read") {
            events += 1;
            redirects += u64::from(redirect(&event).is_some());
            let is_error = (1..=2).contains(&event.level) && !is_noise(&event);
            errors += u64::from(is_error);
            let _number = loads.take(&event);
            assert!(code(&event).is_none_or(|it| it.place < event.fields.len()));
            assert!(event.fields.iter().all(|it| it.value.as_text().len() <= TEXT_BYTES_MAX));
        }
        assert_eq!(facts.events.iter().map(|it| it.count).sum::<u64>(), events);
        assert_eq!(facts.redirects_total, redirects);
        assert!(incidents <= errors);
        assert!(loads.kept().len() as u64 <= loads.total());
    }
);
