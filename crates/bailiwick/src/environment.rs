//! Variables of ours: one that is misspelt would be left out without a word, and with it perhaps the policy.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};

use crate::args::Args;
use crate::exit::{self, Failure};
use crate::meant::nearest;

const OURS: &str = "BAILIWICK_";
/// Those that no flag has: the state directory, and what our own tests are told.
const OTHERS: [&str; 5] =
    ["BAILIWICK_STATE_DIR", "BAILIWICK_BIN", "BAILIWICK_BLESS", "BAILIWICK_CASES", "BAILIWICK_WRITE_DOCS"];
const TESTS: &str = "BAILIWICK_TEST_";
/// Refuses to go on where a variable with our prefix is none that is read.
pub(crate) fn check() -> Result<(), Failure> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    match unknown(names, &known()) {
        None => Ok(()),
        Some((name, meant)) => {
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`? Unset `{name}` if not"),
                None => {
                    format!("unset `{name}`; `bailiwick COMMAND --help` names the variables beside the flags")
                }
            };
            Err(Failure::new(exit::USAGE, format!("no variable is called `{name}`")).help(help))
        }
    }
}

fn known() -> BTreeSet<String> {
    let mut known = OTHERS.map(str::to_owned).into();
    collect(&Args::command(), &mut known);
    known
}

fn collect(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(
        command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).map(str::to_owned),
    );
    command.get_subcommands().for_each(|inner| collect(inner, known));
}

/// The first name that is not known, and the known one that is nearest to it.
fn unknown(
    names: impl Iterator<Item = String>,
    known: &BTreeSet<String>,
) -> Option<(String, Option<String>)> {
    let mut strange = names.filter(|name| name.starts_with(OURS) && !name.starts_with(TESTS));
    let name = strange.find(|name| !known.contains(name))?;
    let meant = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
    Some((name, meant))
}

#[cfg(test)]
mod tests {
    use super::{known, unknown};

    #[test]
    fn a_misspelt_variable_is_found_and_the_others_are_let_be() {
        let known = known();
        let find = |names: &[&str]| unknown(names.iter().map(|name| (*name).to_owned()), &known);
        assert_eq!(find(&["HOME", "BAILIWICK_POLICY", "BAILIWICK_STATE_DIR", "BAILIWICK_TEST_TOOLS"]), None);
        let meant = |name: &str| find(&[name]).and_then(|(_, meant)| meant);
        assert_eq!(meant("BAILIWICK_POLCY").as_deref(), Some("BAILIWICK_POLICY"));
        assert_eq!(meant("BAILIWICK_policy"), None, "letters in another case are other letters");
        assert_eq!(find(&["BAILIWICK_SOMETHING_ELSE"]), Some(("BAILIWICK_SOMETHING_ELSE".to_owned(), None)));
    }
}
