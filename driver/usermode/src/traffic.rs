//! First flights of protocols, for the demo and for tests: what a client says first.

/// A TLS 1.2 record with a ClientHello for `name`, 517 bytes long where the name allows, as
/// browsers pad it.
///
/// Layout: RFC 8446 section 4.1.2, RFC 6066 section 3 (server name), RFC 7685 (padding).
#[must_use]
pub fn client_hello(name: &str) -> Vec<u8> {
    client_hello_in_records(name, usize::MAX)
}

/// The same hello cut into records of at most `record_bytes` bytes of handshake each.
#[must_use]
pub fn client_hello_in_records(name: &str, record_bytes: usize) -> Vec<u8> {
    let handshake = hello_message(name);
    let mut out = Vec::with_capacity(handshake.len() + 5);
    for part in handshake.chunks(record_bytes.max(1)) {
        out.extend_from_slice(&[22, 3, 1]);
        out.extend_from_slice(&length16(part.len()));
        out.extend_from_slice(part);
    }
    out
}

/// Bytes of a usual hello on the wire, record header included.
const HELLO_BYTES: usize = 517;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const PADDING: u16 = 21;

fn hello_message(name: &str) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend((0_u8..32).map(|byte| byte.wrapping_mul(37)));
    body.push(32);
    body.extend((0_u8..32).map(|byte| byte.wrapping_mul(91)));
    let ciphers: [u16; 6] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc030];
    body.extend_from_slice(&length16(ciphers.len() * 2));
    body.extend(ciphers.iter().flat_map(|cipher| cipher.to_be_bytes()));
    body.extend_from_slice(&[1, 0]);
    let mut extensions = extension(SUPPORTED_GROUPS, &[0, 4, 0, 29, 0, 23]);
    let mut names = vec![0];
    names.extend_from_slice(&length16(name.len()));
    names.extend_from_slice(name.as_bytes());
    let list = [length16(names.len()).as_slice(), &names].concat();
    extensions.extend(extension(SERVER_NAME, &list));
    // Record and handshake headers, the length of the extensions, the padding's own header.
    let padding = HELLO_BYTES.saturating_sub(5 + 4 + body.len() + 2 + extensions.len() + 4);
    extensions.extend(extension(PADDING, &vec![0; padding]));
    body.extend_from_slice(&length16(extensions.len()));
    body.extend(extensions);
    let [_, high, middle, low] = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[1, high, middle, low], body.as_slice()].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().as_slice(), &length16(data.len()), data].concat()
}

fn length16(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

/// A GET request as a browser sends it.
#[must_use]
pub fn http_get(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nUser-Agent: weir\r\nAccept: */*\r\nHost: {host}\r\n\r\n")
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_hello_has_517_bytes_and_consistent_lengths() {
        for name in ["a.b", "www.example.com", &"x".repeat(200)] {
            let hello = client_hello(name);
            assert_eq!(hello.len(), HELLO_BYTES, "{name}");
            assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
            assert_eq!(usize::from(hello[7]) << 8 | usize::from(hello[8]), hello.len() - 9);
        }
        assert!(client_hello(&"x".repeat(600)).len() > 600);
    }
}
