//! Programs that run others in ways that their usual options do not show, and look-alikes that run none.
//!
//! `zap` stands for any program.

use bailiwick_semantic::command::{Doubt, Script, read};

fn is_doubtful(script: &Script) -> bool {
    script.doubt.is_some() || script.commands.iter().any(|simple| simple.doubt.is_some())
}

fn runs(script: &Script, program: &str) -> bool {
    script.commands.iter().any(|simple| simple.names().any(|name| name == program))
}

/// The program is found, or it is said that not all is known.
fn seen(texts: &[&str]) {
    let is_seen = |text: &str| {
        let script = read(text);
        runs(&script, "zap") || is_doubtful(&script)
    };
    let missed: Vec<_> = texts.iter().filter(|text| !is_seen(text)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

fn certain(texts: &[&str]) {
    let doubtful: Vec<_> = texts.iter().filter(|text| is_doubtful(&read(text))).collect();
    assert!(doubtful.is_empty(), "{doubtful:#?}");
}

#[test]
fn scripts_of_sed_are_read_as_every_version_does() {
    seen(&[
        "sed ':top e zap' f",
        "sed --line-length 9 'e zap' f",
        "sed --line 9 'e zap' f",
        "sed -i.f 'e zap' f",
        "sed '/[/]/e zap' f",
        "sed 'a\\\ns/\ne zap' f",
        "sed -e 's/a/zap\\' -e '/e' f",
        "sed -f <(echo e zap) f",
        "sed -Ef - f",
        "sed -f- f",
    ]);
    certain(&[
        "sed ':a;N;$!ba;s/\\n/ /g' f",
        "sed -e :a -e '$!N;s/\\n//;ta' f",
        "sed -i.bak 's/[^/]*$//' f",
        "sed -nf x.sed f",
        "sed -E 's|[[:space:]/]+|_|g; /[/]/d' f",
    ]);
}

#[test]
fn programs_of_awk_come_from_inputs_and_set_files() {
    seen(&[
        "awk -f- <<< x",
        "awk -f <(echo x) y",
        "mawk -W exec /dev/stdin <<< x",
        "awk 'BEGIN { ARGV[1] = \"../x\"; ARGC = 2 } { print }'",
        "awk '{ print \"a;b\" > \"../x\" }'",
        "awk 'BEGIN { f = \"sys\" \"tem\"; @f(\"zap\") }'",
    ]);
    certain(&["awk -F: -f x.awk y", "awk '/a@b/ { print \"a;b\" }' f", "awk -F, -v n=1 '$1 > n' f"]);
}

#[test]
fn shells_read_streams_by_any_name() {
    seen(&[
        "echo zap | sh /dev/fd/0",
        "echo zap | sh //proc/self/../self/fd/0",
        "cd /dev/fd; echo zap | sh 0",
        "bash /dev/fd/7 7<<< zap",
        ". /dev/./fd/7 7<<< zap",
        "bash --rcfile /dev/fd/7 -i 7<<< zap",
        "echo zap | unshare -r",
        "echo zap | setarch -R",
        "echo zap | chroot /x",
        "echo zap | sudo -s",
        "echo zap | script -q /dev/null",
        "echo zap | ssh host",
        "ex -s f <<< '!zap'",
        "vim -es f <<< '!zap'",
        "gdb ./a.out <<< 'shell zap'",
        "gdb -batch -ex 'thread apply all shell zap' x",
        "gdb -batch -ex run --args zap x",
    ]);
    certain(&[
        "sh ./stdin.sh",
        "bash --rcfile /dev/null x.sh",
        "ssh host",
        "ssh -T git@example.com",
        "git diff | vim -",
        "gdb -batch -ex 'thread apply all bt full' -ex quit ./a.out core",
        "redis-cli -h x -n 1 ping",
    ]);
}

#[test]
fn options_are_abbreviated_and_bundled() {
    seen(&[
        r"env -S 'zap\_x'",
        "env -S '#' zap",
        "env --spl=zap",
        "tar -xIzap",
        "tar xIf zap x",
        "tar cf x --to-comm zap",
        "git clone --upl zap x",
        "git grep --open=zap x",
        "git grep -lOzap x",
        "git difftool -yx zap",
        "git remote-ext x 'zap y'",
        "flock x --comm zap",
        "strace -fo '|zap' true",
        "split --filt=zap x",
        "rsync -ave zap a b",
        "wget -e UseAskPass=zap x",
        "python3 -Im timeit zap",
        "sqlite3 x '.sy zap'",
        "sqlite3 x '.o |zap'",
        "make 'X=$(shell zap)'",
        "make SHELL=./zap",
    ]);
    certain(&[
        "env -S 'ls -l' x",
        "tar czf a.tgz -C b .",
        "git stash pop --index",
        "git diff --text",
        "git push -u origin main",
        "python3 -Wm x.py",
        "make -j4 CFLAGS=-O2",
        "sqlite3 x '.tables'",
        "strace -fo out true",
    ]);
}

#[test]
fn variables_bring_code_and_options() {
    seen(&[
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=alias.x GIT_CONFIG_VALUE_0='!zap' git x",
        "GIT_CONFIG_PARAMETERS=\"'alias.x=!zap'\" git x",
        "PERL5OPT=-Mx perl x.pl",
        "MAKEFILES=/dev/stdin make",
        "MAKEFLAGS='--eval=$(shell zap)' make",
        "SHELL=./zap script x",
        "TAR_OPTIONS=--to-command=zap tar xf x",
        "NODE_OPTIONS='--require ./x.js' npm test",
    ]);
    certain(&[
        "GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null git log",
        "MAKEFLAGS=-j8 make",
        "export SHELL=/bin/bash",
        "NODE_OPTIONS=--max-old-space-size=4096 npm test",
    ]);
}

#[test]
fn tools_run_programs() {
    for text in [
        "docker run --entrypoint zap x",
        "nix-shell -p x --run 'zap y'",
        "conda run -n x zap",
        "nodemon -x zap",
        "watchexec -e js -- zap",
        "concurrently ls zap",
        "cargo watch -s zap",
        "go test -exec zap ./...",
        "go build -toolexec=zap",
        "cmake -E env A=b zap",
        "sshpass -p x ssh h zap",
        "xterm -T x -e zap",
        "rustup run nightly zap",
        "mise x node -- zap",
        "bun x zap",
        "ansible all -ba zap",
        "fd -HIx zap",
        "fd x --exec=zap",
    ] {
        assert!(runs(&read(text), "zap"), "{text}");
    }
    seen(&["bwrap --bind / / zap", "rpm --eval '%(zap)'", "rails runner zap", "cargo --config x.toml run"]);
    certain(&[
        "cargo --config net.retry=1 run",
        "cargo run -- --config x",
        "rpm -qa",
        "rails server",
        "fd -ext",
        "go test -v ./...",
    ]);
}

#[test]
fn another_root_or_directory_is_seen() {
    for text in ["chroot /x cat y", "unshare -R /x cat y", "nsenter -t 1 --root cat y"] {
        assert!(read(text).commands.iter().any(|simple| simple.doubt == Some(Doubt::Options)), "{text}");
    }
    for text in [
        "unshare -w /x cat y",
        "sudo -D/x cat y",
        "cmake -E chdir /x cat y",
        "systemd-run --working-dir=/x y",
        "tar -hC /x -cf - y",
        "tar -cf - --dir /x y",
    ] {
        assert_eq!(read(text).directories().known, ["/x"], "{text}");
    }
    for text in ["su - root -c 'cat y'", "sudo -i cat y", "tar cCf /x - y"] {
        assert!(read(text).directories().unknown, "{text}");
    }
    assert_eq!(read("sudo -u x cat y; tar cf x y; ls -C").directories().known, Vec::<String>::new());
}

#[test]
fn files_stand_behind_letters_and_in_lists() {
    let paths = |text: &str| read(text).commands.iter().flat_map(|simple| simple.paths()).collect::<Vec<_>>();
    for text in ["sort -uo../x y", "wget -qO../x y", "gcc -include../x y.c", "curl -sT../x y"] {
        assert!(paths(text).iter().any(|fact| fact.sure && fact.text == "../x"), "{text}");
    }
    for text in ["curl 'file:///{x,y}'", "curl 'file:///x[1-2]'", "curl -T '{x,y}' http://h", "cat ~sys/../x"]
    {
        assert!(paths(text).iter().any(|fact| fact.sure && fact.unknown), "{text}");
    }
    for text in ["diff <(sort a) <(sort b)", "curl 'http://h/{x,y}' -d '{\"a\": [1]}'", "cat ~/x"] {
        assert!(paths(text).iter().all(|fact| !fact.unknown), "{text}");
    }
    assert!(paths("cat <(a)/../../x$(b)").iter().any(|fact| fact.unknown));
}
