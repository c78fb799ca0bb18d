//! Folders that a container gets of the machine.

use super::{Audit, Look, Reach, Severity, Sink, every_command, mounts, reach, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "sensitive-mount",
    severity: Severity::High,
    title: "A container gets a sensitive part of the machine",
    page: "The container is given the whole disk, a home folder, a folder of keys, or the container engine's own socket. The walls of the
container then keep nothing in: who writes to the socket is root on the machine. Mount the one folder that the server works on, read-only
where it only reads (`-v /work/project:/work:ro`).",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look) {
        for mount in mounts(&command) {
            let is_socket = mount.text.ends_with(".sock");
            let Some(reach) = reach(&mount.text, &look.subject.home).or(is_socket.then_some(Reach::Secrets))
            else {
                continue;
            };
            let what = if is_socket { "the engine itself" } else { reach.words() };
            let message = format!("the container gets `{}`: {what}", mount.text);
            sink.add(said(seat, mount.at, message, "mount the one folder that it works on".to_owned()));
        }
    }
}
