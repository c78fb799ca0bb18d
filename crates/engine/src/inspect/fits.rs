//! Arguments of a call held against the pinned `inputSchema` of its tool.

use bailiwick_mcp::Value;
use bailiwick_policy::GuardName;

use super::Inspector;
use super::edited::Edited;
use super::finding::{Case, Place};
use crate::pins::{Known, Schemas};

impl Inspector<'_> {
    /// Finds where `arguments` of a call of `tool` do not fit; none at all are taken for `{}`.
    pub(super) fn fits(&mut self, schemas: &Schemas, tool: &str, arguments: Option<Value<'_>>) {
        if self.view.from(GuardName::Schema).is_none() {
            return;
        }
        let schema = match schemas.of(tool) {
            Known::Schema(schema) => schema,
            Known::Lost => return self.not_held("no more schemas of this server are kept"),
            Known::Nothing => return,
        };
        if schema.is_cut() {
            self.not_held("parts of the tool's schema are beyond what is kept, or in an unknown dialect");
        }
        schema.each_misfit(arguments, &mut |misfit| {
            let place = Place::argument(&misfit.pointer);
            let (edited, mut edits) = (Edited::new(&misfit.pointer), Vec::new());
            let mut case = Case {
                view: &self.view,
                about: &self.about,
                at: self.at,
                name: GuardName::Schema,
                text: &misfit.pointer,
                place: &place,
                edited: &edited,
                silent: false,
                out: &mut self.out,
                edits: &mut edits,
            };
            case.take(&misfit.finding);
        });
    }

    fn not_held(&mut self, what: &'static str) {
        self.out.unread(Some((GuardName::Schema, &self.view)), &Place::argument(""), what);
    }
}
