//! Writes a large `wfpstate.xml`, as machines with very many filters have them:
//! `big_wfpstate FILE MEGABYTES [utf-16]`.
//!
//! One filter in ten calls a callout; the others are such as Windows' firewall writes, with a name,
//! a description, three conditions and a blob.

use std::fs::File;
use std::io::{BufWriter, Write};

/// A layer has this many filters.
const FILTERS_OF_A_LAYER: u64 = 500;

/// Writes text in the encoding that was asked for, and counts.
struct Text {
    file: BufWriter<File>,
    is_utf16: bool,
    bytes: u64,
}

impl Text {
    fn put(&mut self, text: &str) -> std::io::Result<()> {
        let bytes = match self.is_utf16 {
            true => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            false => text.as_bytes().to_vec(),
        };
        self.bytes += bytes.len() as u64;
        self.file.write_all(&bytes)
    }
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a file")?;
    let bytes_max = arguments.next().ok_or("say how many megabytes")?.parse::<u64>()? * 1_000_000;
    let is_utf16 = arguments.next().is_some_and(|it| it == "utf-16");
    let file = BufWriter::new(File::create(path)?);
    let mut text = Text { file, is_utf16, bytes: 0 };
    if is_utf16 {
        text.put("\u{feff}")?;
    }
    text.put(
        "<?xml version=\"1.0\"?>\r\n<wfpstate>\r\n\t<timeStamp>2026-11-20T10:11:12.123Z</timeStamp>\
         \r\n\t<subLayers numItems=\"1\">\r\n\t\t<item>\r\n\t\t\t<subLayerKey>\
         FWPM_SUBLAYER_UNIVERSAL</subLayerKey>\r\n\t\t\t<weight>32768</weight>\r\n\t\t</item>\r\n\t\
         </subLayers>\r\n\t<layers>\r\n",
    )?;
    let mut number = 0;
    while text.bytes < bytes_max {
        let callouts: String = (0..4).map(|place| callout(number * 4 + place)).collect();
        let start = "\t\t<item>\r\n\t\t\t<layer>\r\n\t\t\t\t<layerKey>FWPM_LAYER_STREAM_V4</layerKey>\
                     \r\n\t\t\t</layer>\r\n\t\t\t<callouts numItems=\"4\">\r\n";
        text.put(&format!("{start}{callouts}\t\t\t</callouts>\r\n\t\t\t<filters>\r\n"))?;
        for _ in 0..FILTERS_OF_A_LAYER {
            number += 1;
            text.put(&filter(number))?;
        }
        text.put("\t\t\t</filters>\r\n\t\t</item>\r\n")?;
    }
    text.put("\t</layers>\r\n</wfpstate>\r\n<firewallState>\r\n</firewallState>\r\n")?;
    text.file.flush()?;
    Ok(())
}

fn key(number: u64) -> String {
    format!("{{0badc0de-0000-4000-8000-{number:012x}}}")
}

fn callout(number: u64) -> String {
    format!(
        "\t\t\t\t<item>\r\n\t\t\t\t\t<calloutKey>{}</calloutKey>\r\n\t\t\t\t\t<displayData>\r\n\
         \t\t\t\t\t\t<name>Callout {number}</name>\r\n\t\t\t\t\t\t<description/>\r\n\
         \t\t\t\t\t</displayData>\r\n\t\t\t\t\t<flags numItems=\"1\">\r\n\
         \t\t\t\t\t\t<item>FWPM_CALLOUT_FLAG_REGISTERED</item>\r\n\t\t\t\t\t</flags>\r\n\
         \t\t\t\t\t<applicableLayer>FWPM_LAYER_STREAM_V4</applicableLayer>\r\n\
         \t\t\t\t\t<calloutId>{number}</calloutId>\r\n\t\t\t\t</item>\r\n",
        key(number)
    )
}

fn filter(number: u64) -> String {
    let action = match number % 10 {
        0 => format!(
            "<type>FWP_ACTION_CALLOUT_TERMINATING</type>\r\n\t\t\t\t\t\t<filterType>{}</filterType>",
            key(number / FILTERS_OF_A_LAYER)
        ),
        _ => "<type>FWP_ACTION_PERMIT</type>\r\n\t\t\t\t\t\t<filterType/>".to_owned(),
    };
    let condition = |field: &str, value: &str| {
        format!(
            "\t\t\t\t\t\t<item>\r\n\t\t\t\t\t\t\t<fieldKey>{field}</fieldKey>\r\n\
             \t\t\t\t\t\t\t<matchType>FWP_MATCH_EQUAL</matchType>\r\n\
             \t\t\t\t\t\t\t<conditionValue>\r\n\t\t\t\t\t\t\t\t{value}\r\n\
             \t\t\t\t\t\t\t</conditionValue>\r\n\t\t\t\t\t\t</item>\r\n"
        )
    };
    let conditions = [
        condition("FWPM_CONDITION_IP_PROTOCOL", "<type>FWP_UINT8</type><uint8>6</uint8>"),
        condition("FWPM_CONDITION_IP_LOCAL_PORT", "<type>FWP_UINT16</type><uint16>443</uint16>"),
        condition(
            "FWPM_CONDITION_ALE_APP_ID",
            "<type>FWP_BYTE_BLOB_TYPE</type><byteBlob><data>5c006400650076006900630065005c006800\
             61007200640064006900730\
             06b0076006f006c0075006d0065003300</data><asString>\\.d.e.v.i.c.e.</asString></byteBlob>",
        ),
    ]
    .concat();
    format!(
        "\t\t\t\t<item>\r\n\t\t\t\t\t<filterKey>{}</filterKey>\r\n\t\t\t\t\t<displayData>\r\n\
         \t\t\t\t\t\t<name>Rule {number} of a group &amp; its &lt;rest&gt;</name>\r\n\
         \t\t\t\t\t\t<description>Regel für einen Dienst</description>\r\n\
         \t\t\t\t\t</displayData>\r\n\t\t\t\t\t<flags numItems=\"1\">\r\n\
         \t\t\t\t\t\t<item>FWPM_FILTER_FLAG_INDEXED</item>\r\n\t\t\t\t\t</flags>\r\n\
         \t\t\t\t\t<providerKey>FWPM_PROVIDER_MPSSVC_WF</providerKey>\r\n\
         \t\t\t\t\t<layerKey>FWPM_LAYER_STREAM_V4</layerKey>\r\n\
         \t\t\t\t\t<subLayerKey>FWPM_SUBLAYER_MPSSVC_WF</subLayerKey>\r\n\
         \t\t\t\t\t<weight>\r\n\t\t\t\t\t\t<type>FWP_UINT8</type>\r\n\
         \t\t\t\t\t\t<uint8>8</uint8>\r\n\t\t\t\t\t</weight>\r\n\
         \t\t\t\t\t<filterCondition numItems=\"3\">\r\n{conditions}\t\t\t\t\t</filterCondition>\r\n\
         \t\t\t\t\t<action>\r\n\t\t\t\t\t\t{action}\r\n\t\t\t\t\t</action>\r\n\
         \t\t\t\t\t<rawContext>0</rawContext>\r\n\t\t\t\t\t<reserved/>\r\n\
         \t\t\t\t\t<filterId>{number}</filterId>\r\n\t\t\t\t\t<effectiveWeight>\r\n\
         \t\t\t\t\t\t<type>FWP_UINT64</type>\r\n\t\t\t\t\t\t<uint64>9223372036854783936</uint64>\r\n\
         \t\t\t\t\t</effectiveWeight>\r\n\t\t\t\t</item>\r\n",
        key(number)
    )
}
