//! Threads: one runtime per core, each connection on one of them for as long as it lives, and one that accepts.

use std::io;
use std::net::{TcpListener, TcpStream as StdStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::admin;
use super::front::{Front, Hand, connection};
use super::gate::{Phase, until};
use super::hub::Hub;
use super::stdio::Command;
use super::upstream;

/// Accepted connections on their way to their thread.
const HANDED_MAX: usize = 256;
/// How often runs are looked through for idle ones, at most and at least.
const SWEEP: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Where the upstream is.
#[derive(Debug, Clone)]
pub enum Target {
    Http(upstream::Target),
    /// HTTP+SSE of 2024-11-05.
    Events(upstream::Target),
    Stdio(Command),
}

impl Target {
    /// True if it is the same upstream, however it is spoken to.
    pub(super) fn is(&self, other: &Target) -> bool {
        match (self, other) {
            (Target::Http(one), Target::Http(other)) => one.uri == other.uri,
            // Its streams were opened with the credentials that it had.
            (Target::Events(one), Target::Events(other)) => {
                one.uri == other.uri && one.headers == other.headers
            }
            (Target::Stdio(one), Target::Stdio(other)) => one == other,
            (Target::Http(_) | Target::Events(_) | Target::Stdio(_), _) => false,
        }
    }
}

/// The threads of a gateway that serves.
#[derive(Debug)]
pub(super) struct Threads {
    hub: Arc<Hub>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Begins to accept at whatever sockets come.
    ///
    /// # Errors
    /// If a runtime, a thread or a socket cannot be had.
    pub(super) fn start(
        hub: &Arc<Hub>,
        sockets: mpsc::UnboundedReceiver<(Arc<Front>, TcpListener)>,
        admin: Option<TcpListener>,
        workers: usize,
    ) -> io::Result<Threads> {
        let mut threads = Vec::new();
        let mut hands = Vec::new();
        for index in 0..workers.max(1) {
            let runtime = runtime()?;
            let (sender, receiver) = mpsc::channel(HANDED_MAX);
            hands.push(sender);
            let phase = hub.phases.subscribe();
            let body = move || runtime.block_on(work(receiver, phase));
            threads.push(thread::Builder::new().name(format!("http-{index}")).spawn(body)?);
        }
        let runtime = runtime()?;
        let for_thread = Arc::clone(hub);
        let body = move || runtime.block_on(accept(for_thread, sockets, admin, hands.into()));
        threads.push(thread::Builder::new().name("accept".into()).spawn(body)?);
        Ok(Threads { hub: Arc::clone(hub), threads })
    }

    /// Takes nothing new, lets what runs finish within the grace, and ends every thread and run.
    pub(super) fn stop(self) {
        let Threads { hub, threads } = self;
        hub.enter(Phase::Draining);
        let end = Instant::now() + hub.limits.grace;
        while hub.metrics.connections.get() > 0 && Instant::now() < end {
            thread::sleep(DRAIN_LOOK);
        }
        hub.enter(Phase::Over);
        for thread in threads {
            // A worker that panicked has ended, too.
            let _ = thread.join();
        }
        hub.end();
    }
}

/// How often it is looked whether all calls are done.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

async fn accept(
    hub: Arc<Hub>,
    mut sockets: mpsc::UnboundedReceiver<(Arc<Front>, TcpListener)>,
    admin: Option<TcpListener>,
    hands: Arc<[Hand]>,
) {
    if let Some(admin) = admin {
        tokio::spawn(admin::serve(Arc::clone(&hub), admin));
    }
    let mut fronts = JoinSet::new();
    let mut phase = hub.phases.subscribe();
    let mut tide = Tide::default();
    let mut sweep = tokio::time::interval((hub.limits.session_idle / 4).clamp(SWEEP.0, SWEEP.1));
    loop {
        tokio::select! {
            Some((front, socket)) = sockets.recv() => {
                fronts.spawn(front.accept(socket, Arc::clone(&hands)));
            }
            Some(_) = fronts.join_next(), if !fronts.is_empty() => {}
            _ = sweep.tick() => {
                hub.expire();
                tide.look(hub.metrics.sessions.get());
            }
            () = until(&mut phase, Phase::Draining) => break,
        }
    }
    while fronts.join_next().await.is_some() {}
    drop((sockets, hands));
    // The admin listener says that it is not ready until the very end.
    until(&mut phase, Phase::Over).await;
}

/// How many sessions there were at most since memory was given back, and when it was last looked.
#[derive(Debug, Default)]
struct Tide {
    high: i64,
    last: i64,
}

/// After so many sessions fewer, what the allocator kept of them is given back to the system.
const EBB: i64 = 1_000;
/// The same after so many where no more end: the last ones of an ebb.
const EBB_AT_REST: i64 = 100;

impl Tide {
    fn look(&mut self, sessions: i64) {
        if self.has_ebbed(sessions) {
            bailiwick_sandbox::give_back();
        }
    }

    fn has_ebbed(&mut self, sessions: i64) -> bool {
        self.high = self.high.max(sessions);
        let rests = std::mem::replace(&mut self.last, sessions) == sessions;
        let enough = if rests { EBB_AT_REST } else { EBB };
        let ebbed = self.high.saturating_sub(sessions) >= enough;
        if ebbed {
            self.high = sessions;
        }
        ebbed
    }
}

async fn work(mut handed: mpsc::Receiver<(StdStream, Arc<Front>)>, mut phase: watch::Receiver<Phase>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = handed.recv() => match stream {
                Some((stream, front)) => {
                    connections.spawn(connection(front, stream));
                }
                None => break,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    while connections.join_next().await.is_some() {}
    // What a process or a stream says to connections of other threads is heard on the thread that began it.
    until(&mut phase, Phase::Over).await;
}

/// Runs until `stop` says so. `poll` is called a few times a second; true asks for the end.
pub(super) fn wait<T>(signals: &Receiver<T>, mut each: impl FnMut(Option<T>) -> bool) {
    loop {
        let happened = match signals.recv_timeout(TICK) {
            Ok(signal) => Some(signal),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => None,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
        };
        if each(happened) {
            return;
        }
    }
}

/// How often the policy's files are looked at.
const TICK: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::Tide;

    #[test]
    fn memory_is_given_back_after_many_sessions_and_after_the_last_of_them() {
        let mut tide = Tide::default();
        let looks = [(10_000, false), (9_500, false), (8_000, true), (7_800, false), (7_800, true)];
        let more =
            [(7_800, false), (7_750, false), (7_750, false), (500, true), (0, false), (0, true), (0, false)];
        for (sessions, gives_back) in looks.into_iter().chain(more) {
            assert_eq!(tide.has_ebbed(sessions), gives_back, "{sessions}");
        }
    }
}
