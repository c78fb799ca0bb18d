//! The Model Context Protocol as bytes: strict parser, typed view, method tables, framing.
