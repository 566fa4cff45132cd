//! Captures made to order, for tests of anything that reads streams.
//!
//! Three steps: a [`Conversation`] says what two ends send, [`Framing`] turns its packets into
//! frames, [`PcapFile`] and [`PcapngFile`] turn frames into files.
//! Between the steps tests reorder, repeat, cut and lose whatever they want to.
//!
//! ```text
//! let mut talk = Conversation::v4();
//! talk.handshake();
//! talk.client(b"hello");
//! talk.close();
//! let file = PcapFile::new(LinkType::ETHERNET).packets(&Framing::ethernet(), talk.packets());
//! ```

mod conversation;
mod file;
mod framing;
mod random;

pub use conversation::{Conversation, TcpPacket};
pub use file::{PcapFile, PcapngFile, Precision};
pub use framing::Framing;
pub use random::Random;
