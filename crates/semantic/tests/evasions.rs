//! Texts that shells read otherwise than they look.

#[path = "commands/shown.rs"]
mod shown;

use self::shown::check;

#[test]
fn a_word_that_is_cut_in_two_by_the_end_of_a_line() {
    check(&[
        ("echo \"$\\\n(rm y)\"", "echo '$(rm y)'; {Unexpected}"),
        ("cat <<E\n$\\\n(rm y)\nE", "cat <Here E«'$(rm y)\n'»>; {Unexpected}"),
        ("x\\\n=1 rm y", "x=1 rm y {Program}"),
        ("1\\\n>z rm y", "1 rm y <Write z> {Program}"),
        ("2\\\n>&1 rm y", "2 rm y <Duplicate 1> {Program}"),
        ("x\\\n+=1 rm y", "x+=1 rm y {Program}"),
        ("{f\\\nd}>/dev/null rm y", "{fd} rm y <Write /dev/null> {Program}"),
        ("!\\\n rm y", "rm y"),
        ("echo a\\\nb \\\n c", "echo ab c"),
    ]);
}

#[test]
fn shells_find_their_script_behind_all_of_their_options() {
    check(&[
        ("bash -c - 'rm y'", "bash -c - 'rm y'; bash> rm y; bash> -"),
        ("bash --norc -ic - 'rm y'", "bash --norc -ic - 'rm y'; bash> rm y; bash> -ic"),
        ("bash +c 'rm y'", "bash +c 'rm y'; bash> rm y"),
        ("sh +ec 'rm y'", "sh +ec 'rm y'; sh> rm y"),
        ("bash -oc pipefail 'rm y'", "bash -oc pipefail 'rm y' {Options}"),
        ("bash -xoc pipefail 'rm y'", "bash -xoc pipefail 'rm y' {Options}"),
        ("bash -Oc extglob 'rm y'", "bash -Oc extglob 'rm y' {Options}"),
        ("bash -oo pipefail errexit -c 'rm y'", "bash -oo pipefail errexit -c 'rm y' {Options}"),
        ("dash -oc errexit 'rm y'", "dash -oc errexit 'rm y' {Options}"),
        ("bash -eo pipefail -c 'rm y'", "bash -eo pipefail -c 'rm y'; bash> rm y"),
        ("sh - x", "sh - x"),
    ]);
}

#[test]
fn nothing_without_quotes_is_no_word() {
    check(&[
        ("{,rm} y", "rm y"),
        ("{,,rm} y", "rm y"),
        ("{,{,rm}} y", "rm y"),
        ("{,} rm y", "rm y"),
        ("{,env} rm y", "env rm y; env> rm y"),
    ]);
}

#[test]
fn directories_that_the_shell_chooses() {
    check(&[
        ("HOME=/; cd; cat etc/os-release", "HOME=/; cd {Code}; cat etc/os-release"),
        ("for HOME in /etc; do cd; cat os-release; done", "cd {Code}; cat os-release; {Code}"),
        (
            "env HOME=/ sh -c 'cd; cat etc/x'",
            "env HOME=/ sh -c 'cd; cat etc/x'; env> HOME=/ sh -c 'cd; cat etc/x'; sh> cd {Code}; sh> cat etc/x",
        ),
        ("CDPATH=/; cd etc; cat os-release", "CDPATH=/ {Code}; cd etc; cat os-release"),
        ("CDPATH= cd etc", "CDPATH='' cd etc"),
        ("export CDPATH=/", "CDPATH=/ export CDPATH=/ {Code}"),
        ("read CDPATH <<< /", "read CDPATH <Here /«/»>; {Code}"),
        ("for CDPATH in /; do cd etc; cat x; done", "cd etc; cat x; {Code}"),
        ("shopt -s cdable_vars; d=/; cd d", "shopt -s cdable_vars {Options}; d=/; cd d"),
    ]);
}

#[test]
fn variables_that_shells_act_on_are_not_set_unseen() {
    check(&[
        ("for PATH in /tmp/x; do git status; done", "git status; {Code}"),
        ("echo $((PATH=1)); git status", "echo ?$((PATH=1)); git status; {Code}"),
        ("{PATH}>/dev/null echo; git status", "echo <Write /dev/null>; git status; {Code}"),
        ("for HOME in /etc; do cat ~/os-release; done", "cat ?~/os-release; {Code}"),
        ("read HOME <<< /etc; cat ~/os-release", "read HOME <Here /etc«/etc»>; cat ?~/os-release; {Code}"),
        ("PWD=/; cat ~+/etc/os-release", "PWD=/; cat ?~+/etc/os-release"),
        ("cat ~/a", "cat ~/a"),
        ("for PS4 in '$(rm y)'; do set -x; :; done", "set -x; :; {Code}"),
        ("printf -v PS4 '%s' '$(rm y)'; set -x; :", "printf -v PS4 %s '$(rm y)'; set -x; :; {Code}"),
        ("declare PS4='$(rm y)'; set -x; :", "PS4='$(rm y)' declare 'PS4=$(rm y)' {Code}; set -x; :"),
        ("coproc PATH { a; }; git status", "a; git status; {Code}"),
        ("export PATH=$PATH:/x", "PATH=?$PATH:/x export ?PATH=$PATH:/x"),
    ]);
}

#[test]
fn what_is_calculated_is_looked_at_wherever_it_stands() {
    check(&[
        ("RANDOM='a[$(rm y)]'", "RANDOM='a[$(rm y)]' {Code}"),
        ("OPTIND='a[$(rm y)]'", "OPTIND='a[$(rm y)]' {Code}"),
        ("OPTIND=1", "OPTIND=1"),
        ("for OPTIND in 'a[$(rm y)]'; do a; done", "a; {Code}"),
        ("x='a[$(rm y)]'; RANDOM=$x", "x='a[$(rm y)]'; RANDOM=?*a[$(rm|y)] {Code}"),
        ("for RANDOM in 'a[$(rm y)]'; do echo; done", "echo; {Code}"),
        ("x='a[$(rm y)]'; echo ${@:x}", "x='a[$(rm y)]'; echo ?${@:x}; {Code}"),
        ("x='a[$(rm y)]'; echo \"${@:1:x}\"", "x='a[$(rm y)]'; echo ?${@:1:x}; {Code}"),
        ("set -- 'a[$(rm y)]'; echo ${@:$1}", "set -- 'a[$(rm y)]'; echo ?${@:$1}; {Code}"),
        ("x='a[$(rm y)]'; a=([x]=1)", "x='a[$(rm y)]'; a=?()|=1; {Code}"),
        ("x='a[$(rm y)]'; a+=([$x]=1)", "x='a[$(rm y)]'; a=?()|=1; {Code}"),
        ("a=(['b[$(rm y)]']=1)", "a=?()|=1; rm y; {Code}"),
        ("a=([0]=1 [k]=2 c)", "a=?()|=1|=2|c; {Code}"),
        ("echo ${@:2}", "echo ?${@:2}"),
    ]);
}

#[test]
fn what_shells_read_differently() {
    check(&[
        ("echo &>/dev/null rm y", "echo rm y <Write /dev/null>; rm y"),
        ("a b &> c", "a b <Write c>"),
        ("echo $'\\'; rm y #'", "echo ''; rm y #'; {Unexpected}"),
        ("echo $'a\\n'", "echo 'a\n'"),
        ("alias x='echo;'", "alias 'x=echo;' {Code}; alias> echo"),
        ("alias x=", "alias x= {Code}"),
        ("echo ${ rm y; }", "echo ?${ rm y; }; {Code}"),
        ("echo ${| rm y; }", "echo ?${| rm y; }; {Code}"),
    ]);
}

#[test]
fn names_that_stand_for_commands_in_later_shells() {
    check(&[
        ("ENV='$(rm y)' sh -i -c :", "ENV='$(rm y)' sh -i -c : {Code}; sh> :"),
        (
            "env 'BASH_FUNC_ls%%=() { rm y; }' bash -c ls",
            "env 'BASH_FUNC_ls%%=() { rm y; }' bash -c ls {Code}; env> 'BASH_FUNC_ls%%=() { rm y; }' bash -c ls",
        ),
        ("BASH_CMDS=([ls]=/x/rm); ls y", "BASH_CMDS=?()|=/x/rm {Code}; ls y; {Code}"),
        ("printf -v 'BASH_CMDS[ls]' /x/rm; ls y", "printf -v BASH_CMDS[ls] /x/rm; ls y; {Code}"),
        ("read 'BASH_CMDS[ls]' <<< /x/rm; ls y", "read BASH_CMDS[ls] <Here /x/rm«/x/rm»>; ls y; {Code}"),
        ("BASH_ALIASES=([echo]=rm)", "BASH_ALIASES=?()|=rm {Code}; {Code}"),
    ]);
}

#[test]
fn escapes_stand_for_what_shells_make_of_them() {
    check(&[
        (r"$'rm\0z' y", "rm y; {Unexpected}"),
        (r"r$'\0'm y", "rm y"),
        (r"$'rm\c@z' y", "rm y; {Unexpected}"),
        (r"$'\562m' y", "rm y; {Unexpected}"),
        (r"cat $'\456\456'/f", "cat ../f; {Unexpected}"),
        (r"cat $'caf\303\251' $'\u00e9'", "cat café é"),
        (r"printf '\562m y' | sh", r"printf '\562m y'; sh {Code}"),
        (r"printf 'r\0m y' | sh", r"printf 'r\0m y'; sh; sh> rm y"),
        (r"printf '%s\0%s' r 'm y' | sh", r"printf %s\0%s r 'm y'; sh; sh> rm y"),
        (r"echo -e '\0562m y' | sh", r"echo -e '\0562m y'; sh {Code}"),
    ]);
}

#[test]
fn directories_that_are_gone_to_more_than_once() {
    check(&[
        ("for i in 1 2; do cd ..; done", "cd ?.."),
        ("while cd ..; do :; done", "cd ?..; :"),
        ("f() { cd ../x; }", "cd ?../x"),
        ("for i in 1; do eval 'cd ..'; done", "eval ?cd .. {Code}; eval> cd .."),
        ("f() ( cd ..; f )", "cd ?..; f"),
        ("for i in 1 2; do x=$(cd .. && pwd); done", "x=?$(cd .. && pwd); cd ..; pwd"),
        ("trap 'cd ..' DEBUG", "trap 'cd ..' DEBUG; trap> cd ?.."),
        ("for i in 1; do (cd .. && ls); ls ..; done; cd ..", "cd ..; ls; ls ..; cd .."),
        ("cat ~1/x ~-2/x ~+0 ~a", "cat ?~1/x ?~-2/x ?~+0 ~a"),
    ]);
}

#[test]
fn patterns_that_shells_expand_further() {
    check(&[
        ("for f in /et*/x; do cat \"$f\" < \"$f\"; done", "cat */et*/x <Read */et*/x>"),
        ("for f in a b; do cat \"$f\"; done", "cat a|b"),
        ("cat .?/x .[.]*/x .env.*", "cat *.?/x|../x *.[.]*/x|../x *.env.*"),
        ("for d in .*; do cat \"$d/x\"; done", "cat *.*/x|../x"),
        ("x='@(a)'; cat ../$x/f \"$x\"", "x=@(a); cat ?../@(a)/f @(a)"),
        ("cat +(a)/f", "cat +; a; /f; {Unexpected}"),
        ("y='a /etc/x'; cat ./b$y; z=b$y", "y='a /etc/x'; cat ?./ba /etc/x; z='ba /etc/x'"),
    ]);
}
