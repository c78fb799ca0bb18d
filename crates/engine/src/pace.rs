//! How fast messages come that no rule is about: pings, progress, log lines, and news that a list changed.

use bailiwick_mcp::{Direction, Message, Method, Timestamp};
use bailiwick_policy::{GuardAction, Paced, Rate};

use crate::decision::{Lane, Reason};
use crate::engine::{Engine, Judgement};
use crate::reply::{DENIED, Refusal};

/// The buckets of a run, and of which changes its client was told. Constant in size.
#[derive(Debug, Default)]
pub(crate) struct Paces {
    /// Of what goes to the server, and of what goes to the client.
    ping: [Bucket; 2],
    progress: [Bucket; 2],
    log: Bucket,
    /// By [`List`].
    changed: [Bucket; 3],
    /// How often the client has asked for each of them.
    asked: [u64; 3],
    /// What was told outside of a subscription.
    told: Told,
}

/// By [`List`], when its last change was told: in which exchange, and how often the list had been asked for by then.
pub(crate) type Told = [Option<(Lane, u64)>; 3];

/// A kind of list whose changes a server tells.
#[derive(Debug, Clone, Copy)]
enum List {
    Tools,
    Prompts,
    Resources,
}

/// A leaky bucket. What does not fit leaves it as it is.
#[derive(Debug, Default)]
struct Bucket {
    level: f64,
    at: Timestamp,
}

/// What rounding may add to a level.
const ROUNDING: f64 = 1e-6;

impl Engine {
    /// A ping above its pace is answered by us.
    pub(crate) fn ping_too_fast<'a>(&mut self, row: &Method, direction: Direction) -> Option<Judgement<'a>> {
        if row.name != "ping" {
            return None;
        }
        let rate = self.policy.guards().pace(Paced::Ping)?;
        if towards(direction, &mut self.run.paces.ping).takes(rate, self.now) {
            return None;
        }
        let mut judgement = Judgement::deny(too_fast(Paced::Ping, rate), Refusal::Silent);
        judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
        Some(judgement)
    }

    /// What stands against one more word of progress.
    pub(crate) fn progress_too_fast(&mut self, direction: Direction) -> Option<Reason> {
        let rate = self.policy.guards().pace(Paced::Progress)?;
        let takes = towards(direction, &mut self.run.paces.progress).takes(rate, self.now);
        (!takes).then(|| too_fast(Paced::Progress, rate))
    }

    /// What stands against one more log line of the server, and against news that a list changed: of those only what the client
    /// knows already, so that whoever lists anew hears of the next change, however fast they come.
    pub(crate) fn news_too_fast(&mut self, message: &Message<'_>) -> Option<Reason> {
        let method = message.method()?;
        if method == "notifications/message" {
            let rate = self.policy.guards().pace(Paced::Log)?;
            let takes = self.run.paces.log.takes(rate, self.now);
            return (!takes).then(|| too_fast(Paced::Log, rate));
        }
        let list = List::changed_by(method)?;
        let rate = self.policy.guards().pace(Paced::ListChanged)?;
        if list.of(&mut self.run.paces.changed).takes(rate, self.now) {
            return None;
        }
        let now = (self.run.lane(), *list.of(&mut self.run.paces.asked));
        let is_known = self.told_of(list, message).is_some_and(|told| *told == Some(now));
        let rate = self.policy.guards().pace(Paced::ListChanged)?;
        is_known.then(|| too_fast(Paced::ListChanged, rate))
    }

    /// News of the server went on.
    pub(crate) fn note_told(&mut self, message: &Message<'_>) {
        let Some(list) = message.method().and_then(List::changed_by) else { return };
        let now = (self.run.lane(), *list.of(&mut self.run.paces.asked));
        if let Some(told) = self.told_of(list, message) {
            *told = Some(now);
        }
    }

    /// Each subscription (2026-07-28) is told by itself: several clients may share a run.
    fn told_of(&mut self, list: List, message: &Message<'_>) -> Option<&mut Option<(Lane, u64)>> {
        match self.subscription(message) {
            Some(id) => self.run.to_server.listening(&id).map(|listening| list.of(&mut listening.told)),
            None => Some(list.of(&mut self.run.paces.told)),
        }
    }
}

impl Paces {
    /// The client's request goes on; if it is one for a list, the next change is news.
    pub(crate) fn note_request(&mut self, method: &str) {
        if let Some(list) = List::asked_by(method) {
            let asked = list.of(&mut self.asked);
            *asked = asked.wrapping_add(1);
        }
    }
}

impl List {
    fn asked_by(method: &str) -> Option<List> {
        match method {
            "tools/list" => Some(List::Tools),
            "prompts/list" => Some(List::Prompts),
            "resources/list" | "resources/templates/list" => Some(List::Resources),
            _ => None,
        }
    }

    fn changed_by(method: &str) -> Option<List> {
        match method {
            "notifications/tools/list_changed" => Some(List::Tools),
            "notifications/prompts/list_changed" => Some(List::Prompts),
            "notifications/resources/list_changed" => Some(List::Resources),
            _ => None,
        }
    }

    fn of<T>(self, [tools, prompts, resources]: &mut [T; 3]) -> &mut T {
        match self {
            List::Tools => tools,
            List::Prompts => prompts,
            List::Resources => resources,
        }
    }
}

impl Bucket {
    /// Puts one in, unless it is full.
    fn takes(&mut self, rate: &Rate, at: Timestamp) -> bool {
        let micros = at.micros_since(self.at) as f64;
        let drained = micros * rate.max as f64 / (rate.window_ms as f64 * 1_000.0);
        self.level = (self.level - drained).max(0.0);
        // A clock that went back drains nothing until it is where it was.
        self.at = self.at.max(at);
        let fits = self.level + 1.0 <= rate.burst as f64 + ROUNDING;
        self.level += if fits { 1.0 } else { 0.0 };
        fits
    }
}

fn towards(direction: Direction, [to_server, to_client]: &mut [Bucket; 2]) -> &mut Bucket {
    match direction {
        Direction::ToServer => to_server,
        Direction::ToClient => to_client,
    }
}

fn too_fast(paced: Paced, rate: &Rate) -> Reason {
    let Rate { burst, max, window_ms, place } = rate;
    let seconds = *window_ms / 1_000;
    let more = if burst == max { String::new() } else { format!(", {burst} at once") };
    Reason::Guard {
        guard: PACE,
        code: paced.word().into(),
        place: "the run".to_owned(),
        message: format!("more than {max} in {seconds}s{more}").into(),
        action: GuardAction::Block,
        detail: if place.is_some() { String::new() } else { "default".to_owned() },
        said: place.clone(),
    }
}

/// The guard of these reasons.
pub const PACE: &str = "pace";
