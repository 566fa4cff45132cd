//! The hook on live loopback connections: a TCP proxy that really blocks.
//!
//! A client connects to a [`Proxy`] as if it were the server; the proxy shows every chunk to the
//! hook before it forwards it, so that a verdict takes effect on the very segment that brought it
//! about.
//! [`LiveHook`] is the hook behind a lock with a clock; it is never locked across an await.

mod flow;
mod hook;
mod proxy;
mod relay;

#[cfg(test)]
mod tests;

pub use hook::LiveHook;
pub use proxy::Proxy;

/// Connections of one proxy at a time.
///
/// Two sockets and two buffers each: 512 descriptors, 8 MiB.
/// At the bound the proxy accepts no more until one ends; clients wait in the listener's backlog.
pub const CONNECTIONS_MAX: usize = 256;

/// Bytes read at once, hence the largest segment: one TLS record.
///
/// A larger buffer would show a program more at once than a network card does.
pub const CHUNK_BYTES: usize = 16 * 1024;

/// How long the real server may take to accept; on loopback only a full backlog takes longer.
pub const CONNECT_TIMEOUT: core::time::Duration = core::time::Duration::from_secs(5);
