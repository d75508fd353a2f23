//! A yes/no question, answered by one key, with yes as the default.
//!
//! dialoguer's own prompt redraws its line when it is answered, which repeats a question that takes several lines, and
//! waits on when it reads Ctrl-D.

use console::{Key, Term};
use ktx_runtime::Consent;
use ktx_system::KeyByKey;

const END_OF_INPUT: char = '\u{4}';

/// Writes the question once, and the answer behind it.
pub fn confirm(question: &str) -> Consent {
    let terminal = Term::stderr();
    // From before the question on, so that Ctrl-C is a key at whatever moment it is pressed.
    let _keys = KeyByKey::on_stdin();
    let shown = terminal.write_str(&format!("{question} [Y/n] "));
    let answer = match shown.map(|()| answer(|| terminal.read_key())) {
        Ok(answer) => answer,
        Err(_) => Consent::Declined,
    };
    let word = match answer {
        Consent::Given => "yes",
        Consent::Declined => "no",
        Consent::Cancelled => "^C",
    };
    let _ = terminal.write_line(word);
    answer
}

fn answer(mut key: impl FnMut() -> std::io::Result<Key>) -> Consent {
    loop {
        match key() {
            Ok(Key::Char('y' | 'Y') | Key::Enter) => return Consent::Given,
            Ok(Key::Char('n' | 'N' | 'q' | 'Q' | END_OF_INPUT) | Key::Escape) => return Consent::Declined,
            Ok(Key::CtrlC) => return Consent::Cancelled,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Consent::Cancelled,
            // The terminal is gone: nobody can agree.
            Err(_) => return Consent::Declined,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Consent, END_OF_INPUT, Key, answer};

    #[test]
    fn one_key_answers() {
        for (key, expected) in [
            (Key::Enter, Consent::Given),
            (Key::Char('y'), Consent::Given),
            (Key::Char('n'), Consent::Declined),
            (Key::Char('q'), Consent::Declined),
            (Key::Escape, Consent::Declined),
            (Key::Char(END_OF_INPUT), Consent::Declined),
            (Key::CtrlC, Consent::Cancelled),
        ] {
            let mut keys = [Key::Char('x'), Key::ArrowUp, key.clone()].into_iter();
            let given = answer(|| keys.next().ok_or_else(|| std::io::Error::other("no more keys")));
            assert_eq!(given, expected, "{key:?}");
        }
    }

    #[test]
    fn a_terminal_that_is_gone_declines() {
        assert_eq!(
            answer(|| Err(std::io::ErrorKind::UnexpectedEof.into())),
            Consent::Declined
        );
        assert_eq!(
            answer(|| Err(std::io::ErrorKind::Interrupted.into())),
            Consent::Cancelled
        );
    }
}
