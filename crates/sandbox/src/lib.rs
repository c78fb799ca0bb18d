//! Operating system enforcement: today the supervisor that leaves no orphan.
