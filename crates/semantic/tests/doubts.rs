//! Texts that run more than their words say leave a doubt, and usual ones leave none.
//!
//! `zap` stands for any program. Each text of the first lists was seen to run it in bash or dash.

use bailiwick_semantic::command::read;

/// The program is found, or it is said that not all is known.
fn is_seen(text: &str) -> bool {
    let script = read(text);
    let found = script.commands.iter().any(|simple| simple.names().any(|name| name == "zap"));
    found || script.doubt.is_some() || script.commands.iter().any(|simple| simple.doubt.is_some())
}

fn seen(texts: &[&str]) {
    let missed: Vec<_> = texts.iter().filter(|text| !is_seen(text)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn values_that_are_evaluated_again() {
    seen(&[
        r"echo '$(zap)'; echo ${_@P}",
        r"echo ${x:='$(zap)'}${x@P}",
        r"echo ${x:='a[$(zap >&2)]'} $((x))",
        r"echo 'a[$(zap >&2)]'; echo $((_))",
        r"echo 'a[$(zap >&2)]'; echo $(($_))",
        r"echo 'a[$(zap >&2)]'; echo $[_]",
        r"echo 'a[$(zap >&2)]'; echo ${a[_]}",
        r"echo 'a[$(zap >&2)]'; echo ${!_}",
        r"echo 'a[$(zap >&2)]'; echo ${HOME:_}",
        r"echo 'a[$(zap >&2)]'; echo ${HOME:0:_}",
        r"echo 'a[$(zap >&2)]'; b[_]=1",
        r"echo 'a[$(zap >&2)]'; echo ${#b[_]}",
        r"for i in '$(zap)'; do echo ${i@P}; done",
        r"for i in 'a[$(zap >&2)]'; do echo $((i)); done",
        r"for i in 'a[$(zap >&2)]'; do echo ${a[i]}; done",
        r"for i in 'a[$(zap >&2)]'; do echo ${a[b[0]+i]}; done",
        r"printf -v x '$(zap)'; echo ${x@P}",
        r"printf -v x '%s' 'a[$(zap)]'; echo $((x))",
        r"set -- 'a[$(zap >&2)]'; echo $(($1))",
        r#"read x <<< 'a[$(zap >&2)]'; test -v "$x""#,
        r"x=1; read x <<< 'a[$(zap >&2)]'; echo $((x))",
        r"x=1; y=$x; read x <<< 'a[$(zap >&2)]'; echo $((y))",
        r"x='a[$(zap)]'; [[ x -eq 1 ]]",
        r"x='a[$(zap)]'; [[ $x -eq 1 ]]",
        r"x='a[$(zap)]'; ((x))",
        r"x='a[$(zap)]'; let x",
        r"x='a[$(zap)]'; let y=x+1",
        r"for ((i='a[$(zap)]';0;)); do :; done",
        r"x=1; f() { echo $((x)); }; x='a[$(zap)]'; f",
        r"x=$(cat file); echo $((x))",
        r"x=$(echo 'a[$(zap)]' | tee /dev/fd/3 | wc -l) 3>&1; echo $((x))",
        r"PS4='$(zap)'; set -x; true",
        r"PS1='$(zap >&2)' bash --norc -i",
        r"declare -a 'a=($(zap >&2))'",
        r"declare -i x='a[$(zap >&2)]'",
        r"declare -n r='a[$(zap >&2)]'; echo $r",
        r"BASH_ENV=/tmp/x bash -c true",
        r"echo ${(e)x}",
    ]);
}

#[test]
fn shells_that_read_what_stands_around_them() {
    seen(&[
        "bash +x -c zap",
        "sh +e -c zap",
        "bash -e +u -c zap",
        "bash +O extglob -c zap",
        "bash +o pipefail -c zap",
        "bash +x -s <<< zap",
        "env bash +x -c zap",
        "xargs bash +x -c zap </dev/null",
        "(sh) <<< zap",
        "{ sh; } <<< zap",
        "while :; do sh; break; done <<< zap",
        "f() { sh; }; f <<< zap",
        "f() { sh; }; echo zap | f",
        "for i in 1; do sh; done <<E\nzap\nE",
        "if :; then sh; fi <<< zap",
        "case x in x) sh;; esac <<< zap",
        "echo zap > >(sh)",
        "tee >(sh) <<< zap",
        "exec > >(sh); echo zap",
        "dd if=F of=>(sh)",
        "exec 0< <(echo zap); sh",
        "coproc sh; echo zap >&${COPROC[1]}",
        "echo zap | sh 3</dev/null",
        "(python3) <<< 'zap'",
        "{ ed; } <<< '!zap'",
    ]);
}

#[test]
fn texts_that_are_written_and_read() {
    seen(&[
        "printf '%s%s' z ap|sh",
        "printf 'z%sp' a | sh",
        "printf -- zap | sh",
        "printf '%.3s' zapx|sh",
        "printf '%*s' 3 zap|sh",
        r"echo -e '\0172ap' | sh",
        r"printf '%b' '\0172ap' | sh",
        r"printf '\172ap' | sh",
        r"echo '\0172ap' | sh",
        "echo -n zap | sh",
        "printf '%s\\n' ls zap | sh",
    ]);
}

#[test]
fn programs_and_builtins_that_run_their_words() {
    seen(&[
        "time -- zap",
        "time -p -- zap",
        "time -f %e zap",
        "time -v zap",
        "time -p -p zap",
        "mapfile -C zap -c 1 < F",
        "readarray -c1 -C zap x < F",
        "compgen -C zap",
        "hash -p bin/zap ls2; ls2",
        "history -s zap; fc -s",
        "/usr/sbin/runuser -u root zap",
        "sqlite3 :memory: '.read |zap'",
        "sqlite3 :memory: '.once |zap'",
        "sqlite3 :memory: \"select edit(1,'zap')\"",
        "echo .shell zap | sqlite3",
        "sg root zap",
        "setarch x86_64 zap",
        "i386 zap",
        "choom -n 1 zap",
        "ssh-agent zap",
        "run-parts bin",
        "/lib64/ld-linux-x86-64.so.2 /usr/bin/env zap",
        "python3 -m timeit \"import os;os.system('zap')\"",
        "apt-get -o APT::Update::Pre-Invoke::=zap update",
        "dpkg --pre-invoke=zap -i x",
        "make -f- <<< 'x:;zap'",
        "make -E '$(shell zap)'",
    ]);
}

#[test]
fn usual_texts_leave_no_doubt() {
    let texts = [
        "i=0; while ((i < 5)); do i=$((i+1)); done",
        "for ((i=0; i<10; i++)); do echo $i; done",
        "for i in 1 2 3; do echo $((i * 2)); done",
        "for i in {1..5}; do echo ${names[$i]}; done",
        "for i in $(seq 1 10); do echo $((i)); done",
        "n=$(ls | wc -l); if [[ $n -gt 5 ]]; then echo many; fi",
        "start=$(date +%s); make; echo $(( $(date +%s) - start ))",
        "count=0; while read -r line; do ((count++)); done < file; echo $count",
        "f() { local n=0; n=$((n+1)); }; f",
        "a=(1 2 3); echo ${a[@]} ${#a[@]} ${a[0]} ${!a[@]} ${#a}",
        "x=abc; echo ${x:1:2} ${x^^} ${x//a/b} ${x@Q}",
        "echo $((RANDOM % 10)) $((1 + 2)) $((0x1F))",
        "[[ -v x ]] && [ -n \"$x\" ] && [ $# -gt 1 ]",
        "let n=1+2",
        "printf '%s\\n' a b | sort",
        "export A=$B; readonly C=1; declare -r D=2",
        "read -r -p 'name? ' name; unset x",
        "python3 --version; node -v; bash --version; python3 script.py",
        "time make; time -p make",
        "ENV=production cmd; PS4='+ ${BASH_SOURCE}: ' cmd",
        "echo '1 + 1' | bc",
        "sqlite3 db 'select 1'",
        "hash -r; history 5; fc -l",
        "sh script.sh; bash -x script.sh",
        "apt-get update; dpkg -l",
    ];
    let doubtful: Vec<_> = texts
        .iter()
        .filter(|text| {
            let script = read(text);
            script.doubt.is_some() || script.commands.iter().any(|simple| simple.doubt.is_some())
        })
        .collect();
    assert!(doubtful.is_empty(), "{doubtful:#?}");
}

fn paths(text: &str) -> Vec<(String, bool)> {
    let facts = read(text).commands.iter().flat_map(|simple| simple.paths()).collect::<Vec<_>>();
    facts.into_iter().filter(|fact| fact.sure).map(|fact| (fact.text, fact.unknown)).collect()
}

#[test]
fn files_are_named_in_unusual_places() {
    let known = |text: &str| (text.to_owned(), false);
    let unknown = (String::new(), true);
    assert_eq!(paths("date -f .env"), [known(".env")]);
    assert_eq!(paths("date --file .env"), [known(".env")]);
    assert_eq!(paths("date +%F"), []);
    assert!(paths("tar cf - -T -").contains(&unknown));
    assert!(paths("tar --files-from=-").contains(&unknown));
    assert!(paths("cpio -o").contains(&unknown));
    assert_eq!(paths("grep -R x"), [known(".")]);
    assert_eq!(paths("ls"), [known(".")]);
    assert_eq!(paths("ls src"), [known("src")]);
}
