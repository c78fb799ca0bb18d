//! The state machine of sessions against the plainest one that could be written: nobody finds another's session, what is over
//! stays over, there are never too many, and only what nobody uses expires.
#![no_main]

use bailiwick_mcp::Timestamp;
use bailiwick_mcp::session::{Asked, Belongs, Sessions};
use libfuzzer_sys::fuzz_target;

const MAX: usize = 5;
const IDLE_US: u64 = 10;

#[derive(Clone, PartialEq, Eq, Debug)]
struct Model {
    id: Vec<u8>,
    owner: u8,
    session: u32,
    used: Option<Timestamp>,
}

fuzz_target!(|input: &[u8]| {
    let mut sessions: Sessions<u8, (u32, Option<Timestamp>)> = Sessions::default();
    let mut model: Vec<Model> = Vec::new();
    let (mut now, mut made) = (0_i64, 0_u32);
    for step in input.chunks_exact(3) {
        let [what, id, more] = step else { return };
        let (name, owner) = (vec![*id % 8], more % 3);
        now += i64::from(more % 7);
        match what % 6 {
            0 | 1 => {
                let used = (what & 64 == 0).then_some(Timestamp(now));
                let room = model.len() < MAX && model.iter().all(|known| known.id != name);
                assert_eq!(sessions.open(name.clone(), owner, (made, used), MAX), room);
                if room {
                    model.push(Model { id: name, owner, session: made, used });
                }
                made += 1;
            }
            2 => {
                let own = model.iter().find(|known| known.id == name && known.owner == owner);
                let found = sessions.find(&name, |known| *known == owner);
                assert_eq!(found.map(|(session, _)| *session), own.map(|own| own.session));
            }
            3 => {
                let own = model.iter().position(|known| known.id == name).map(|at| model.remove(at));
                assert_eq!(sessions.close(&name).map(|(session, _)| session), own.map(|own| own.session));
            }
            4 => {
                let idle = |known: &Model| {
                    known.used.is_some_and(|used| Timestamp(now).micros_since(used) > IDLE_US)
                };
                let mut gone: Vec<u32> =
                    model.extract_if(.., |known| idle(known)).map(|gone| gone.session).collect();
                let mut expired: Vec<u32> = sessions
                    .expire(Timestamp(now), IDLE_US, |(_, used)| *used)
                    .into_iter()
                    .map(|(session, _)| session)
                    .collect();
                gone.sort_unstable();
                expired.sort_unstable();
                assert_eq!(expired, gone);
            }
            _ => belongs(&name, *more),
        }
        assert!(sessions.len() <= MAX);
        assert_eq!((sessions.len(), sessions.is_empty()), (model.len(), model.is_empty()));
        let mut all: Vec<u32> = sessions.iter().map(|(session, _)| *session).collect();
        let mut known: Vec<u32> = model.iter().map(|known| known.session).collect();
        all.sort_unstable();
        known.sort_unstable();
        assert_eq!(all, known);
    }
    assert_eq!(sessions.drain().len(), model.len());
});

/// What is broken or modern never begins a session, and only the head's id leads to one.
fn belongs(name: &[u8], bits: u8) {
    let bit = |at: u8| bits & (1 << at) != 0;
    let asked = Asked { id: bit(0).then_some(name), modern: bit(1), initialize: bit(2), broken: bit(3) };
    match asked.belongs() {
        Belongs::To(id) => assert!(asked.id == Some(id) && !asked.modern),
        Belongs::Begins => assert!(asked.initialize && asked.id.is_none() && !asked.modern && !asked.broken),
        Belongs::Alone => assert!(asked.modern || asked.broken),
        Belongs::Nowhere => {
            assert!(asked.id.is_none() && !asked.modern && !asked.initialize && !asked.broken)
        }
    }
}
