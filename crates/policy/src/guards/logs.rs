//! How much a server may say in log lines.

/// How severe a log line is (RFC 5424, section 6.2.1), from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    /// All levels, with the words of the protocol.
    pub const ALL: [(&'static str, LogLevel); 8] = [
        ("debug", LogLevel::Debug),
        ("info", LogLevel::Info),
        ("notice", LogLevel::Notice),
        ("warning", LogLevel::Warning),
        ("error", LogLevel::Error),
        ("critical", LogLevel::Critical),
        ("alert", LogLevel::Alert),
        ("emergency", LogLevel::Emergency),
    ];

    /// The level of this name.
    #[must_use]
    pub fn of(word: &str) -> Option<LogLevel> {
        LogLevel::ALL.iter().find(|(own, _)| *own == word).map(|(_, level)| *level)
    }

    /// The word of the protocol.
    #[must_use]
    pub fn word(self) -> &'static str {
        LogLevel::ALL.iter().find(|(_, level)| *level == self).map_or("", |(word, _)| word)
    }
}
