//! What enters a run, taken down for looking back in the order in which its engine saw it. Every run has a file of its own.

use bailiwick_engine::{Lane, Mode, Outcome, Pins, Settings};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::{Direction, Id, Malformation, Malformed, Timestamp};
use bailiwick_record::trace::{About, Happening, Trace, Whereabouts, pins_text};

use super::recorder::Recorder;

/// The trace of a run, if one is wanted; apart, since most runs have none. All of it is called while the engine is locked.
#[derive(Debug)]
pub(super) struct Taken(Option<Box<Trace>>);

impl Taken {
    /// Begins the file of a run.
    pub(super) fn begin(
        recorder: &Recorder,
        run: &str,
        settings: &Settings,
        (policy, pins, whereabouts): (&str, Option<&Pins>, &Whereabouts),
        at: Timestamp,
    ) -> Taken {
        Taken(recorder.with.traces.as_ref().and_then(|shelf| {
            let about = About {
                run: run.to_owned(),
                server: settings.server.to_string(),
                principal: settings.principal.id.clone(),
                roles: settings.principal.roles.clone(),
                mode: match settings.mode {
                    Mode::Enforce => "enforce",
                    Mode::Shadow => "shadow",
                    Mode::Observe => "observe",
                }
                .to_owned(),
                policy: policy.to_owned(),
                nonce: settings.nonce.clone(),
                limits: settings.limits,
                pins: pins.map(pins_text),
                whereabouts: whereabouts.clone(),
            };
            shelf.begin(about, at).map(Box::new)
        }))
    }

    /// A text of a peer, before it is decided over.
    pub(super) fn text(
        &self,
        way: (Timestamp, Direction, Lane),
        text: &[u8],
        malformed: Option<&Malformed>,
        beside: Option<&Repeated>,
    ) {
        if let Some(trace) = &self.0 {
            trace.line_beside(way, text, malformed, beside);
        }
    }

    /// A member of a batch, which is decided over by itself.
    pub(super) fn member(&self, way: (Timestamp, Direction, Lane), member: Result<&str, &Malformed>) {
        let Some(trace) = &self.0 else { return };
        match member {
            Ok(text) => trace.line(way, text.as_bytes(), None),
            Err(malformed) => trace.lost(way, malformed.cause, (malformed.id.as_ref(), false)),
        }
    }

    /// A text above the limit.
    pub(super) fn too_long(&self, way: (Timestamp, Direction, Lane), id: (Option<&Id<'_>>, bool)) {
        if let Some(trace) = &self.0 {
            trace.lost(way, Malformation::TooLong, id);
        }
    }

    pub(super) fn happening(&self, at: Timestamp, happening: &Happening<'_>) {
        if let Some(trace) = &self.0 {
            trace.happening(at, happening);
        }
    }

    pub(super) fn outcome(&self, outcome: &Outcome<'_>) {
        if let Some(trace) = &self.0 {
            trace.outcome(outcome);
        }
    }

    pub(super) fn end(&self, at: Timestamp, why: &str) {
        if let Some(trace) = &self.0 {
            trace.end(at, why);
        }
    }
}
