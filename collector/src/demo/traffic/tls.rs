//! TLS records that a server answers with, as they look on the wire.
//!
//! Nothing is encrypted: the sample programs read the ClientHello and no more.
//! Source: RFC 8446, sections 4.1.2, 4.2 and 5.1; RFC 6066, section 3.

use super::random::Random;

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Bytes of a record's header.
pub(super) const HEADER_BYTES: usize = 5;

/// A ServerHello record and what follows it before encrypted data.
pub(super) fn server_hello(random: &mut Random) -> Vec<u8> {
    let share = [&[0x00, 0x1d][..], &prefixed::<2>(&[&random.bytes(32)])].concat();
    let extensions = [extension(0x002b, &[0x03, 0x04]), extension(0x0033, &share)].concat();
    let body = [
        vec![0x03, 0x03],
        random.bytes(32),
        prefixed::<1>(&[&random.bytes(32)]),
        vec![0x13, 0x01, 0x00],
        prefixed::<2>(&[&extensions]),
    ]
    .concat();
    [record(HANDSHAKE, 0x03, &handshake(2, &body)), record(CHANGE_CIPHER_SPEC, 0x03, &[1])].concat()
}

/// A record that looks encrypted.
pub(super) fn application_data(bytes: usize, random: &mut Random) -> Vec<u8> {
    record(APPLICATION_DATA, 0x03, &random.bytes(bytes))
}

/// Bytes of the body that a record's header announces.
pub(super) fn body_bytes(header: [u8; HEADER_BYTES]) -> usize {
    let [_, _, _, high, low] = header;
    usize::from(u16::from_be_bytes([high, low]))
}

fn record(kind: u8, minor: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0x03, minor][..], &prefixed::<2>(&[body])].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &prefixed::<3>(&[body])].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &prefixed::<2>(&[data])].concat()
}

/// The parts behind their length in `N` big-endian bytes.
fn prefixed<const N: usize>(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = body.len().to_be_bytes();
    let (_, length) = length.split_at(length.len() - N);
    [length, &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_a_server_hello_agree_with_what_they_enclose() {
        let hello = server_hello(&mut Random::new(1));
        let (header, rest) = hello.split_first_chunk::<HEADER_BYTES>().unwrap();
        let (body, next) = rest.split_at(body_bytes(*header));
        assert_eq!((header[0], next[0]), (HANDSHAKE, CHANGE_CIPHER_SPEC));
        assert_eq!(body[..4], [2, 0, 0, u8::try_from(body.len() - 4).unwrap()]);
    }
}
