//! The shapes of texts that the format prescribes, each with the regular expression it stands for.

pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// `^[a-zA-Z0-9][a-zA-Z0-9._-]*$`
pub(super) fn is_tag(text: &str) -> bool {
    begins_alphanumeric(text)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// `^[a-zA-Z0-9][a-zA-Z0-9._+-]*$`, around which blanks are ignored.
pub(super) fn is_version_or_tag(text: &str) -> bool {
    is_tag(&text.trim().replace('+', ".")) && !text.trim().starts_with('+')
}

/// `^(?:@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*$`, around which blanks are ignored.
pub(super) fn is_package_name(text: &str) -> bool {
    let text = text.trim();
    let is_part = |part: &str| is_tag(part) && !part.bytes().any(|byte| byte.is_ascii_uppercase());
    match text.strip_prefix('@') {
        Some(scoped) => scoped
            .split_once('/')
            .is_some_and(|(scope, name)| is_part(scope) && is_part(name)),
        None => is_part(text),
    }
}

fn begins_alphanumeric(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric())
}
