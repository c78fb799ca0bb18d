//! The checks as CI runs them. Actions are named by commit, since a tag can be moved; nobody gets more rights than reading.

/// What every CI runs, with a name for people.
const CHECKS: [(&str, &str); 5] = [
    ("Nothing dangerous is configured", "bailiwick scan --path . --fail-on high"),
    ("The policy is valid", "bailiwick policy check bailiwick.policy.yaml"),
    ("The policy decides what its tests say", "bailiwick policy test bailiwick.policy.yaml"),
    ("No attack passes the policy", "bailiwick replay --policy bailiwick.policy.yaml"),
    ("Servers are as they were locked", "bailiwick lock --path . --check --yes"),
];

/// `actions/checkout` 5.0.0 and `actions/upload-artifact` 4.6.2.
const CHECKOUT: &str = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0";
const UPLOAD: &str = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2";

/// A Git address and a commit.
type Source<'s> = Option<(&'s str, &'s str)>;

/// How the program comes to the runner.
fn install(source: Source<'_>) -> String {
    match source {
        Some((url, commit)) => {
            format!("cargo install --locked --git {} --rev {commit} bailiwick", quoted(url))
        }
        None => "command -v bailiwick".to_owned(),
    }
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

pub(super) fn github(source: Source<'_>) -> String {
    let mut out = format!(
        "# Checks the MCP servers that this repository configures. Made by `bailiwick init`.
name: bailiwick
on:
  push:
    branches: [main, master]
  pull_request:
permissions: {{}}
jobs:
  bailiwick:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - name: bailiwick is there
        run: |
          {}
",
        install(source)
    );
    for (name, command) in CHECKS {
        // A check that fails hides no other.
        let format = if command.contains(" scan ") { " --format github" } else { "" };
        out.push_str(&format!("      - name: {name}\n        if: ${{{{ !cancelled() }}}}\n        run: |\n          {command}{format}\n"));
    }
    out.push_str(&format!(
        "      - name: Report
        if: ${{{{ !cancelled() }}}}
        run: |
          bailiwick report --path . --policy bailiwick.policy.yaml --format markdown >> \"$GITHUB_STEP_SUMMARY\"
          bailiwick report --path . --policy bailiwick.policy.yaml --output bailiwick-report.html
      - uses: {UPLOAD}
        if: ${{{{ !cancelled() }}}}
        with:
          name: bailiwick-report
          path: bailiwick-report.html
"
    ));
    out
}

pub(super) fn gitlab(source: Source<'_>) -> String {
    let mut out = format!(
        "# Checks the MCP servers that this repository configures. Made by `bailiwick init`; include it in .gitlab-ci.yml.
bailiwick:
  stage: test
  script:
    - |
      {}
",
        install(source)
    );
    out.push_str("    - |\n      failed=0\n");
    for (name, command) in CHECKS {
        out.push_str(&format!("      echo {}\n      {command} || failed=$?\n", quoted(name)));
    }
    out.push_str(
        "      bailiwick report --path . --policy bailiwick.policy.yaml --format junit --output bailiwick-junit.xml || failed=$?
      bailiwick report --path . --policy bailiwick.policy.yaml --output bailiwick-report.html || failed=$?
      exit $failed
  artifacts:
    when: always
    paths: [bailiwick-report.html]
    reports:
      junit: bailiwick-junit.xml
",
    );
    out
}

pub(super) fn pre_commit() -> String {
    let mut out = String::from(
        "# Checks the MCP servers that this repository configures. Made by `bailiwick init`.
repos:
  - repo: local
    hooks:
",
    );
    // Nothing is launched at every commit: what servers offer is compared in CI.
    for (at, (name, command)) in
        CHECKS.iter().enumerate().filter(|(_, (_, command))| !command.contains(" lock "))
    {
        out.push_str(&format!(
            "      - id: bailiwick-{}
        name: {name}
        entry: {command}
        language: system
        pass_filenames: false
        always_run: true
",
            at + 1
        ));
    }
    out
}
