//! A desk on its own: `ask FOLDER yes|code ARGUMENTS [ID:TTL-MS]…` puts the questions, and does what the lines of its
//! standard input say (`ask ID TTL-MS`, `withdraw ID`, `close`). Every answer is a line on standard output. When the
//! input ends, it ends with the last answer.
#![expect(clippy::print_stdout, reason = "an example is a binary of its own")]

use std::error::Error;
use std::io;
use std::sync::mpsc::channel;
use std::time::Duration;

use bailiwick_approval::{Answer, Desk, DeskOptions, Gesture, Question, Reason, Screen};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("no folder")?;
    let gesture = if args.next().as_deref() == Some("yes") { Gesture::Yes } else { Gesture::Code };
    let arguments = args.next().ok_or("no arguments")?;
    let options = DeskOptions {
        terminal: "/dev/tty".into(),
        runtime_folder: folder.into(),
        gesture,
        screen: Screen::new(),
        mask: Box::new(|text| if text == "break" { text.repeat(usize::MAX) } else { text.to_owned() }),
        keeper: None,
    };
    let (answered, answers) = channel();
    let desk = Desk::open(options, move |id, answer| {
        match answer {
            Answer::Approve => println!("{id} approved"),
            Answer::Deny(cause) => println!("{id} denied: {cause}"),
        }
        // Nobody waits for it after `close`.
        let _ = answered.send(id);
    })?;
    let mut open: usize = 0;
    let mut put = |id: u64, ttl: u64| match desk.ask(question(id, ttl, &arguments)) {
        Ok(()) => open = open.saturating_add(1),
        Err(cause) => println!("{id} denied: {cause}"),
    };
    for arg in args {
        let (id, ttl) = arg.split_once(':').ok_or("not ID:TTL")?;
        put(id.parse()?, ttl.parse()?);
    }
    for line in io::stdin().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["ask", id, ttl] => put(id.parse()?, ttl.parse()?),
            ["withdraw", id] => desk.withdraw(id.parse()?),
            ["close"] => {
                desk.close();
                println!("closed");
                return Ok(());
            }
            // An agent may send anything; nothing of it is an answer.
            _ => {}
        }
    }
    for _ in 0..open {
        answers.recv()?;
    }
    desk.close();
    Ok(())
}

fn question(id: u64, ttl: u64, arguments: &str) -> Question {
    Question {
        id,
        client: "example".to_owned(),
        principal: "local".to_owned(),
        server: "fs".to_owned(),
        method: "tools/call".to_owned(),
        target: "write_file".to_owned(),
        arguments: arguments.to_owned(),
        reasons: vec![Reason {
            id: "writes".to_owned(),
            file: "policy.yaml".to_owned(),
            line: 3,
            message: "writes need a person".to_owned(),
        }],
        facts: Vec::new(),
        history: Vec::new(),
        ttl: Duration::from_millis(ttl),
    }
}
