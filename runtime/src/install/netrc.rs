//! Credentials from the user's `netrc` file, which uv and pip use for a host that has no others.
//!
//! <https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html>

use std::path::PathBuf;

use crate::Environment;
use crate::installed::read_regular;

/// No such file comes near this.
const MAX_BYTES: u64 = 1 << 20;

/// User and password for a host, from the file that `NETRC` names or the one in the home folder.
pub fn login(environment: &Environment, host: &str) -> Option<(String, String)> {
    let paths = match environment.variable("NETRC") {
        Some(named) => vec![PathBuf::from(named)],
        None => {
            let home = environment.home()?;
            vec![home.join(".netrc"), home.join("_netrc")]
        }
    };
    let text = paths.iter().find_map(|path| read_regular(path, MAX_BYTES).ok())?;
    find(&String::from_utf8_lossy(&text), host)
}

/// The first entry for the host, else the one for every host.
fn find(text: &str, host: &str) -> Option<(String, String)> {
    let (mut machine, mut login, mut password) = (None, None, None);
    let mut matching = None;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines.flat_map(str::split_ascii_whitespace);
    loop {
        let word = words.next();
        if matches!(word, None | Some("machine" | "default")) {
            let complete = login.take().zip(password.take());
            match machine.take() {
                Some(Some(name)) if name == host && complete.is_some() => return complete,
                Some(None) => matching = matching.or(complete),
                _ => {}
            }
        }
        match word {
            None => return matching,
            Some("machine") => machine = Some(words.next()),
            Some("default") => machine = Some(None),
            Some("login") => login = words.next().map(str::to_owned),
            Some("password") => password = words.next().map(str::to_owned),
            Some("account") => drop(words.next()),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_host_comes_before_the_default() {
        let text = "# machine a login no password no\nmachine a\n  login ada password p#w\nmachine b account x \
                    password q login ben\ndefault login any password one\n";
        for (host, expected) in [("a", ("ada", "p#w")), ("b", ("ben", "q")), ("c", ("any", "one"))] {
            let found = find(text, host).expect(host);
            assert_eq!((&*found.0, &*found.1), expected, "{host}");
        }
        for text in [
            "",
            "machine a",
            "machine a login ada",
            "machine a password p",
            "login ada password p",
        ] {
            assert_eq!(find(text, "a"), None, "{text:?}");
        }
    }
}
