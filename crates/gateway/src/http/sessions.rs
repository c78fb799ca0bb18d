//! The table of runs: legacy sessions by their id, and everything without a session by its principal.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailiwick_engine::{Policy, Principal};
use bailiwick_mcp::session::Sessions as Open;
use hyper::StatusCode;
use hyper::header::HeaderValue;

use super::legacy::Talks;
use super::limits::HttpLimits;
use super::office::{Account, Office};
use super::run::Run;
use super::stdio::{Server, serves};
use crate::relay::now;

/// One legacy session: between a principal and an upstream, and nobody else's.
#[derive(Debug)]
pub(super) struct Session {
    /// The id that the client has. The upstream's own never leaves the gateway.
    pub(super) id: HeaderValue,
    pub(super) run: Arc<Run>,
    /// The upstream's id, where it gave one.
    pub(super) upstream: Option<HeaderValue>,
    /// The process that serves it, over stdio.
    pub(super) server: Option<Arc<Server>>,
    /// Open event streams that no request opened.
    streams: AtomicUsize,
    ended: AtomicBool,
}

impl Session {
    /// Counts one more event stream, unless there are too many.
    pub(super) fn open_stream(self: &Arc<Session>, max: usize) -> Option<OpenStream> {
        let open = self.streams.fetch_add(1, Ordering::Relaxed);
        let counted = OpenStream(Arc::clone(self));
        (open < max).then_some(counted)
    }

    /// True if the server answers with a status that says that it does not know the session: to one that never gave any, 404 is
    /// about something else.
    pub(super) fn is_gone_by(&self, status: StatusCode) -> bool {
        status == StatusCode::NOT_FOUND && self.upstream.is_some()
    }

    /// True for the first who ends it.
    fn end(&self) -> bool {
        if let Some(server) = &self.server {
            server.close();
        }
        !self.ended.swap(true, Ordering::Relaxed)
    }
}

/// An event stream that counts while it lives.
#[derive(Debug)]
pub(super) struct OpenStream(Arc<Session>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.run.touch();
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All runs of one service.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    tables: Mutex<Tables>,
    /// Streams of clients of HTTP+SSE.
    pub(super) talks: Talks,
    /// Exchanges that are not over.
    in_hand: AtomicUsize,
}

#[derive(Debug, Default)]
struct Tables {
    accounts: HashMap<String, Arc<Account>>,
    /// Runs without a session, by what is known of their principals and what the operator lets name a run.
    alone: HashMap<Known, Arc<Run>>,
    sessions: Open<Arc<Principal>, Arc<Session>>,
}

/// Id, roles and scopes: what a rule lets one of them do, it lets no other do. Claims may change from token to token. And the
/// name of the run, if it has one.
type Known = (String, Vec<String>, Vec<String>, Option<String>);

pub(super) fn same(one: &Principal, other: &Principal) -> bool {
    (&one.id, &one.roles, &one.scopes) == (&other.id, &other.roles, &other.scopes)
}

/// Why there is no run for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRun {
    /// Too many sessions or principals.
    Full,
    /// The system gives no random bytes.
    Random,
    /// The record does not take the beginning of a run.
    Unrecorded,
}

impl Sessions {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of that id, if it is this principal's: another's is as none.
    pub(super) fn find(&self, id: &[u8], principal: &Principal) -> Option<Arc<Session>> {
        // Only its own principal keeps it in use.
        let own = self.tables().sessions.find(id, |owner| same(owner, principal)).cloned()?;
        own.run.touch();
        Some(own)
    }

    /// The run of everything that a principal does without a session, under this name if it has one.
    pub(super) fn alone(
        &self,
        office: &Arc<Office>,
        (principal, name): (&Arc<Principal>, Option<String>),
        limits: &HttpLimits,
    ) -> Result<Arc<Run>, NoRun> {
        let known = (principal.id.clone(), principal.roles.clone(), principal.scopes.clone(), name);
        let mut tables = self.tables();
        if let Some(run) = tables.alone.get(&known) {
            run.touch();
            return Ok(Arc::clone(run));
        }
        if tables.alone.len() >= limits.sessions_max {
            return Err(NoRun::Full);
        }
        let run = Arc::new(begin(office, &account(&mut tables, principal)?, principal)?);
        tables.alone.insert(known, Arc::clone(&run));
        Ok(run)
    }

    /// A run for a session that is about to begin.
    pub(super) fn begin(
        &self,
        office: &Arc<Office>,
        principal: &Arc<Principal>,
        limits: &HttpLimits,
    ) -> Result<Arc<Run>, NoRun> {
        let mut tables = self.tables();
        if tables.sessions.len() >= limits.sessions_max {
            return Err(NoRun::Full);
        }
        Ok(Arc::new(begin(office, &account(&mut tables, principal)?, principal)?))
    }

    /// The session has begun: the upstream answered `initialize`.
    pub(super) fn open(
        &self,
        run: &Arc<Run>,
        upstream: Option<HeaderValue>,
        server: Option<Arc<Server>>,
        limits: &HttpLimits,
    ) -> Result<Arc<Session>, NoRun> {
        let name = fresh().ok_or(NoRun::Random)?;
        let id = HeaderValue::from_str(&name).map_err(|_| NoRun::Random)?;
        let session = Arc::new(Session {
            id,
            run: Arc::clone(run),
            // A copy: what came in shares the buffer that it was read into, of 8 KiB.
            upstream: upstream.and_then(|id| HeaderValue::from_bytes(id.as_bytes()).ok()),
            server,
            streams: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let owner = Arc::clone(run.principal());
        let room = limits.sessions_max;
        match self.tables().sessions.open(name.into_bytes(), owner, Arc::clone(&session), room) {
            true => Ok(session),
            false => Err(NoRun::Full),
        }
    }

    /// The session of that process.
    pub(super) fn served_by(&self, server: &Arc<Server>) -> Option<Arc<Session>> {
        self.tables().sessions.iter().find(|session| serves(session, server)).cloned()
    }

    /// Takes the session off the table; true if it was still on it.
    pub(super) fn close(&self, session: &Session) -> bool {
        drop(self.tables().sessions.close(session.id.as_bytes()));
        session.end()
    }

    /// Takes off what was idle for too long.
    pub(super) fn expire(&self, limits: &HttpLimits, policy: &Policy) -> (Vec<Arc<Session>>, Vec<Arc<Run>>) {
        let now = now();
        let idle_us = u64::try_from(limits.session_idle.as_micros()).unwrap_or(u64::MAX);
        let idle = |run: &Run| now.micros_since(run.used()) > idle_us;
        let mut tables = self.tables();
        let unused = |session: &Arc<Session>| {
            (session.streams.load(Ordering::Relaxed) == 0).then(|| session.run.used())
        };
        let mut sessions = tables.sessions.expire(now, idle_us, unused);
        sessions.retain(|session| session.end());
        // A run that somebody holds is in use.
        let alone = tables.alone.extract_if(|_, run| idle(run) && Arc::strong_count(run) == 1);
        let alone: Vec<_> = alone.map(|(_, run)| run).collect();
        // What a principal used up outlives its runs for as long as a limit could ask for it.
        tables
            .accounts
            .retain(|_, account| Arc::strong_count(account) > 1 || !account.is_as_new(policy, now));
        (sessions, alone)
    }

    /// Takes all off, at the end.
    pub(super) fn drain(&self) -> Vec<Arc<Run>> {
        let mut tables = self.tables();
        let sessions = tables.sessions.drain();
        let mut runs: Vec<Arc<Run>> = tables.alone.drain().map(|(_, run)| run).collect();
        runs.extend(
            sessions.into_iter().filter(|session| session.end()).map(|session| Arc::clone(&session.run)),
        );
        runs
    }

    /// One more exchange.
    pub(super) fn take_in_hand(&self) {
        self.in_hand.fetch_add(1, Ordering::Relaxed);
    }

    /// One exchange is over.
    pub(super) fn let_go(&self) {
        self.in_hand.fetch_sub(1, Ordering::Relaxed);
    }

    /// Exchanges that are not over.
    pub(super) fn in_hand(&self) -> usize {
        self.in_hand.load(Ordering::Relaxed)
    }

    /// Every run that is on a table.
    #[cfg(test)]
    pub(super) fn runs(&self) -> Vec<Arc<Run>> {
        let tables = self.tables();
        let sessions = tables.sessions.iter().map(|session| Arc::clone(&session.run));
        sessions.chain(tables.alone.values().cloned()).collect()
    }

    /// How many legacy sessions there are.
    pub(super) fn len(&self) -> usize {
        self.tables().sessions.len()
    }
}

/// Principals whose spending is remembered. Beyond it nobody new is served: to forget one would reset its limits.
const ACCOUNTS_MAX: usize = 100_000;

fn account(tables: &mut Tables, principal: &Arc<Principal>) -> Result<Arc<Account>, NoRun> {
    if let Some(known) = tables.accounts.get(&principal.id) {
        return Ok(Arc::clone(known));
    }
    if tables.accounts.len() >= ACCOUNTS_MAX {
        return Err(NoRun::Full);
    }
    let account = Arc::<Account>::default();
    tables.accounts.insert(principal.id.clone(), Arc::clone(&account));
    Ok(account)
}

fn begin(office: &Arc<Office>, account: &Arc<Account>, principal: &Arc<Principal>) -> Result<Run, NoRun> {
    let (name, nonce) = fresh().zip(fresh()).ok_or(NoRun::Random)?;
    let run = office.run(account, principal, name, nonce);
    let noted = run.entries().note(now(), "start", |entry| {
        entry.string("mode", &format!("{:?}", office.with.mode).to_lowercase());
    });
    noted.map_err(|_| NoRun::Unrecorded)?;
    Ok(run)
}

/// 128 random bits in hexadecimal.
pub(super) fn fresh() -> Option<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
