//! Authors and maintainers, as core metadata spells them.

use super::document::PersonTable;

/// The values of `Author` and `Author-Email`, or of the maintainers' fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Those without an address, joined by commas.
    pub names: Option<String>,
    /// `Name <address>` or the address alone, joined by commas.
    pub emails: Option<String>,
}

impl People {
    /// Sorts people into the two fields; hands out one sentence for each that fits neither.
    pub(super) fn sort(table: Vec<PersonTable>) -> (People, Vec<String>) {
        let (mut names, mut emails, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for person in table {
            match (person.name, person.email) {
                (Some(name), _) if !is_plain(&name) || name.contains(',') => {
                    refused.push(format!(
                        "the name {name:?} is empty or has a comma or a line break"
                    ));
                }
                (_, Some(email)) if !is_address(&email) => {
                    refused.push(format!("{email:?} is not an e-mail address"));
                }
                (Some(name), Some(email)) => emails.push(format!("{} <{email}>", quoted(&name))),
                (None, Some(email)) => emails.push(email),
                (Some(name), None) => names.push(name),
                (None, None) => refused.push("a person has neither name nor e-mail address".to_owned()),
            }
        }
        let join = |list: Vec<String>| (!list.is_empty()).then(|| list.join(", "));
        (
            People {
                names: join(names),
                emails: join(emails),
            },
            refused,
        )
    }
}

fn is_plain(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}

fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_graphic() && !"<>(),;:\\\"[]@".contains(c))
    };
    text.split_once('@')
        .is_some_and(|(local, domain)| plain(local) && plain(domain))
}

/// A display name with characters that mean something in an address list is quoted, as RFC 5322 has it.
fn quoted(name: &str) -> String {
    if name.contains(|c| "<>();:\\\"[]@.".contains(c)) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}
