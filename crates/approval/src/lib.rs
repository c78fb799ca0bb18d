//! Channels that bring a human's answer.
