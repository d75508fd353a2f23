//! Cuts a stream of bytes into lines as they arrive.

/// The bytes of a line that has not ended yet.
#[derive(Debug, Default)]
pub struct Lines {
    unfinished: Vec<u8>,
    after_return: bool,
}

impl Lines {
    /// Takes a piece and passes on every line that it completes. A carriage return also ends a line: progress bars use
    /// it.
    pub fn push(&mut self, piece: &[u8], mut each: impl FnMut(&str)) {
        for byte in piece {
            let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => each(&text(std::mem::take(&mut self.unfinished))),
                _ => self.unfinished.push(*byte),
            }
        }
    }

    /// What came after the last line ending, if anything did.
    pub fn take(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.unfinished);
        (!bytes.is_empty()).then(|| text(bytes))
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn every_ending_ends_one_line_wherever_the_pieces_are_cut() {
        let stream = "one\r\ntwo\n\nhalf 1%\rhalf 2%\r\nt\u{e9}l";
        for size in 1..stream.len() {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            for piece in stream.as_bytes().chunks(size) {
                lines.push(piece, |line| found.push(line.to_owned()));
            }
            assert_eq!(found, ["one", "two", "", "half 1%", "half 2%"]);
            assert_eq!(lines.take().as_deref(), Some("t\u{e9}l"));
            assert_eq!(lines.take(), None);
        }
    }
}
