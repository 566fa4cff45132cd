//! SHA-256 of what passes by.

use ring::digest::{Context, SHA256};
use std::io::{self, Read, Write};

/// Counts and hashes what is written through it, or copied by it.
pub(super) struct Digest {
    context: Context,
    bytes: u64,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self { context: Context::new(&SHA256), bytes: 0 }
    }

    /// Hashes what is read, and writes it on.
    pub(super) fn copy(&mut self, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let bytes = match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let read = buffer.get(..bytes).unwrap_or_default();
            self.update(read);
            to.write_all(read)?;
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// Bytes so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hash in hexadecimal, and bytes.
    pub(super) fn finish(self) -> (String, u64) {
        let hash = self.context.finish();
        (hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn the_hash_is_that_of_the_standard() {
        // The second example of FIPS 180-2, which everybody's SHA-256 is tried with.
        let mut digest = Digest::new();
        digest.copy(&mut &b"abc"[..], &mut Vec::new()).unwrap();
        assert_eq!(digest.bytes(), 3);
        assert_eq!(
            digest.finish().0,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
