//! Random names and secrets from the system's generator.

use crate::Error;

/// `BYTES` random bytes as lower-case hexadecimal digits.
pub fn hex<const BYTES: usize>() -> Result<String, Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(std::io::Error::other(error.to_string())))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
