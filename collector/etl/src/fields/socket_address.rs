//! Socket addresses of Windows.

use super::bytes::Bytes;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// `AF_INET`.
const FAMILY_IPV4: u16 = 2;

/// `AF_INET6` as Windows numbers it.
const FAMILY_IPV6: u16 = 23;

/// Reads a `sockaddr_in` or `sockaddr_in6`; `None` for other families and cut ones. The padding of
/// the first and the scope of the second may be missing.
///
/// Source: learn.microsoft.com/windows/win32/winsock/sockaddr-2 (read 2026-11)
pub(super) fn parse(bytes: &[u8]) -> Option<SocketAddr> {
    let mut bytes = Bytes::new(bytes);
    let family = bytes.u16()?;
    let port = u16::from_be_bytes(bytes.take_array()?);
    match family {
        FAMILY_IPV4 => {
            let address = Ipv4Addr::from(bytes.take_array::<4>()?);
            Some(SocketAddr::V4(SocketAddrV4::new(address, port)))
        }
        FAMILY_IPV6 => {
            let flow = u32::from_be_bytes(bytes.take_array()?);
            let address = Ipv6Addr::from(bytes.take_array::<16>()?);
            let scope = bytes.take_array().map_or(0, u32::from_le_bytes);
            Some(SocketAddr::V6(SocketAddrV6::new(address, port, flow, scope)))
        }
        _ => None,
    }
}
