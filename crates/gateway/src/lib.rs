//! Moving bytes: decides nothing.
