//! Configurations that others can change.

use super::{Audit, Look, Severity, Sink};
use crate::scan::finding::Said;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "exposed-config",
    severity: Severity::High,
    title: "Others on this machine can change the configuration",
    page: "The file, or the folder it lies in, may be written by everybody. Who writes to it decides what the client launches with your rights.
`chmod o-w` the file and the folder.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (file, config) in look.subject.files.iter().enumerate() {
        if let Some(exposed) = &config.exposed {
            let message = format!("everybody on this machine can change `{exposed}`");
            sink.add(Said {
                file,
                server: None,
                at: 0,
                message,
                fix: Some(format!("chmod o-w '{exposed}'")),
            });
        }
    }
}
