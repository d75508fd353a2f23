//! Signs programs after they are built and before they are packed, where `signing` in release-policy.json says so: what is
//! packed, described and published is the signed bytes.
//!
//! Keys are files that variables name, and their passwords are in files, too: no argument or message has either.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::Platform;
use ktx_publish::artifacts::read_policy;
use ktx_release::signature::{self, ProgramSignature};
use ktx_system::files::{self, Access};
use xshell::cmd;

use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::releasing;
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Signs those programs that the policy wants signed and that are not. Without keys they stay as they are, which a warning
/// says, and readiness refuses them.
pub fn sign(session: &Session<'_>, programs: &BTreeMap<Platform, PathBuf>) -> Result<()> {
    let location = releasing::location(session, None)?;
    let (policy, _) = read_policy(&location.policy).map_err(|error| releasing::failure(session, error))?;
    for platform in policy.signing {
        let Some(program) = programs.get(&platform).and_then(|path| Utf8Path::from_path(path)) else {
            continue;
        };
        if let Ok(ProgramSignature::Certified(_)) = signature::read(&fs::read(program)?) {
            continue;
        }
        let signer = Signer::of(platform);
        match signer.key()? {
            Some(key) => signer.sign(session, platform, program, &key)?,
            None => session.printer.warning(&format!(
                "the program for {platform} is not signed: {} is not set",
                signer.variable("P12")
            )),
        }
    }
    Ok(())
}

/// The tool that signs for an operating system.
#[derive(Clone, Copy)]
enum Signer {
    Darwin,
    Win32,
}

/// A certificate with its key.
struct Key {
    /// PKCS#12
    file: Utf8PathBuf,
    /// The file with its password.
    password: Utf8PathBuf,
    /// The server whose time the signature has; without one it has none.
    timestamp: Option<String>,
}

impl Signer {
    fn of(platform: Platform) -> Self {
        match platform {
            Platform::Win32X64 => Self::Win32,
            _ => Self::Darwin,
        }
    }

    fn variable(self, what: &str) -> String {
        let system = match self {
            Self::Darwin => "DARWIN",
            Self::Win32 => "WIN32",
        };
        format!("KTX_SIGN_{system}_{what}")
    }

    fn key(self) -> Result<Option<Key>> {
        let value = |what: &str| {
            std::env::var(self.variable(what))
                .ok()
                .filter(|value| !value.is_empty())
        };
        let Some(file) = value("P12") else {
            return Ok(None);
        };
        let password = value("PASSWORD_FILE").ok_or_else(|| {
            let message = format!(
                "failed to find the password of the key: {} is not set",
                self.variable("PASSWORD_FILE")
            );
            Failure::new(Exit::Prerequisite, message)
                .hint("name a file that has the password of the PKCS#12 file")
        })?;
        Ok(Some(Key {
            file: file.into(),
            password: password.into(),
            timestamp: value("TIMESTAMP_URL"),
        }))
    }

    fn sign(self, session: &Session<'_>, platform: Platform, program: &Utf8Path, key: &Key) -> Result<()> {
        let step = session.printer.step(&format!("sign the program for {platform}"));
        let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
        let signed = Utf8PathBuf::try_from(folder.path().join("signed"))?;
        let (
            sh,
            Key {
                file,
                password,
                timestamp,
            },
        ) = (session.shell()?, key);
        let command = match self {
            Self::Darwin => {
                let rcodesign = tools::provide(session, ToolSet::Rcodesign)?.program("rcodesign");
                let server = timestamp.as_deref().unwrap_or("none");
                cmd!(
                    sh,
                    "{rcodesign} sign --code-signature-flags runtime --binary-identifier ktx"
                )
                .args([
                    "--p12-file",
                    file.as_str(),
                    "--p12-password-file",
                    password.as_str(),
                ])
                .args(["--timestamp-url", server])
                .args([program, &signed])
            }
            Self::Win32 => {
                let server = timestamp.iter().flat_map(|url| ["-ts", url.as_str()]);
                cmd!(
                    sh,
                    "osslsigncode sign -h sha256 -pkcs12 {file} -readpass {password}"
                )
                .args(server)
                .args(["-in", program.as_str(), "-out", signed.as_str()])
            }
        };
        process::run(session.printer, command, OutputMode::Kept).map_err(|error| {
            Failure::new(
                Exit::Prerequisite,
                format!("failed to sign the program for {platform}"),
            )
            .because(error)
            .hint(self.hint())
        })?;
        let bytes = fs::read(&signed)?;
        match signature::read(&bytes) {
            Ok(ProgramSignature::Certified(subject)) => step.done(&subject),
            other => {
                let message = format!("failed to accept the signed program for {platform}: {other:?}");
                return Err(Failure::new(Exit::Integrity, message).hint(self.hint()).into());
            }
        };
        Ok(files::write(program.as_std_path(), &bytes, Access::Executable)?)
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Darwin => "check the key and its password: rcodesign analyze-certificate --p12-file FILE",
            Self::Win32 => {
                "install osslsigncode with: apt-get install --yes osslsigncode; and check the key and its password"
            }
        }
    }
}
