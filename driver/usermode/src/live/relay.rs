//! Both directions of one connection, until both have ended or one fails.

use super::CHUNK_BYTES;
use super::flow::LiveFlow;
use crate::hook::SegmentVerdict;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use weir_abi::Direction;

/// Forwards what the flow's verdicts permit and absorbs the rest.
///
/// An error at one end resets the other: to it, the connection was cut.
pub(super) async fn relay(client: &mut TcpStream, server: &mut TcpStream, flow: &LiveFlow) {
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    let ended = tokio::try_join!(
        pump(client_read, server_write, Direction::Outbound, flow),
        pump(server_read, client_write, Direction::Inbound, flow),
    );
    if ended.is_err() {
        reset(client);
        reset(server);
    }
}

/// Makes the close that follows a reset.
pub(super) fn reset(stream: &TcpStream) {
    // Where the option is refused the connection is closed cleanly instead; it ends either way.
    let _either_way = stream.set_zero_linger();
}

/// One direction: each chunk is shown to the hook before a byte of it goes on.
///
/// Absorbed bytes were read and thereby acknowledged (S16).
/// The end of the stream is passed on whatever the verdict (S19).
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    direction: Direction,
    flow: &LiveFlow,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = from.read(&mut buffer).await?;
        let data = buffer.get(..count).unwrap_or_default();
        if data.is_empty() {
            return to.shutdown().await;
        }
        match flow.segment(direction, data) {
            SegmentVerdict::Permit => to.write_all(data).await?,
            SegmentVerdict::Block => {}
        }
    }
}
