//! Random names and secrets from the system's generator.

/// `BYTES` random bytes as lower-case hexadecimal digits.
///
/// # Errors
/// When the system has no random bytes to give.
pub fn hex<const BYTES: usize>() -> std::io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
