//! The reviewed table of programs that run the command in their operands.
//!
//! Short options as for `getopt`; long ones with `=` take a value. What a line does not name leaves a doubt, or is taken as the
//! line says by `others`.

use super::{Runner, Shell};
use crate::command::unwrap::options::Others;

/// Without a command it starts a shell, unless it only tells something.
const PERSONALITY: Shell = Shell::Without(&["h", "V", "help", "version", "list"]);

pub(super) const RUNNERS: &[Runner] = &[
    // other users
    Runner::new(
        &["sudo"],
        "AbBEeHiKklnNPSsvVC:c:D:g:h:p:R:r:t:T:u:U:",
        &[
            "askpass",
            "background",
            "bell",
            "close-from=",
            "chdir=",
            "preserve-env",
            "edit",
            "group=",
            "set-home",
            "help",
            "host=",
            "login",
            "remove-timestamp",
            "reset-timestamp",
            "list",
            "no-update",
            "non-interactive",
            "preserve-groups",
            "prompt=",
            "chroot=",
            "role=",
            "stdin",
            "shell",
            "type=",
            "command-timeout=",
            "other-user=",
            "user=",
            "version",
            "validate",
        ],
    )
    .assigns()
    .shell(Shell::With(&["s", "i", "shell", "login"])),
    Runner::new(&["doas"], "LnsC:u:", &[]).assigns().shell(Shell::With(&["s"])),
    Runner::new(&["newgrp"], "", &[]).skip(1).shell(Shell::Always),
    Runner::new(&["pkexec"], "", &["user=", "disable-internal-agent", "keep-cwd"])
        .shell(Shell::Without(&["help", "version"])),
    Runner::new(&["gosu", "su-exec", "chpst", "setuidgid"], "", &[]).skip(1),
    Runner::new(
        &["setpriv"],
        "dh",
        &[
            "reuid=",
            "regid=",
            "init-groups",
            "clear-groups",
            "keep-groups",
            "groups=",
            "no-new-privs",
            "inh-caps=",
            "ambient-caps=",
            "bounding-set=",
            "securebits=",
            "pdeathsig=",
            "reset-env",
        ],
    ),
    // the same process, otherwise
    Runner::new(&["exec"], "a:cl", &[]),
    Runner::new(&["command"], "pvV", &[]).asks(&["v", "V"]),
    Runner::new(
        &["builtin", "nohup", "setsid", "noglob", "nocorrect", "catchsegv", "dbus-run-session", "unbuffer"],
        "cfwp",
        &["ctty", "fork", "wait"],
    ),
    Runner::new(&["fakeroot"], "l:s:i:ub:hv", &["lib=", "faked=", "unknown-is-real", "fd-base="])
        .shell(Shell::Without(&["h", "v", "help", "version"])),
    Runner::new(&["nice"], "n:", &["adjustment="]),
    Runner::new(&["ionice"], "c:n:tp:P:u:", &["class=", "classdata=", "ignore"]),
    Runner::new(&["chrt"], "abfioRrdmpvT:P:D:", &[]).skip(1),
    Runner::new(&["taskset"], "apc", &[]).skip(1),
    Runner::new(&["numactl"], "l", &[]).others(Others::Flags),
    Runner::new(
        &["timeout", "gtimeout"],
        "vk:s:pf",
        &["foreground", "kill-after=", "preserve-status", "signal=", "verbose"],
    )
    .skip(1),
    Runner::new(
        &["time", "gtime"],
        "apqvf:o:l",
        &["append", "format=", "output=", "portability", "quiet", "verbose"],
    ),
    Runner::new(&["stdbuf"], "i:o:e:", &["input=", "output=", "error="]),
    Runner::new(&["prlimit"], "", &[]).others(Others::Flags),
    Runner::new(&["caffeinate"], "disumt:w:", &[]),
    Runner::new(
        &["linux32", "linux64", "i386", "i486", "i586", "i686", "x86_64", "athlon", "uname26", "sparc"],
        "hVvRFZLXTSB3",
        &["help", "version", "list"],
    )
    .others(Others::Flags)
    .shell(PERSONALITY),
    Runner::new(&["arch"], "hVvRFZLXTSB3", &[]).others(Others::Flags),
    Runner::new(&["setarch"], "hVvRFZLXTSB3", &["help", "version", "list"])
        .others(Others::Flags)
        .shell(PERSONALITY),
    Runner::new(&["setarch"], "hVvRFZLXTSB3", &["help", "version", "list"])
        .others(Others::Flags)
        .skip(1)
        .shell(PERSONALITY),
    Runner::new(&["choom"], "n:p:", &["adjust=", "pid="]),
    Runner::new(&["ssh-agent"], "cDdksE:O:P:t:a:", &[]),
    Runner::new(&["uclampset"], "", &[]).others(Others::Flags),
    Runner::new(
        &["ld.so", "ld-linux.so.2", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld-musl-x86_64.so.1"],
        "",
        &[
            "library-path=",
            "preload=",
            "audit=",
            "argv0=",
            "inhibit-rpath=",
            "glibc-hwcaps-prepend=",
            "list",
            "verify",
        ],
    )
    .others(Others::Flags),
    Runner::new(
        &["flock"],
        "enosuxFc:E:w:",
        &["command=", "exclusive", "nonblock", "shared", "unlock", "timeout=", "close"],
    )
    .skip(1)
    .scripts(&["c", "command"]),
    Runner::new(&["dumb-init", "tini", "catatonit"], "cvrgswp:e:", &[]).others(Others::Flags),
    Runner::new(&["proxychains", "proxychains4", "torsocks", "torify", "tsocks"], "qf:i", &[]),
    Runner::new(&["rlwrap", "xvfb-run", "firejail", "eatmydata", "chronic", "ts", "faketime"], "a", &[])
        .others(Others::Flags),
    // tracers and measuring
    Runner::new(
        &["strace", "ltrace", "dtruss"],
        "cdfFhikqrtTvVxyCDzZna:b:e:E:I:o:O:p:P:s:S:u:U:X:A:l:w",
        &[],
    ),
    Runner::new(&["valgrind"], "", &[]).others(Others::Flags),
    Runner::new(&["perf"], "aAdDrgvF:e:o:p:C:", &[]).sub(&["stat", "record", "trace"]),
    Runner::new(
        &["hyperfine"],
        "Nw:r:m:M:p:c:s:S:i",
        &["warmup=", "runs=", "prepare=", "cleanup=", "setup=", "shell=", "ignore-failure"],
    )
    .scripts(&["p", "prepare", "c", "cleanup", "s", "setup"])
    .joined(),
    // other roots, namespaces, services
    Runner::new(&["chroot"], "", &["userspec=", "groups=", "skip-chdir", "help", "version"])
        .skip(1)
        .shell(PERSONALITY),
    Runner::new(
        &["unshare"],
        "imnpuUCTfrchVR:w:S:G:l:",
        &["root=", "wd=", "setuid=", "setgid=", "load-interp=", "help", "version"],
    )
    .others(Others::Flags)
    .shell(PERSONALITY),
    Runner::new(&["nsenter"], "amuinpCUTrwFZhVt:S:G:", &["target=", "all", "wdns=", "help", "version"])
        .others(Others::Flags)
        .shell(PERSONALITY),
    Runner::new(&["ip"], "", &[]).sub(&["exec"]).skip(1),
    Runner::new(
        &["systemd-run", "systemd-inhibit"],
        "GPStdqrp:u:M:H:E:",
        &[
            "unit=",
            "property=",
            "description=",
            "slice=",
            "uid=",
            "gid=",
            "setenv=",
            "on-active=",
            "on-calendar=",
            "working-directory=",
            "shell",
        ],
    )
    .others(Others::Flags)
    .shell(Shell::With(&["S", "shell"])),
    Runner::new(&["cgexec"], "g:", &["sticky"]),
    Runner::new(&["busybox", "toybox"], "", &["list", "install", "help"]),
    Runner::new(
        &["docker", "podman", "nerdctl", "finch", "docker-compose", "podman-compose"],
        "itdPTq",
        &[
            "rm",
            "interactive",
            "tty",
            "detach",
            "privileged",
            "init",
            "read-only",
            "publish-all",
            "quiet",
            "no-healthcheck",
            "no-deps",
            "service-ports",
            "build",
            "no-TTY",
        ],
    )
    .others(Others::Valued)
    .sub(&["run", "exec"])
    .scripts(&["entrypoint"])
    .skip(1),
    Runner::new(&["kubectl", "oc", "k3s"], "itq", &["stdin", "tty", "quiet", "rm"])
        .others(Others::Valued)
        .sub(&["exec", "run", "debug"])
        .skip(1),
    Runner::new(&["lxc", "incus", "machinectl", "multipass", "limactl", "toolbox", "distrobox"], "", &[])
        .others(Others::Flags)
        .sub(&["exec", "shell", "run", "enter"])
        .skip(1),
    Runner::new(&["wsl"], "d:u:e", &["distribution=", "user=", "cd=", "exec", "shell-type="]),
    // scripts: the operands are joined and read by a shell
    Runner::new(&["eval"], "", &[]).joined(),
    Runner::new(
        &["watch", "entr"],
        "bcdeghprtwxn:q:sz",
        &[
            "beep",
            "color",
            "differences",
            "errexit",
            "exec",
            "interval=",
            "no-title",
            "precise",
            "no-wrap",
            "chgexit",
        ],
    )
    .joined(),
    Runner::new(
        &["ssh", "autossh", "slogin", "mosh"],
        "46AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:P:p:Q:R:S:W:w:",
        &[],
    )
    .skip(1)
    .joined()
    .shell(Shell::Fed(&["N", "W", "V", "O", "Q", "G", "n", "f"])),
    Runner::new(&["adb"], "adet:s:P:H:", &[]).sub(&["shell"]).joined(),
    Runner::new(&["vagrant", "gcloud", "fly", "heroku"], "c:", &["command="])
        .others(Others::Flags)
        .sub(&["ssh", "run", "console"])
        .scripts(&["c", "command", "C"])
        .joined(),
    Runner::new(&["script"], "aefqc:t:m:o:I:O:B:T:E:", &["append", "command=", "return", "flush", "quiet"])
        .skip(1)
        .scripts(&["c", "command"])
        .shell(Shell::Always),
    Runner::new(&["nix", "devenv", "devbox", "flox"], "pc:I:i:k:A:", &["run=", "command=", "pure"])
        .others(Others::Flags)
        .sub(&["--run", "-c", "--command", "develop", "shell", "run"])
        .scripts(&["run", "command", "c"])
        .joined(),
    // Windows
    Runner::new(&["start", "forfiles", "runas", "wmic", "psexec"], "", &[]).others(Others::Flags),
];
