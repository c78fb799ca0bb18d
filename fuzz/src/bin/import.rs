//! Policies of other products: any text is a policy of ours or a report, in every format and both modes.
#![no_main]

use bailiwick_import::{Format, Mode, export, import, recognise};
use bailiwick_policy::{Context, Load, Source, compile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = recognise(text);
    let _ = export(text, None);
    for (_, format) in Format::ALL {
        for mode in [Mode::Exact, Mode::Safe] {
            let source = Source { name: "theirs".to_owned(), text: text.to_owned() };
            match import(&source, format, mode) {
                Ok(imported) => {
                    let source = Source { name: "ours".to_owned(), text: imported.text };
                    let context = Context {
                        workspace: Some("/work/app".to_owned()),
                        home: Some("/home/ana".to_owned()),
                    };
                    if let Err(problems) = compile(vec![source], &mut Nothing, &context) {
                        panic!("the translation is no policy:\n{}", problems.render(false));
                    }
                }
                Err(problems) => assert!(problems.errors() > 0, "an error says what is wrong"),
            }
        }
    }
});

/// No file can be extended here.
struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not there"))
    }
}
