//! When an external classifier is asked: what each word means, and what several layers come to.

use bailiwick_policy::{Context, Failing, GuardAction, GuardLevel, Load, Policy, Problems, Source, compile};

struct NoFiles;

impl Load for NoFiles {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

fn compiled(texts: &[&str]) -> Result<Policy, Problems> {
    let source =
        |(index, text): (usize, &&str)| Source { name: format!("p{index}.yaml"), text: (*text).into() };
    compile(texts.iter().enumerate().map(source).collect(), &mut NoFiles, &Context::default())
}

#[test]
fn of_two_classifiers_the_stricter_of_each_word_counts() {
    let lenient = "version: 1\ndefault: ask\nguards: { classifier: { from: certain, score: 0.9, then: log, fails: open, within: 3s } }\n";
    let classifier = |texts: &[&str]| compiled(texts).unwrap().guards().classifier();
    let alone = classifier(&[lenient]).unwrap();
    let wanted = (GuardLevel::Certain, 900, GuardAction::Log, Failing::Open, 3_000);
    assert_eq!((alone.from, alone.score, alone.then, alone.fails, alone.within_ms), wanted);
    let usual = classifier(&["version: 1\ndefault: ask\nguards: { classifier: {} }\n"]).unwrap();
    let wanted = (GuardLevel::Possible, 500, GuardAction::Block, Failing::Closed, 5_000);
    assert_eq!((usual.from, usual.score, usual.then, usual.fails, usual.within_ms), wanted);
    for layers in [
        [lenient, "version: 1\ndefault: ask\nguards: { classifier: {} }\n"],
        ["version: 1\ndefault: ask\nguards: { classifier: {} }\n", lenient],
    ] {
        assert_eq!(classifier(&layers), Some(usual));
    }
    assert_eq!(classifier(&["version: 1\ndefault: ask\n"]), None);
    for wrong in [
        "score: 0",
        "score: 1.1",
        "score: 0.12345",
        "score: x",
        "within: 31s",
        "then: redact",
        "fails: shut",
        "url: http://x",
    ] {
        let text = format!("version: 1\ndefault: ask\nguards: {{ classifier: {{ {wrong} }} }}\n");
        let problems = compiled(&[&text]).unwrap_err().render(false);
        assert!(problems.contains(wrong.split(':').next().unwrap()), "{wrong}: {problems}");
    }
}
