//! Where the processes of a server are started, and where those of no session wait for work.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bailiwick_mcp::Limits;
use bailiwick_sandbox::{Launch, StandardError, launch};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};

use super::super::desk::Desk;
use super::super::exchange::Exchange;
use super::super::legacy_upstream;
use super::super::limits::HttpLimits;
use super::super::pipe::{Heard, Pipe};
use super::super::run::Run;
use super::{Command, Server, Source, hear};

/// A server that lived shorter than this failed, and the next is waited with.
const LIVED: Duration = Duration::from_secs(5);
/// The first wait after a failure; it doubles up to the last.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// How long a request waits for a free process.
const ROOM_TIME: Duration = Duration::from_secs(10);
/// How long TERM may take before KILL.
const KILL_AFTER: Duration = Duration::from_secs(2);

/// What is said where no process comes free.
const NO_ROOM: &str = "too many servers run; see `--max-processes`";

/// Where processes are started, and those that wait for work.
#[derive(Debug)]
pub(in crate::http) struct Stable {
    source: Source,
    room: Arc<Semaphore>,
    /// Failures in a row, and when the next start may be.
    failures: Mutex<(u32, Option<Instant>)>,
    /// Processes without work, the oldest first, with the run that each is for: what one says is heard by that run alone.
    idle: Mutex<Vec<(Arc<Run>, Arc<Server>)>>,
    /// One came back.
    given_back: Notify,
}

impl Stable {
    pub(in crate::http) fn new(source: Source, http: &HttpLimits) -> Stable {
        let room = match &source {
            Source::Command(command) => command.processes_max,
            Source::Events(_) => http.sessions_max,
        };
        let room = Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS)));
        Stable { source, room, failures: Mutex::default(), idle: Mutex::default(), given_back: Notify::new() }
    }

    /// Starts a process for the run of `exchange`, after the wait that earlier failures ask for.
    pub(super) async fn start(self: &Arc<Stable>, exchange: &Exchange) -> Result<Arc<Server>, &'static str> {
        self.rest().await;
        self.make_room();
        let room = timeout(ROOM_TIME, Arc::clone(&self.room).acquire_owned()).await;
        let Ok(Ok(room)) = room else { return Err(NO_ROOM) };
        self.start_in(room, exchange).await
    }

    /// The same where there is room for it.
    async fn start_in(
        self: &Arc<Stable>,
        room: OwnedSemaphorePermit,
        exchange: &Exchange,
    ) -> Result<Arc<Server>, &'static str> {
        let gate = &exchange.here.gate;
        let limits = gate.office.with.limits;
        let started = match &self.source {
            Source::Command(command) => process(command.clone(), limits).await,
            Source::Events(target) => legacy_upstream::connect(target, &limits, &gate.limits).await,
        };
        let (pipe, heard) = started.inspect_err(|_| self.ended(Duration::ZERO, false))?;
        let server = Arc::new(Server { pipe: Mutex::new(Some(pipe)), desk: Desk::default(), _room: room });
        tokio::spawn(hear(Arc::clone(self), Arc::clone(&server), exchange.clone(), heard));
        Ok(server)
    }

    async fn rest(&self) {
        let wait = self.failures.lock().unwrap_or_else(PoisonError::into_inner).1;
        if let Some(wait) = wait.map(|until| until.saturating_duration_since(Instant::now())) {
            sleep(wait).await;
        }
    }

    /// Takes note of how long a process lived; one that was told to end did not fail.
    pub(super) fn ended(&self, lived: Duration, told: bool) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if told || lived >= LIVED {
            *failures = (0, None);
            return;
        }
        let wait = WAITS.0.saturating_mul(1 << failures.0.min(16)).min(WAITS.1);
        *failures = (failures.0.saturating_add(1), Some(Instant::now() + wait));
    }

    /// A process that has nothing else to do, for one exchange without a session: one of its run that comes back meanwhile,
    /// or a new one.
    pub(super) async fn take(self: &Arc<Stable>, exchange: &Exchange) -> Result<Arc<Server>, &'static str> {
        let mut late = pin!(sleep(ROOM_TIME));
        let mut room = pin!(Arc::clone(&self.room).acquire_owned());
        let mut made_room = false;
        let server = loop {
            let mut given_back = pin!(self.given_back.notified());
            // From here on, before it is looked: what comes back in between is not missed.
            given_back.as_mut().enable();
            if let Some(server) = self.idle_of(exchange) {
                break server;
            }
            if !std::mem::replace(&mut made_room, true) {
                self.rest().await;
                self.make_room();
                late.as_mut().reset(tokio::time::Instant::now() + ROOM_TIME);
            }
            tokio::select! {
                room = room.as_mut() => break self.start_in(room.map_err(|_| NO_ROOM)?, exchange).await?,
                () = given_back => {}
                () = late.as_mut() => return Err(NO_ROOM),
            }
        };
        server.desk.enter(exchange.lane);
        Ok(server)
    }

    fn idle_of(&self, exchange: &Exchange) -> Option<Arc<Server>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, server)| !server.desk.is_over());
        let own = idle.iter().position(|(run, _)| Arc::ptr_eq(run, &exchange.run))?;
        Some(idle.remove(own).1)
    }

    /// Where there is no room, what has waited for work the longest, for whatever run, ends.
    fn make_room(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if self.room.available_permits() == 0 && !idle.is_empty() {
            idle.remove(0).1.close();
        }
    }

    /// Gives it back, once the exchange is over and nothing of it can come any more.
    pub(super) fn give_back(&self, exchange: &Exchange, server: Arc<Server>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((Arc::clone(&exchange.run), server));
        drop(idle);
        self.given_back.notify_waiters();
    }

    /// Ends a process that had nothing to do for long.
    pub(super) fn retire(&self, server: &Arc<Server>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = idle.iter().position(|(_, known)| Arc::ptr_eq(known, server)) {
            idle.remove(own).1.close();
        }
    }

    /// Ends what waits for work.
    pub(in crate::http) fn clear(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        idle.into_iter().for_each(|(_, server)| server.close());
    }
}

async fn process(command: Command, limits: Limits) -> Result<(Pipe, mpsc::Receiver<Heard>), &'static str> {
    let started = tokio::task::spawn_blocking(move || {
        let (program, args) = command.words.split_first()?;
        let server = launch(&Launch {
            program,
            args,
            environment: &[],
            supervisor: command.supervisor.clone(),
            grace: KILL_AFTER,
            standard_error: StandardError::Inherit,
            adopt: false,
        });
        Pipe::connect(server.ok()?, &limits).ok()
    });
    started.await.ok().flatten().ok_or("the server cannot be started")
}
