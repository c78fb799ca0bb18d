//! What is on disk: the audit log and the lock file, as versioned formats.
