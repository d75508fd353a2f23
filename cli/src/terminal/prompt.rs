//! A yes/no question, answered by one key, with yes as the default; and a question that a line of text answers.
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

/// Asks for a line of text. None for Ctrl-C, Ctrl-D and Escape, and when the terminal is gone.
pub fn line(question: &str) -> Option<String> {
    let terminal = Term::stderr();
    let _keys = KeyByKey::on_stdin();
    terminal.write_str(&format!("{question} ")).ok()?;
    let show = |text: &str| {
        // A terminal that is gone fails the next read.
        let _ = terminal.write_str(text);
    };
    let typed = typed(|| terminal.read_key(), show);
    let _ = terminal.write_line(if typed.is_some() { "" } else { "^C" });
    typed
}

fn typed(mut key: impl FnMut() -> std::io::Result<Key>, mut show: impl FnMut(&str)) -> Option<String> {
    let mut text = String::new();
    loop {
        match key() {
            Ok(Key::Enter) => return Some(text.trim().to_owned()),
            Ok(Key::Backspace) if text.pop().is_some() => show("\u{8} \u{8}"),
            Ok(Key::CtrlC | Key::Escape | Key::Char(END_OF_INPUT)) | Err(_) => return None,
            Ok(Key::Char(letter)) if !letter.is_control() => {
                text.push(letter);
                show(letter.encode_utf8(&mut [0; 4]));
            }
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Consent, END_OF_INPUT, Key, answer, typed};

    #[test]
    fn a_line_is_typed_and_corrected() {
        let letters = |text: &str| text.chars().map(Key::Char).collect::<Vec<_>>();
        for (keys, expected, shown) in [
            (
                [letters(" sqlite "), vec![Key::Enter]].concat(),
                Some("sqlite"),
                " sqlite ",
            ),
            (
                [
                    letters("dü"),
                    vec![Key::Backspace],
                    letters("uck"),
                    vec![Key::ArrowLeft, Key::Enter],
                ]
                .concat(),
                Some("duck"),
                "dü\u{8} \u{8}uck",
            ),
            (vec![Key::Backspace, Key::Enter], Some(""), ""),
            ([letters("x"), vec![Key::CtrlC]].concat(), None, "x"),
            (letters("x\u{4}"), None, "x"),
            (letters("x"), None, "x"),
        ] {
            let (mut left, mut seen) = (keys.into_iter(), String::new());
            let key = || left.next().ok_or_else(|| std::io::Error::other("no more keys"));
            let answer = typed(key, |text| seen.push_str(text));
            assert_eq!((answer.as_deref(), seen.as_str()), (expected, shown));
        }
    }

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
