//! The second half of the table: tools of languages and packages, which run programs.

use super::Runner;
use crate::command::unwrap::options::Others;

pub(super) const TOOLS: &[Runner] = &[
    // package runners: the package is the program
    Runner::new(
        &["npx", "bunx", "pnpx"],
        "yqc:p:",
        &[
            "yes",
            "no-install",
            "no",
            "quiet",
            "package=",
            "call=",
            "bun",
            "prefer-offline",
            "ignore-existing",
            "workspace=",
        ],
    )
    .scripts(&["c", "call"]),
    Runner::new(&["npm", "pnpm", "yarn", "bun"], "yqc:p:", &["yes", "no", "package=", "call=", "silent"])
        .sub(&["exec", "x", "dlx"])
        .scripts(&["c", "call"]),
    Runner::new(
        &["uvx"],
        "qvnp:w:",
        &[
            "from=",
            "with=",
            "python=",
            "index=",
            "index-url=",
            "isolated",
            "refresh",
            "offline",
            "no-cache",
            "quiet",
            "verbose",
        ],
    ),
    Runner::new(
        &["uv", "pipx", "poetry", "pipenv", "rye", "hatch", "pdm"],
        "qvnp:w:me:",
        &[
            "from=",
            "with=",
            "python=",
            "spec=",
            "no-project",
            "isolated",
            "no-sync",
            "frozen",
            "locked",
            "offline",
            "quiet",
            "verbose",
            "name=",
            "prefix=",
            "live-stream",
            "no-capture-output",
            "env-file=",
            "extra=",
            "group=",
            "all-extras",
            "module",
        ],
    )
    .sub(&["run"]),
    Runner::new(&["bundle", "mise", "asdf", "rbenv", "pyenv", "nodenv", "rtx", "volta"], "", &[])
        .others(Others::Flags)
        .sub(&["exec", "x", "run"]),
    Runner::new(&["direnv", "aws-vault"], "", &[]).others(Others::Flags).sub(&["exec"]).skip(1),
    Runner::new(
        &["dotenv", "cross-env", "dotenvx", "doppler", "op", "infisical", "env-cmd", "chamber"],
        "f:e:",
        &[],
    )
    .others(Others::Flags)
    .sub(&["run", "exec", "--"]),
    Runner::new(&["cross-env", "cross-env-shell"], "", &[]).assigns(),
    Runner::new(
        &["conda", "mamba", "micromamba"],
        "n:p:v",
        &["name=", "prefix=", "cwd=", "no-capture-output", "live-stream", "verbose", "dev"],
    )
    .sub(&["run"]),
    Runner::new(&["rustup"], "", &["install"]).sub(&["run"]).skip(1),
    Runner::new(&["cmake"], "", &["unset=", "modify="]).others(Others::Flags).sub(&["env", "time"]).assigns(),
    Runner::new(&["cmake"], "", &[]).sub(&["chdir"]).skip(1),
    Runner::new(&["sshpass"], "f:d:p:P:ehvV", &[]),
    Runner::new(
        &["watchexec"],
        "crpqvnW1w:e:f:i:d:s:o:E:j:S:",
        &[
            "exts=",
            "watch=",
            "filter=",
            "ignore=",
            "debounce=",
            "signal=",
            "on-busy-update=",
            "shell=",
            "env=",
        ],
    )
    .others(Others::Flags)
    .joined(),
];
