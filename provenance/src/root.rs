//! The trusted root: the authorities and logs that count, and what differs between two of them.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::Serialize;
use sigstore_verify::Verifier;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::TimeRange;

use crate::provider;

/// The public instance of Sigstore, which `cargo xtask trust-root` replaces on purpose.
pub const PINNED_ROOT: &str = include_str!("../trusted_root.json");

/// The same as its maintainers distributed it with the version of sigstore-trust-root in Cargo.lock.
pub const LOCKED_ROOT: &str = SIGSTORE_PRODUCTION_TRUSTED_ROOT;

/// The authorities that are trusted.
pub struct TrustRoot(pub(crate) Verifier);

impl TrustRoot {
    /// Reads a trusted root. The error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        provider::install();
        let root = TrustedRoot::from_json(text).map_err(|error| error.to_string())?;
        Verifier::new(&root).map(Self).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TrustRoot")
    }
}

/// One authority or log that one root has and another has not, or has for another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootChange {
    pub kind: RootChangeKind,
    /// What it is, where, and the digest of its key or certificates.
    pub what: String,
    /// Since when and until when it counts, before and after.
    pub valid: (Option<Validity>, Option<Validity>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootChangeKind {
    Added,
    Removed,
    Changed,
}

/// A moment is absent where nothing limits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Validity {
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
}

impl RootChange {
    /// The change in one line.
    pub fn line(&self) -> String {
        let (word, valid) = match (self.kind, self.valid) {
            (RootChangeKind::Added, (_, Some(after))) => ("added", after.to_string()),
            (RootChangeKind::Removed, (Some(before), _)) => ("removed", before.to_string()),
            (_, (before, after)) => {
                let text =
                    |validity: Option<Validity>| validity.map(|one| one.to_string()).unwrap_or_default();
                ("changed", format!("{}; now {}", text(before), text(after)))
            }
        };
        format!("{word}: {}, {valid}", self.what)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |moment: Timestamp| moment.strftime("%Y-%m-%d").to_string();
        match (self.start, self.end) {
            (None, None) => formatter.write_str("valid at any time"),
            (Some(start), None) => write!(formatter, "valid since {}", day(start)),
            (None, Some(end)) => write!(formatter, "valid until {}", day(end)),
            (Some(start), Some(end)) => write!(formatter, "valid from {} until {}", day(start), day(end)),
        }
    }
}

/// What differs between two roots, each of which has to be usable. A root without authorities or logs is not.
pub fn root_changes(before: &str, after: &str) -> Result<Vec<RootChange>, String> {
    let (before, after) = (entries(before)?, entries(after)?);
    let added = after.iter().filter(|(what, _)| !before.contains_key(*what));
    let added = added.map(|(what, valid)| RootChange {
        kind: RootChangeKind::Added,
        what: what.clone(),
        valid: (None, Some(*valid)),
    });
    let others = before.iter().filter_map(|(what, valid)| {
        let now = after.get(what).copied();
        let kind = match now {
            None => RootChangeKind::Removed,
            Some(now) if now == *valid => return None,
            Some(_) => RootChangeKind::Changed,
        };
        Some(RootChange {
            kind,
            what: what.clone(),
            valid: (Some(*valid), now),
        })
    });
    Ok(others.chain(added).collect())
}

/// What a root names, and when each counts.
fn entries(text: &str) -> Result<BTreeMap<String, Validity>, String> {
    TrustRoot::read(text)?;
    let root = TrustedRoot::from_json(text).map_err(|error| error.to_string())?;
    for (is_empty, what) in [
        (root.certificate_authorities.is_empty(), "certificate authority"),
        (root.ctlogs.is_empty(), "log of certificates"),
        (root.tlogs.is_empty(), "transparency log"),
    ] {
        if is_empty {
            return Err(format!("it names no {what}"));
        }
    }
    let mut entries = BTreeMap::new();
    let mut add = |kind: &str, place: &str, digest: String, valid| {
        entries.insert(format!("{kind} {place} {digest}"), Validity::of(valid));
    };
    for log in &root.tlogs {
        let key = digest_of([log.public_key.raw_bytes.as_bytes()]);
        add("transparency log", &log.base_url, key, log.public_key.valid_for);
    }
    for log in &root.ctlogs {
        let key = digest_of([log.public_key.raw_bytes.as_bytes()]);
        add(
            "log of certificates",
            &log.base_url,
            key,
            log.public_key.valid_for,
        );
    }
    for authority in &root.certificate_authorities {
        let chain = authority.cert_chain.certificates.iter();
        let chain = digest_of(chain.map(|one| one.raw_bytes.as_bytes()));
        add(
            "certificate authority",
            &authority.uri,
            chain,
            authority.valid_for,
        );
    }
    for authority in &root.timestamp_authorities {
        let chain = authority.cert_chain.certificates.iter();
        let chain = digest_of(chain.map(|one| one.raw_bytes.as_bytes()));
        let place = authority.uri.as_deref().unwrap_or("without an address");
        add("timestamp authority", place, chain, authority.valid_for);
    }
    Ok(entries)
}

/// Of a key or of certificates; another key has another one.
fn digest_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut context = Context::new(&SHA256);
    parts.into_iter().for_each(|part| context.update(part));
    format!("sha256-{}", STANDARD.encode(context.finish()))
}

impl Validity {
    fn of(range: Option<TimeRange>) -> Self {
        Self {
            start: range.map(|range| range.start),
            end: range.and_then(|range| range.end),
        }
    }
}
