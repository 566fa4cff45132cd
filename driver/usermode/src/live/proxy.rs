//! The listener in front of one server, and the life of its connections.

use super::flow::LiveFlow;
use super::hook::LiveHook;
use super::relay::{relay, reset};
use super::{CONNECT_TIMEOUT, CONNECTIONS_MAX};
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// Pause after a failed accept: out of descriptors, trying again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A proxy in front of one server. Dropping it ends its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 for connections that are meant for `server`.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start(hook: LiveHook, server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept_all(listener, hook, server, stopped));
        Ok(Self { address, stop: Some(stop), task })
    }

    /// Where clients connect to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection; when it returns, every flow has been deleted.
    pub async fn shutdown(mut self) {
        // Both fail only where the task has ended already.
        let _ended = self.stop.take().map(|stop| stop.send(()));
        let _ended = (&mut self.task).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept_all(
    listener: TcpListener,
    hook: LiveHook,
    server: SocketAddr,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                match accepted {
                    Ok((client, from)) => {
                        connections.spawn(connection(client, from, server, hook.clone()));
                    }
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                }
            }
        }
    }
    connections.shutdown().await;
}

/// One connection from accept to the end of both directions.
async fn connection(mut client: TcpStream, from: SocketAddr, to: SocketAddr, hook: LiveHook) {
    let Ok(Ok(mut server)) = timeout(CONNECT_TIMEOUT, TcpStream::connect(to)).await else {
        return reset(&client);
    };
    // What was one segment stays one; where it fails, segments are merely merged.
    let _merged = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
    let Ok(flow) = LiveFlow::open(&hook, from, to) else {
        reset(&server);
        return reset(&client);
    };
    relay(&mut client, &mut server, &flow).await;
}
