//! Server-sent events: where they end, and how one is written.

/// One `data:` event that holds `payload`, which must be a single line.
pub fn event(payload: &[u8]) -> Vec<u8> {
    [b"data: ", payload, b"\n\n"].concat()
}

/// Follows a stream of events through arbitrary chunk boundaries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Position {
    /// Between events, where another may begin.
    #[default]
    Between,
    /// Inside a line.
    InLine,
    /// After a line's end, inside an event.
    AfterLine,
}

// === impl Position ===

impl Position {
    /// The position after `chunk`. Carriage returns carry no meaning of their own here.
    pub fn after(self, chunk: &[u8]) -> Self {
        // Only the chunk's last few bytes decide; a longer run of blank lines changes nothing.
        let mut position = if chunk.len() > 8 { Self::InLine } else { self };
        for &byte in &chunk[chunk.len().saturating_sub(8)..] {
            position = match (byte, position) {
                (b'\r', same) => same,
                (b'\n', Self::InLine) => Self::AfterLine,
                (b'\n', _) => Self::Between,
                _ => Self::InLine,
            };
        }
        position
    }

    /// What must be written before a new event can begin.
    pub fn closing(self) -> &'static [u8] {
        match self {
            Self::Between => b"",
            Self::AfterLine => b"\n",
            Self::InLine => b"\n\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_does_not_depend_on_chunk_boundaries() {
        let stream = b"data: {\"a\":1}\n\ndata: [DO";
        for cut in 0..=stream.len() {
            let whole = Position::default().after(stream);
            let parts = Position::default().after(&stream[..cut]).after(&stream[cut..]);
            assert_eq!(whole, parts, "cut at {cut}");
        }
        assert_eq!(Position::default().after(b"data: 1\n\n"), Position::Between);
        assert_eq!(Position::default().after(b"data: 1\r\n\r\n"), Position::Between);
        assert_eq!(Position::default().after(b"data: 1\n").closing(), b"\n");
        assert_eq!(Position::default().after(b"data: 1").closing(), b"\n\n");
    }
}
