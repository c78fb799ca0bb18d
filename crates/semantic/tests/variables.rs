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
        ("x=/tmp; while IFS= read -r l; do rm $x/a; done", "x=/tmp; IFS='' read -r l; rm /tmp/a"),
    ]);
}
