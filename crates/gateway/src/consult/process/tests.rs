//! The conversation with a classifier, played by a thread at the other ends of two pipes.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::time::{Duration, Instant};

use bailiwick_engine::Opinion;

use super::{Job, LATE, Running, never_waits, work};

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(30);

type Said = Receiver<Result<Opinion, String>>;

fn job(text: &str, until: Instant) -> (Job, Said) {
    let (tell, said) = channel();
    let reply = Box::new(move |opinion| drop(tell.send(opinion)));
    (Job { body: text.as_bytes().to_vec(), until, reply }, said)
}

/// A classifier that answers each line by what `answer` makes of it.
fn classifier(answer: impl Fn(&str, &mut File) + Send + 'static) -> Running {
    let (hears, to) = std::io::pipe().expect("a pipe");
    let (from, tells) = std::io::pipe().expect("a pipe");
    let (to, from) = (File::from(OwnedFd::from(to)), File::from(OwnedFd::from(from)));
    let mut tells = File::from(OwnedFd::from(tells));
    never_waits(&to).expect("it is a pipe");
    std::thread::spawn(move || {
        for line in BufReader::new(hears).lines() {
            answer(&line.expect("a line"), &mut tells);
        }
    });
    Running { to, from, end: Box::new(|| {}) }
}

fn score(out: &mut File, thousandths: u16) {
    writeln!(out, "{{\"score\":{}}}", f64::from(thousandths) / 1_000.0).expect("somebody listens");
}

fn scored(said: &Said) -> Result<u16, String> {
    said.recv_timeout(PATIENCE).expect("it is answered").map(|opinion| opinion.score)
}

#[test]
fn a_question_that_waited_too_long_is_not_put_and_costs_no_process() {
    let started = Cell::new(0);
    let start = || {
        started.set(started.get() + 1);
        Ok(classifier(|_, out| score(out, 250)))
    };
    let (send, jobs) = sync_channel(4);
    let soon = Instant::now() + PATIENCE;
    let heard = [soon, Instant::now(), soon].map(|until| {
        let (job, said) = job("{}", until);
        send.send(job).expect("there is room");
        said
    });
    drop(send);
    work(start, &jobs);
    assert_eq!(heard.map(|said| scored(&said)), [Ok(250), Err(LATE.to_owned()), Ok(250)]);
    assert_eq!(started.get(), 1);
}

#[test]
fn a_line_that_comes_after_an_answer_is_no_answer_to_the_next_question() {
    let (go_on, more) = channel::<()>();
    let (done, written) = channel::<()>();
    let mut first = Some(classifier(move |_, out| {
        score(out, 250);
        // The first line was read.
        let _ = more.recv();
        score(out, 0);
        let _ = done.send(());
    }));
    let start = || Ok(first.take().unwrap_or_else(|| classifier(|_, out| score(out, 900))));
    let (send, jobs) = sync_channel(4);
    let until = Instant::now() + PATIENCE;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (one, said) = job("{}", until);
            send.send(one).expect("there is room");
            assert_eq!(scored(&said), Ok(250));
            go_on.send(()).expect("it waits");
            written.recv().expect("it says more");
            let (two, said) = job("{}", until);
            send.send(two).expect("there is room");
            assert_eq!(scored(&said), Ok(900), "by a new process, and not what the old one said");
            drop(send);
        });
        work(start, &jobs);
    });
}

#[test]
fn a_line_longer_than_a_pipe_is_said_to_its_end() {
    let (send, jobs) = sync_channel(1);
    let (job, said) = job(&"x".repeat(300_000), Instant::now() + PATIENCE);
    send.send(job).expect("there is room");
    drop(send);
    let start = || {
        let count = |line: &str, out: &mut File| score(out, u16::try_from(line.len() / 1_000).expect("300"));
        Ok(classifier(count))
    };
    work(start, &jobs);
    assert_eq!(scored(&said), Ok(300));
}
