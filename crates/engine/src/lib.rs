//! The decision core: message and time in, decision and effect out.
