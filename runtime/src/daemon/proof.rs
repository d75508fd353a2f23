//! Proof, before any trust, that what listens on a port is the daemon that was started with our token.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::token::Token;
use crate::http::{BaseUrl, Caller, HttpClient, HttpError};

/// A daemon answers its health in milliseconds, where the machine is not busy.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Why the listener is not proven to be the expected daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unproven {
    /// The text for the details of a daemon's status.
    pub detail: String,
    /// Nothing came back in time, or not all of it: busy daemons are so too.
    pub is_silence: bool,
}

impl From<String> for Unproven {
    fn from(detail: String) -> Unproven {
        Unproven {
            detail,
            is_silence: false,
        }
    }
}

impl From<HttpError> for Unproven {
    fn from(error: HttpError) -> Unproven {
        let is_silence = match &error {
            HttpError::TimedOut { .. } => true,
            // A refused connection means that nothing listens.
            HttpError::Transport(error) => error.kind() != std::io::ErrorKind::ConnectionRefused,
            _ => false,
        };
        Unproven {
            detail: error.to_string(),
            is_silence,
        }
    }
}

/// Who is expected behind a port.
#[derive(Clone, Debug)]
pub struct ExpectedDaemon<'a> {
    pub port: u16,
    pub token: &'a Token,
    pub instance: &'a str,
    /// The version of the program, and what the daemon was told it is.
    pub version: &'a str,
    /// The version of the installed distribution; `None` takes any, for stopping daemons of other versions.
    pub package_version: Option<&'a str>,
}

/// A daemon that proved to hold our token. Only [`prove`] makes one, and only one of these is sent the token.
#[derive(Clone, Debug)]
pub struct ProvenDaemon {
    base: BaseUrl,
    port: u16,
    token: Token,
    health: Health,
}

/// What a daemon says about itself.
#[derive(Clone, Debug)]
struct Health {
    version: String,
    instance: String,
    package_version: String,
}

impl ProvenDaemon {
    /// Where it listens.
    pub fn url(&self) -> &BaseUrl {
        &self.base
    }

    /// The version of the distribution it runs.
    pub fn package_version(&self) -> &str {
        &self.health.package_version
    }

    /// Whether the same daemon still listens there.
    pub fn still_proves_itself(&self, client: &HttpClient) -> bool {
        let expected = ExpectedDaemon {
            port: self.port,
            token: &self.token,
            instance: &self.health.instance,
            version: &self.health.version,
            package_version: Some(&self.health.package_version),
        };
        prove(client, &expected).is_ok()
    }

    /// Posts a JSON object with the token.
    ///
    /// # Errors
    /// In the words of `caller`.
    pub fn post(
        &self,
        client: &HttpClient,
        caller: Caller,
        path: &str,
        payload: &Value,
    ) -> Result<Map<String, Value>, HttpError> {
        client.post_object(caller, &self.base, path, payload, Some(&self.token.hex()))
    }
}

/// Asks for the health with a fresh nonce and checks everything that comes back.
///
/// # Errors
/// Why it is not proven, as the details of a daemon's status say it.
pub fn prove(client: &HttpClient, expected: &ExpectedDaemon<'_>) -> Result<ProvenDaemon, Unproven> {
    let base = BaseUrl::of_port(expected.port);
    let (health, proven) = ask(client, &base, expected.port, expected.token)?;
    if health.version != expected.version {
        return Err(format!(
            "Daemon version {} does not match CLI {}",
            health.version, expected.version
        )
        .into());
    }
    if let Some(wanted) = expected
        .package_version
        .filter(|wanted| *wanted != health.package_version)
    {
        return Err(format!(
            "Daemon runs kaelio-ktx {}, this package bundles {wanted}",
            health.package_version
        )
        .into());
    }
    if !proven || health.instance != expected.instance {
        return Err(
            "Health check was answered by something that is not the recorded daemon"
                .to_owned()
                .into(),
        );
    }
    Ok(ProvenDaemon {
        base,
        port: expected.port,
        token: expected.token.clone(),
        health,
    })
}

/// Whether the listener at a URL holds this token, whatever its versions: for daemons started by hand.
pub fn holds_token(client: &HttpClient, base: &BaseUrl, port: u16, token: &Token) -> bool {
    ask(client, base, port, token).is_ok_and(|(_, proven)| proven)
}

/// The health that is answered, and whether the proof beside it verifies.
fn ask(client: &HttpClient, base: &BaseUrl, port: u16, token: &Token) -> Result<(Health, bool), Unproven> {
    let nonce = ktx_system::random_hex::<32>().map_err(|error| error.to_string())?;
    let client = client.clone().with_at_most(HEALTH_TIMEOUT);
    let answer = client.get(base, "/health", ("x-ktx-nonce", &nonce), "x-ktx-proof")?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("Health check returned HTTP {}: {}", answer.status, answer.text()).into());
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(&answer.body) else {
        return Err("Health check returned non-object JSON".to_owned().into());
    };
    let text = |key: &str| {
        fields
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    if text("status") != "healthy" {
        return Err(format!("Health check returned status {}", text("status")).into());
    }
    let health = Health {
        version: text("version"),
        instance: text("instance"),
        package_version: text("packageVersion"),
    };
    let proof = answer.header.as_deref().and_then(from_hex);
    let proven = proof.is_some_and(|proof| mac(token, &nonce, port, &health).verify_slice(&proof).is_ok());
    Ok((health, proven))
}

fn mac(token: &Token, nonce: &str, port: u16, health: &Health) -> Hmac<Sha256> {
    let Health {
        version,
        instance,
        package_version,
    } = health;
    // HMAC fills a short key up with zeros to the block of its hash.
    let mut key = [0; 64];
    key[..32].copy_from_slice(token.bytes());
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
    mac.update(format!("ktx-daemon/1\n{nonce}\n{instance}\n{port}\n{version}\n{package_version}").as_bytes());
    mac
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    text.parse::<ktx_manifest::Sha256Digest>()
        .ok()
        .map(|digest| *digest.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_test_vector() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("token");
        let digits: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
        ktx_system::files::write(
            &file,
            format!("{digits}\n").as_bytes(),
            ktx_system::files::Access::Private,
        )
        .expect("written");
        let token = Token::read(&file).expect("a token");
        let health = Health {
            version: "0.4.0".to_owned(),
            instance: "0123456789abcdef0123456789abcdef".to_owned(),
            package_version: "0.4.0".to_owned(),
        };
        let proof = mac(&token, "aabbccddeeff00112233445566778899", 51234, &health)
            .finalize()
            .into_bytes();
        let proof: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            proof,
            "3cafc095ce1b3f0bf7d929680e826a394d7d15aa6486b2a781c9797f75a97bf8"
        );
    }
}
