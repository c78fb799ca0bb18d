//! From what a replay found to the packs of a page.

use bailiwick_analysis::replay::{Report, Standing};

use crate::page::{Attack, Pack};

/// The packs of a replay, in its order.
#[must_use]
pub fn packs(report: &Report) -> Vec<Pack> {
    let mut packs: Vec<Pack> = Vec::new();
    for attack in &report.attacks {
        let at = match packs.iter().position(|pack| pack.name == attack.pack) {
            Some(at) => at,
            None => {
                packs.push(Pack { name: attack.pack.clone(), ..Pack::default() });
                packs.len().saturating_sub(1)
            }
        };
        let Some(pack) = packs.get_mut(at) else { continue };
        match attack.standing {
            Standing::NotExercised => pack.not_exercised = pack.not_exercised.saturating_add(1),
            Standing::Blocked => pack.denied = pack.denied.saturating_add(1),
            Standing::Asked => pack.asked = pack.asked.saturating_add(1),
            Standing::Passed => {
                let cause = attack.causes.first();
                let why = cause.map(|cause| match (&cause.file, cause.line) {
                    (Some(file), Some(line)) => {
                        format!("{} `{}` of {file}:{line} allows it", cause.source, cause.id)
                    }
                    (_, _) => format!("{} `{}` allows it", cause.source, cause.id),
                });
                pack.passing.push(Attack {
                    name: attack.title.clone(),
                    call: format!("{}/{} {}", attack.server, attack.target, attack.sent),
                    why: why.unwrap_or_default(),
                });
            }
        }
    }
    packs
}
