use bailiwick_mcp::*;
use bailiwick_policy::*;
struct N;
impl Load for N {
    fn load(&mut self, _: &str, r: &str) -> Result<Source, String> {
        Err(r.into())
    }
}
fn main() {
    let c = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let p = compile(vec![Source { name: "s".into(), text: bundled("standard").unwrap().into() }], &mut N, &c)
        .unwrap();
    if std::env::args().nth(1).is_some() {
        for _ in 0..200 {
            compile(vec![Source { name: "s".into(), text: bundled("standard").unwrap().into() }], &mut N, &c)
                .unwrap();
        }
        return;
    }
    let mut parser = Parser::default();
    let d = parser
        .parse(
            br#"{"path":"src/lib/parser.rs","content":"fn main() { println!(\"hello\"); }"}"#,
            &Limits::DEFAULT,
        )
        .unwrap();
    let pr = Principal::default();
    let call = Call {
        target: Target::Tool { server: "fs", name: "write_file" },
        arguments: Some(d.root()),
        principal: &pr,
    };
    let mut h = vec![];
    for _ in 0..3_000_000 {
        std::hint::black_box(p.evaluate(&call, &mut h));
    }
}
