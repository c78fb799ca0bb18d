//! What is known of variables in a script.

#[path = "commands/shown.rs"]
mod shown;

use self::shown::check;

#[test]
fn variables_are_followed_where_the_text_sets_them() {
    check(&[
        ("x=rm; $x -rf /", "x=rm; rm -rf /"),
        ("x='rm -rf /'; $x", "x='rm -rf /'; rm -rf /"),
        ("cat${IFS}/etc/passwd", "cat /etc/passwd"),
        ("cat$IFS/etc/passwd", "cat /etc/passwd"),
        ("{cat,/etc/passwd}", "cat /etc/passwd"),
        ("{rm,-rf,/}", "rm -rf /"),
        ("d=/tmp/x; rm -r $d/y", "d=/tmp/x; rm -r /tmp/x/y"),
        ("a && d=/x; rm $d", "a; d=/x; rm ?/x"),
        ("d=/x; d=/y; rm $d", "d=/x; d=/y; rm ?/x|/y"),
        ("d=/x; read d; rm $d", "d=/x; read d; rm ?/x"),
        ("rm $HOME/x ~/y $PWD/z", "rm ~/x ~/y ./z"),
        ("HOME=/etc; rm $HOME/x", "HOME=/etc; rm ?/etc/x"),
        ("cd /; rm $PWD/x", "cd /; rm ?./x"),
        ("x=a y=b c d", "x=a y=b c d"),
        ("x+=a; y=(a b)", "x=a; y=?()|a|b"),
        ("export X=1 Y; $X", "X=1 export X=1 Y; ?$X {Program}"),
        ("echo file{1..3} {a,b}{c,d} {x}", "echo file1|file2|file3 ac ad bc bd {x}"),
        ("rm *.txt 'a*' \"b?\"", "rm **.txt a* b?"),
        ("/bin/r? x", "*/bin/r? x {Program}"),
    ]);
}

#[test]
fn separators_that_are_not_blanks_leave_no_value_known() {
    check(&[
        ("IFS=,; x=rm,-rf,/; $x", "IFS=,; x=rm,-rf,/; ?rm ?-rf ?/ {Program}"),
        ("x=rm,-rf,/; read s; IFS=$s; $x", "x=rm,-rf,/; read s; IFS=?$s; ?rm,-rf,/ {Program}"),
        ("x=rm,-rf,/; read IFS; $x", "x=rm,-rf,/; read IFS; ?rm,-rf,/ {Program}"),
        ("x=rm,-rf,/; f() { $x; }; IFS=,; f", "x=rm,-rf,/; ?rm,-rf,/ {Program}; IFS=,; f"),
        ("IFS=; x='rm -rf'; $x", "IFS=''; x='rm -rf'; ?rm ?-rf {Program}"),
        (": $((IFS=1)); x=rm1-rf1/; $x", ": ?$((IFS=1)); x=rm1-rf1/; ?rm1-rf1/ {Program}"),
        ("let IFS=1; x=rm1-rf1/; $x", "let IFS=1; x=rm1-rf1/; ?rm1-rf1/ {Program}"),
        ("IFS=; : ${IFS:=,}; x=rm,-rf,/; $x", "IFS=''; : ? ?; x=rm,-rf,/; ?rm ?-rf ?/ {Program}"),
        ("r${IFS:+m} -rf /", "?r -rf / {Program}"),
        ("${IFS:+rm} -rf /", "? ? -rf / {Program}"),
        ("r${IFS##*}m -rf /", "?r ?m -rf / {Program}"),
        ("cat${IFS%??}/etc/passwd", "?cat ?/etc/passwd {Program}"),
        ("IFS=; r${IFS}m -rf /", "IFS=''; ?r ?m -rf / {Program}"),
        ("unset IFS; r${IFS}m -rf /", "unset IFS; ?r ?m -rf / {Program}"),
        ("f() { r${IFS}m -rf /; }; IFS=; f", "?r ?m -rf / {Program}; IFS=''; f"),
        ("x='/tmp/a b'; f() { rm -rf $x; }; IFS=; f", "x='/tmp/a b'; rm -rf ?/tmp/a ?b; IFS=''; f"),
        ("exec {IFS}>/dev/null; x=rm1-rf1/; $x", "exec <Write /dev/null>; x=rm1-rf1/; ?rm1-rf1/ {Program}"),
        (
            "for n in a IFS; do export $n=,; done; x=rm,-rf,/; $x",
            "a=?,|S=, export ?a=,|IFS=,; x=rm,-rf,/; ?rm,-rf,/ {Program}",
        ),
        ("x=/tmp; while IFS= read -r l; do rm $x/a; done", "x=/tmp; IFS='' read -r l; rm /tmp/a"),
    ]);
}

#[test]
fn a_value_that_is_not_there_any_more_is_not_known() {
    check(&[
        ("x=ls true; $x rm -rf /", "x=ls true; ?ls rm -rf / {Program}"),
        ("x=ls & $x rm -rf /", "x=ls; ?ls rm -rf / {Program}"),
        ("a && x=ls & $x rm", "a; x=ls; ?ls rm {Program}"),
        ("x=ls; y=a & $x rm", "x=ls; y=a; ls rm"),
        ("x=ls | true; $x rm -rf /", "x=ls; true; ?ls rm -rf / {Program}"),
        ("{ x=ls; } | true; $x rm -rf /", "x=ls; true; ?ls rm -rf / {Program}"),
        ("coproc x=ls; $x rm", "x=ls; ?ls rm {Program}"),
        ("for x in ls; do a; done & $x rm", "a; ?ls rm {Program}"),
        ("x=ls; sh -c '$x rm -rf /'", "x=ls; sh -c '$x rm -rf /'; sh> ?ls rm -rf / {Program}"),
        (
            "sh -c 'x=ls'; eval '$x rm -rf /'",
            "sh -c x=ls; eval '$x rm -rf /'; sh> x=ls; eval> ?ls rm -rf / {Program}",
        ),
        ("sh -c 'x=ls; $x a'", "sh -c 'x=ls; $x a'; sh> x=ls; sh> ?ls a {Program}"),
        ("x=; $x rm -rf /", "x=''; ? rm -rf / {Program}"),
        ("x=; \"$x\" a", "x=''; '' a"),
        ("x=; rm $x$x / a$x", "x=''; rm ? / a"),
        ("x=ls; f() { local x; $x rm -rf /; }; f", "x=ls; local x; ?ls rm -rf / {Program}; f"),
        ("declare -l x; x=/ETC/SHADOW; cat $x", "declare -l x; x=/ETC/SHADOW; cat ?/ETC/SHADOW"),
        ("exec {x}> a; x=ls; $x", "exec <Write a>; x=ls; ?ls {Program}"),
        ("for n in a x; do export $n=rm; done; x=ls; $x", "a=?rm|rm export ?a=rm|x=rm; x=ls; ?ls {Program}"),
        ("x=ls; export PATH=$PATH:/x A=$B; $x", "x=ls; PATH=?$PATH:/x A=?$B export ?PATH=$PATH:/x ?A=$B; ls"),
    ]);
}

#[test]
fn what_was_read_by_a_value_that_changes_later_is_doubted() {
    check(&[
        ("x=ls; f() { eval \"$x\"; }; x='rm -rf /'; f", "x=ls; eval ?ls {Code}; x='rm -rf /'; f; eval> ls"),
        ("x=ls; sh <<< \"$x\"; x=rm", "x=ls; sh <Here ?ls«?ls»> {Code}; x=rm; sh> ls"),
        ("x=ls; sh -c \"$x\"", "x=ls; sh -c ls; sh> ls"),
        ("x=-n; f() { sudo $x rm; }; x=a; f", "x=-n; sudo ?-n rm {Code}; x=a; f; sudo> rm"),
        ("declare -i x; x='a[$(rm)]'", "declare -i x {Code}; x=a[$(rm)]"),
        ("declare -i x=1; x=2", "x=1 declare -i x=1 {Code}; x=2"),
        ("declare -i x; read x <<< 'a[$(rm)]'", "declare -i x {Code}; read x <Here a[$(rm)]«a[$(rm)]»>"),
    ]);
}

#[test]
fn calculations_with_plain_numbers_are_known() {
    check(&[
        ("a$((8 + 1)) \"$((2 * (3 + 4) / 2 % 4))\"", "a9 3"),
        ("a $((1 - 3)) $((08)) $((1 / 0)) $((2 ** 3))", "a -2 ?$((08)) ?$((1 / 0)) ?$((2 ** 3))"),
        ("a $((n)); n=1", "a ?$((n)); n=1; {Code}"),
        ("a 1.$((254)) b$# c$?", "a 1.254 ?b$# ?c$?"),
        ("[ $? -eq 0 ]; [[ $# -gt 1 ]]; test -f $?", "[ 0 -eq 0 ]; [[ 0 -gt 1; test -f ?$?"),
        ("i=0; i=$((i + 1)); a \"$i\"", "i=0; i=?$((i + 1)); a ?0"),
        ("IFS=1; a$((1))b", "IFS=1; ?a1b {Program}"),
    ]);
}

#[test]
fn what_the_shell_sets_itself_is_not_known() {
    check(&[
        ("_=a; : b; $_ c", "_=a; : b; ?a c {Program}"),
        ("REPLY=a; select z in b; do $REPLY; done", "REPLY=a; ?a {Program}"),
        ("BASH_REMATCH=a; [[ b =~ .* ]]; $BASH_REMATCH", "BASH_REMATCH=a; [[ b =~ *.*|..; ?a {Program}"),
        ("SECONDS=1; a$SECONDS", "SECONDS=1; ?a1 {Program}"),
        ("b=a; declare 'b[0]=c'; $b", "b=a; declare b[0]=c; ?a {Program}"),
    ]);
}

#[test]
fn assignments_of_words_fall_apart() {
    check(&[
        (
            "y='a q=b'; q=c; command export x=$y; $q",
            "y='a q=b'; q=c; command export ?x=a q=b; ?c {Program}; command> x=?a q=b export ?x=a q=b",
        ),
        ("y='a q=b'; q=c; export \"x\"=$y; $q", "y='a q=b'; q=c; x='a q=b' export 'x=a q=b'; ?c {Program}"),
        ("q=c; \\export x=$y; $q", "q=c; x=?$y export ?x=$y; ?c {Program}"),
        ("q=c; export x=$y; $q", "q=c; x=?$y export ?x=$y; c"),
    ]);
}
