//! Attacks: what passes, what is blocked, and what was not put to the test.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use bailiwick_engine::Scanner;
use bailiwick_policy::{Context, Load, Principal, Source, bundled, compile};

use super::{Attack, Battery, Pack, Standing, attack, built_in};

static SCANNER: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::new()));

struct Alone;

impl Load for Alone {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

fn tried(text: &str, packs: &[Pack], servers: &[(&str, &str)]) -> Vec<Attack> {
    let context = Context { workspace: Some("/work/app".to_owned()), home: Some("/home/ana".to_owned()) };
    let source = Source { name: "policy".to_owned(), text: text.to_owned() };
    let policy = Arc::new(compile(vec![source], &mut Alone, &context).unwrap());
    let servers: Vec<(String, String)> =
        servers.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
    let principal = Principal { id: "user:local".to_owned(), ..Principal::default() };
    attack(&Battery { policy: &policy, scanner: &SCANNER, principal, servers: &servers }, packs)
}

fn basics() -> Vec<Pack> {
    built_in().unwrap().into_iter().take(1).collect()
}

fn count(attacks: &[Attack], standing: Standing) -> usize {
    attacks.iter().filter(|attack| attack.standing == standing).count()
}

const NOTHING: &str = "version: 1\ndefault: deny\n";

#[test]
fn silence_blocks_nothing_that_counts() {
    let attacks = tried(NOTHING, &basics(), &[]);
    assert_eq!((attacks.len(), count(&attacks, Standing::NotExercised)), (8, 8), "{attacks:#?}");
    let other = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: \"weather/*\" }\n";
    let attacks = tried(other, &basics(), &[("weather", "fetch")]);
    assert_eq!(count(&attacks, Standing::NotExercised), 8, "{attacks:#?}");
}

#[test]
fn a_server_that_is_opened_under_another_name_is_attacked_under_that_name() {
    let open = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: \"my-files/*\" }\n";
    let attacks = tried(open, &basics(), &[]);
    let passed: Vec<&str> =
        attacks.iter().filter(|one| one.standing == Standing::Passed).map(|one| one.id.as_str()).collect();
    assert_eq!(passed, ["ssh-key", "env-file", "certificate-key"], "{attacks:#?}");
    assert_eq!(attacks[0].server, "my-files");
    // Whatever it is, everything that it may be is open.
    let unknown = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: \"acme/*\" }\n";
    assert_eq!(count(&tried(unknown, &basics(), &[]), Standing::Passed), 8);
    let said = tried(unknown, &basics(), &[("acme", "database")]);
    assert_eq!((count(&said, Standing::Passed), count(&said, Standing::NotExercised)), (1, 7), "{said:#?}");
}

#[test]
fn a_policy_for_such_a_server_blocks_by_its_default_too() {
    let narrow = "version: 1\ndefault: deny\nrules:\n\
                  - { id: a, effect: allow, on: \"fs/read_file\", args: { path: { path: \"./src/**\" } } }\n\
                  - { id: b, effect: ask, on: \"gmail/send_email\" }\n";
    let attacks = tried(narrow, &basics(), &[]);
    let standing = |id: &str| attacks.iter().find(|one| one.id == id).unwrap().standing;
    assert_eq!(standing("ssh-key"), Standing::Blocked);
    assert_eq!(standing("mail-out"), Standing::Asked);
    assert_eq!(standing("drop-table"), Standing::NotExercised);
    let hole = narrow.replace("./src/**", "./**");
    let attacks = tried(&hole, &basics(), &[]);
    let passed = attacks.iter().find(|one| one.id == "env-file").unwrap();
    assert_eq!((passed.standing, passed.target.as_str()), (Standing::Passed, "read_file"), "{passed:#?}");
}

#[test]
fn the_tools_that_a_policy_opens_are_used_for_an_attack() {
    let own = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: \"fs/readDocument\" }\n";
    let attacks = tried(own, &basics(), &[]);
    assert_eq!((attacks[0].standing, attacks[0].target.as_str()), (Standing::Passed, "readDocument"));
}

#[test]
fn every_risk_and_every_control_has_attacks() {
    let packs = built_in().unwrap();
    let attacks: Vec<_> = packs.iter().flat_map(|pack| &pack.attacks).collect();
    let owasp: BTreeSet<&str> = attacks.iter().flat_map(|one| &one.owasp).map(String::as_str).collect();
    let nsa: BTreeSet<u8> = attacks.iter().flat_map(|one| &one.nsa).copied().collect();
    assert_eq!((owasp.len(), nsa.len()), (10, 9), "{owasp:?} {nsa:?}");
    assert!(attacks.iter().all(|one| !one.owasp.is_empty() && !one.nsa.is_empty()));
    let ids: BTreeSet<(&str, &str)> = packs
        .iter()
        .flat_map(|pack| pack.attacks.iter().map(|one| (pack.id.as_str(), one.id.as_str())))
        .collect();
    assert_eq!(ids.len(), attacks.len());
}

fn ids(attacks: &[Attack], is: impl Fn(Standing) -> bool) -> Vec<String> {
    attacks.iter().filter(|one| is(one.standing)).map(|one| format!("{}/{}", one.pack, one.id)).collect()
}

#[test]
fn what_the_bundled_policies_let_pass_is_known() {
    let packs = built_in().unwrap();
    let passed = |name: &str| ids(&tried(bundled(name).unwrap(), &packs, &[]), |one| one == Standing::Passed);
    assert_eq!(passed("paranoid"), [""; 0]);
    assert_eq!(passed("standard"), ["filesystem/search-for-keys", "git/repository-elsewhere"]);
}

#[test]
fn a_policy_that_allows_all_stops_only_what_the_protocol_forbids() {
    let all = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: [\"*/*\", \"resource:*\", \"prompt:*\", sampling, elicitation, roots] }\nguards: { requests: off }\n";
    let stopped = ids(&tried(all, &built_in().unwrap(), &[]), |one| one != Standing::Passed);
    assert_eq!(
        stopped,
        [
            "bypasses/two-of-one-key",
            "bypasses/keys-in-capitals",
            "bypasses/params-in-capitals",
            "bypasses/without-an-id",
            "bypasses/null-id",
            "bypasses/id-in-use",
            "bypasses/unknown-method",
            "bypasses/too-deep",
            "servers/rug-pull",
            "servers/rug-pull-of-a-schema",
            "servers/same-name-twice",
            "servers/calls-the-client"
        ]
    );
}

#[test]
fn a_pack_says_where_it_is_wrong() {
    let wrong = |text: &str| Pack::read(text).unwrap_err();
    let head = "pack = 1\nid = \"x\"\ntitle = \"t\"\n";
    assert_eq!(wrong("pack = 2\nid = \"x\"\ntitle = \"t\"\nattack = []\n").line, 1);
    let attack = |rest: &str| format!("{head}[[attack]]\nid = \"a\"\ntitle = \"t\"\n{rest}");
    assert!(wrong(&attack("kind = \"fs\"\ntools = [\"a\"]\n")).why.contains("unknown kind `fs`"));
    assert!(wrong(&attack("kind = \"shell\"\n")).why.contains("it sends nothing"));
    let misspelt = wrong(&attack("kind = \"shell\"\ntool = [\"a\"]\n"));
    assert!(misspelt.line >= 4 && misspelt.why.contains("tool"), "{misspelt}");
    assert!(wrong(&attack("kind = \"any\"\n[[attack.step]]\nanswer = \"{\"\n")).why.contains("no JSON"));
    assert!(wrong(&attack("kind = \"any\"\nowasp = [11]\ntools = [\"a\"]\n")).why.contains("1 to 10"));
}
