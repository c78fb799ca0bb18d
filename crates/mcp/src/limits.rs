//! Named limits of the wire, with their defaults. Every loop and buffer that a peer can drive ends at one of them.

/// Bounds on one message and on what is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest message (one line on stdio), in bytes. Default 16 MiB, like rmcp; the TypeScript SDK stops at 10 MiB.
    pub message_bytes_max: usize,
    /// Deepest nesting of arrays and objects. Default 127, the deepest that serde_json's tree reads.
    pub depth_max: usize,
    /// Most JSON values and keys in one message. Default 1,000,000.
    pub values_max: usize,
    /// Longest number, in bytes. Default 1,024; Python refuses integers above 4,300 digits.
    pub number_bytes_max: usize,
    /// Longest string id, in bytes. Default 256.
    pub id_bytes_max: usize,
    /// Longest method name, in bytes. Default 256.
    pub method_bytes_max: usize,
    /// Most members of a batch. Default 128.
    pub batch_max: usize,
    /// Most requests that wait for an answer, per direction. Default 4,096.
    pub pending_max: usize,
}

impl Limits {
    pub const DEFAULT: Limits = Limits {
        message_bytes_max: 16 << 20,
        depth_max: 127,
        values_max: 1_000_000,
        number_bytes_max: 1_024,
        id_bytes_max: 256,
        method_bytes_max: 256,
        batch_max: 128,
        pending_max: 4_096,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}
