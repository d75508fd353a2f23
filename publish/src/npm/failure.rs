//! What a failure of npm says about the registry, read from its code.

use crate::error::NpmFailure;

/// What the registry answers a token or a trusted publisher that may stage, and not publish.
const STAGE_REQUIRED: &str = "E_STAGE_REQUIRED";

/// Reads the code of npm's error from its standard output, or from the end of all its output.
pub(super) fn failure_of(stdout: &str, tail: &str) -> NpmFailure {
    if [stdout, tail].iter().any(|said| said.contains(STAGE_REQUIRED)) {
        return NpmFailure::StageRequired;
    }
    let code = code(stdout).or_else(|| code(tail));
    match code.as_deref() {
        Some("ENEEDAUTH" | "E401" | "EOTP" | "EAUTHUNKNOWN" | "EAUTHIP") => NpmFailure::Credentials,
        Some("ECONNREFUSED" | "ENOTFOUND" | "EAI_AGAIN" | "ENETUNREACH" | "EHOSTUNREACH") => {
            NpmFailure::Unreachable
        }
        Some("EUSAGE" | "ENOENT" | "EACCES" | "EPRIVATE" | "EJSONPARSE" | "EINVALIDTAGNAME") => {
            NpmFailure::NotSent
        }
        Some(_) | None => NpmFailure::Unknown,
    }
}

/// The word after `code` in npm's lines, or the value of `"code"` in its JSON.
fn code(said: &str) -> Option<String> {
    let mut words = said
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let Some(next) = (word == "code").then(|| words.next()).flatten() else {
            continue;
        };
        let is_code = next.len() > 2 && next.bytes().all(|byte| !byte.is_ascii_lowercase());
        if is_code && next.starts_with(['E', 'F']) {
            return Some(next.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_sent_is_known_not_to_be_stored() {
        for (tail, failure) in [
            ("npm error code E503", NpmFailure::Unknown),
            ("\"code\": \"E500\"", NpmFailure::Unknown),
            ("npm error code ECONNRESET", NpmFailure::Unknown),
            ("npm error code E409\nnpm error 409 Conflict", NpmFailure::Unknown),
            ("npm error code E403", NpmFailure::Unknown),
            ("npm error code E404", NpmFailure::Unknown),
            ("npm error code EPUBLISHCONFLICT", NpmFailure::Unknown),
            ("npm error code ERR_SOCKET_TIMEOUT", NpmFailure::Unknown),
            ("npm error network socket hang up", NpmFailure::Unknown),
            ("", NpmFailure::Unknown),
            ("npm error code E401", NpmFailure::Credentials),
            ("npm error code ENEEDAUTH", NpmFailure::Credentials),
            ("npm error code EOTP", NpmFailure::Credentials),
            (
                "npm error code E403\nnpm error 403 Forbidden - E_STAGE_REQUIRED",
                NpmFailure::StageRequired,
            ),
            ("npm error code E_STAGE_REQUIRED", NpmFailure::StageRequired),
            ("npm error code ECONNREFUSED", NpmFailure::Unreachable),
            ("npm error code ENOTFOUND", NpmFailure::Unreachable),
            ("npm error code EUSAGE", NpmFailure::NotSent),
            ("npm error code ENOENT", NpmFailure::NotSent),
        ] {
            assert_eq!(failure_of("", tail), failure, "{tail}");
        }
    }
}
