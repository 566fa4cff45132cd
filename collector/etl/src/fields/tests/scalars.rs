//! Every in type, every out type, and how they are written.

use super::super::{FieldType, InType, OutType, PointerSize, Value};
use super::{check, decode, schema};

/// Checks one value: its bytes and its JSON.
#[track_caller]
fn check_one(in_type: InType, out_type: OutType, bytes: &[u8], expected: &str) {
    check(
        vec![FieldType::new("f", in_type).out(out_type)],
        bytes,
        &format!("{{\"f\":{expected}}}"),
    );
}

const SYSTEM_TIME: [u8; 16] = [0xEA, 7, 11, 0, 6, 0, 21, 0, 14, 0, 21, 0, 38, 0, 123, 0];
const SID: [u8; 16] = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
const GUID: [u8; 16] = [
    0xc2, 0x33, 0xa3, 0x35, 0x21, 0x4a, 0x96, 0x50, 0x91, 0x28, 0x14, 0x37, 0xb3, 0x60, 0x6b, 0x9a,
];

#[test]
fn each_in_type_has_its_length_and_default_form() {
    let check = |number, bytes: &[u8], expected: &str| {
        check_one(InType::from_number(number), OutType::Default, bytes, expected);
    };
    check(0, b"", "null");
    check(1, b"a\0\xFC\0\0\0", "\"aü\"");
    check(2, b"abc\0", "\"abc\"");
    check(3, &[0xFF], "-1");
    check(4, &[0xFF], "255");
    check(5, &[0xFE, 0xFF], "-2");
    check(6, &[0xFE, 0xFF], "65534");
    check(7, &[0xFD, 0xFF, 0xFF, 0xFF], "-3");
    check(8, &[0xFD, 0xFF, 0xFF, 0xFF], "4294967293");
    check(9, &[0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "-4");
    check(10, &[0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "18446744073709551612");
    check(11, &1.5_f32.to_le_bytes(), "1.5");
    check(12, &(-0.25_f64).to_le_bytes(), "-0.25");
    check(13, &[0, 0, 1, 0], "true");
    check(14, &[3, 0, 0xAB, 0, 1], "\"ab0001\"");
    check(15, &GUID, "\"35a333c2-4a21-5096-9128-1437b3606b9a\"");
    check(16, &[0x10, 0, 0, 0, 0xFF, 0, 0, 0], "\"0xff00000010\"");
    check(17, &132_264_173_104_203_138_i64.to_le_bytes(), "\"2020-02-17T12:48:30.4203138Z\"");
    check(18, &SYSTEM_TIME, "\"2026-11-21T14:21:38.123Z\"");
    check(19, &SID, "\"S-1-5-32-544\"");
    check(20, &[0x1F, 0, 0, 0xA0], "\"0xa000001f\"");
    check(21, &[0x1F, 0, 0, 0, 0, 0, 0, 0], "\"0x1f\"");
    check(22, b"\x04\0a\0b\0", "\"ab\"");
    check(23, b"\x03\0abc", "\"abc\"");
    check(24, b"", "{}");
    check(25, &[2, 0, 0xAB, 0xCD], "\"abcd\"");
}

#[test]
fn each_out_type_changes_the_in_types_it_is_for() {
    use InType::{
        Ansi, Binary, CountedBinary, Hex32, Hex64, I8, I32, I64, U8, U16, U32, U64, Utf16,
    };
    check_one(U32, OutType::NoPrint, &[1, 0, 0, 0], "1");
    check_one(I8, OutType::Text, b"a", "\"a\"");
    check_one(U8, OutType::Text, &[0x80], "\"€\"");
    check_one(U16, OutType::Text, &[0xAC, 0x20], "\"€\"");
    check_one(U8, OutType::Boolean, &[2], "true");
    check_one(U8, OutType::Hex, &[10], "\"0xa\"");
    check_one(I32, OutType::Hex, &[0xFF; 4], "\"0xffffffff\"");
    check_one(U32, OutType::ProcessId, &[4, 0, 0, 0], "4");
    check_one(Hex32, OutType::ThreadId, &[8, 0, 0, 0], "8");
    check_one(U16, OutType::Port, &[0x1F, 0x90], "8080");
    check_one(U32, OutType::Ipv4, &[192, 0, 2, 1], "\"192.0.2.1\"");
    check_one(Ansi, OutType::Xml, b"<a/>\0", "\"<a/>\"");
    check_one(Utf16, OutType::Json, b"[\0]\0\0\0", "\"[]\"");
    check_one(Hex32, OutType::Win32Error, &[5, 0, 0, 0], "5");
    check_one(U32, OutType::NtStatus, &[5, 0, 0, 0xC0], "\"0xc0000005\"");
    check_one(I32, OutType::HResult, &[1, 0, 0, 0], "\"0x00000001\"");
    check_one(I64, OutType::DateTime, &[0; 8], "\"1601-01-01T00:00:00.0000000Z\"");
    check_one(U8, OutType::Signed, &[0x80], "-128");
    check_one(Hex64, OutType::Unsigned, &[9, 0, 0, 0, 0, 0, 0, 0], "9");
    check_one(
        InType::FileTime,
        OutType::DateTimeInvariant,
        &[0; 8],
        "\"1601-01-01T00:00:00.0000000Z\"",
    );
    check_one(
        InType::SystemTime,
        OutType::DateTimeUtc,
        &SYSTEM_TIME,
        "\"2026-11-21T14:21:38.123Z\"",
    );
    check_one(Ansi, OutType::Utf8, b"\xC3\xBC\xFF\0", "\"ü\u{FFFD}\"");
    check_one(InType::CountedAnsi, OutType::Xml, b"\x01\0\xFC", "\"\u{FFFD}\"");
    check_one(Ansi, OutType::Json, b"\xFC\0", "\"\u{FFFD}\"");
    check_one(Binary, OutType::Pkcs7, &[1, 0, 0x30], "\"30\"");
    check_one(U64, OutType::CodePointer, &[0xFF, 0, 0, 0, 0, 0, 0, 0], "\"0xff\"");

    let ipv6 = [&[16, 0][..], &[0x20, 1, 0x0D, 0xB8], &[0; 11], &[1]].concat();
    check_one(Binary, OutType::Ipv6, &ipv6, "\"2001:db8::1\"");
    let ipv4_port = [16, 0, 2, 0, 0x01, 0xBB, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0];
    check_one(Binary, OutType::SocketAddress, &ipv4_port, "\"192.0.2.7:443\"");
    let head = [28, 0, 23, 0, 0x01, 0xBB, 0, 0, 0, 0];
    let ipv6_port = [&head[..], &ipv6[2..], &[3, 0, 0, 0]].concat();
    check_one(CountedBinary, OutType::SocketAddress, &ipv6_port, "\"[2001:db8::1%3]:443\"");
}

#[test]
fn an_out_type_that_is_unknown_or_does_not_fit_leaves_the_in_type() {
    check_one(InType::U32, OutType::Other(77), &[7, 0, 0, 0], "7");
    check_one(InType::U32, OutType::Port, &[7, 0, 0, 0], "7");
    check_one(InType::U64, OutType::Ipv4, &[7, 0, 0, 0, 0, 0, 0, 0], "7");
    check_one(InType::I32, OutType::Utf8, &[0xFF; 4], "-1");
    check_one(InType::F32, OutType::Hex, &1.5_f32.to_le_bytes(), "1.5");
    check_one(InType::Binary, OutType::Ipv6, &[3, 0, 1, 2, 3], "\"010203\"");
    check_one(InType::Binary, OutType::SocketAddress, &[4, 0, 2, 0, 1, 2], "\"02000102\"");
    let unknown_family = [8, 0, 1, 0, 1, 2, 3, 4, 5, 6];
    check_one(InType::Binary, OutType::SocketAddress, &unknown_family, "\"0100010203040506\"");
}

#[test]
fn a_pointer_has_the_size_of_its_process() {
    let schema = schema(vec![FieldType::new("p", InType::Pointer)]);
    let decoded = schema.decode(&[1, 2, 0, 0, 9], PointerSize::Bytes4);
    assert_eq!(decoded.fields.value("p"), Some(&Value::Hex { value: 0x201, digits: 1 }));
    assert_eq!(decoded.rest, [9]);
    assert!(schema.decode(&[1, 2, 0, 0, 9], PointerSize::Bytes8).error.is_some());
}

#[test]
fn text_of_no_known_encoding_is_utf8_or_else_windows_1252() {
    check_one(InType::Ansi, OutType::Default, b"\xC3\xBC\0", "\"ü\"");
    check_one(InType::Ansi, OutType::Default, b"\xFC\x80\x81\0", "\"ü€\u{81}\"");
    check_one(InType::CountedAnsi, OutType::Default, b"\x02\0\x9F\xA0", "\"Ÿ\u{A0}\"");
}

#[test]
fn utf8_text_is_borrowed() {
    let schema = schema(vec![FieldType::new("t", InType::CountedAnsi)]);
    let decoded = decode(&schema, b"\x02\0ok");
    let value = decoded.fields.value("t");
    assert!(matches!(value, Some(Value::Text(std::borrow::Cow::Borrowed("ok")))), "{value:?}");
}

#[test]
fn half_surrogates_and_half_units_are_replaced() {
    check_one(InType::CountedUtf16, OutType::Default, b"\x04\0\x00\xD8a\0", "\"\u{FFFD}a\"");
    check_one(InType::CountedUtf16, OutType::Default, b"\x04\0\x3D\xD8\x00\xDE", "\"😀\"");
    check_one(InType::CountedUtf16, OutType::Default, b"\x03\0a\0b", "\"a\u{FFFD}\"");
    check_one(InType::U16, OutType::Text, &[0, 0xD8], "\"\u{FFFD}\"");
}

#[test]
fn counted_text_keeps_its_nuls() {
    check_one(InType::CountedAnsi, OutType::Default, b"\x03\0a\0b", r#""a\u0000b""#);
    check_one(InType::CountedUtf16, OutType::Default, b"\x04\0a\0\0\0", r#""a\u0000""#);
}

#[test]
fn text_without_its_nul_takes_the_rest() {
    check_one(InType::Ansi, OutType::Default, b"abc", "\"abc\"");
    check_one(InType::Utf16, OutType::Default, b"a\0b\0", "\"ab\"");
    check_one(InType::Utf16, OutType::Default, b"a\0b", "\"a\u{FFFD}\"");
}

#[test]
fn a_nul_of_utf16_is_two_bytes_in_step() {
    check_one(InType::Utf16, OutType::Default, b"\x01\0\0\x01\0\0", "\"\\u0001\u{100}\"");
}

#[test]
fn floats_that_json_has_no_number_for_are_text() {
    check_one(InType::F32, OutType::Default, &f32::NAN.to_le_bytes(), "\"NaN\"");
    check_one(InType::F64, OutType::Default, &f64::INFINITY.to_le_bytes(), "\"inf\"");
    check_one(InType::F64, OutType::Default, &f64::NEG_INFINITY.to_le_bytes(), "\"-inf\"");
}

#[test]
fn times_that_are_none_keep_their_numbers() {
    check_one(InType::FileTime, OutType::Default, &i64::MAX.to_le_bytes(), "9223372036854775807");
    check_one(InType::SystemTime, OutType::Default, &[0; 16], &format!("\"{}\"", "0".repeat(32)));
    let mut thirteenth = SYSTEM_TIME;
    thirteenth[2] = 13;
    let bytes = "\"ea070d00060015000e00150026007b00\"";
    check_one(InType::SystemTime, OutType::Default, &thirteenth, bytes);
}

#[test]
fn a_large_authority_of_a_sid_is_hexadecimal() {
    let sid = [1, 0, 1, 0, 0, 0, 0, 5];
    check_one(InType::Sid, OutType::Default, &sid, "\"S-1-0x010000000005\"");
}
