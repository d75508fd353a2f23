//! The package to be released, compared with a published one.

use jiff::Timestamp;
use ktx_inspect::{Comparison, Package, PublishedSize, Side, compare};
use ktx_manifest::smoke_report::SchemaVersion;
use ktx_names::NPM_PACKAGE;
use ktx_policy::{RegistryUrl, ReleaseVersion};
use ktx_publish::PublishError;
use ktx_publish::artifacts::{Tarball, integrity_of};
use ktx_publish::registry::{Known, Packument, Registry};

/// How many versions the sizes are listed of.
const HISTORY: usize = 12;

/// Compares with a version on the registry: the one that `asked` names by number or dist-tag, else the highest below
/// `version`.
pub fn against_registry(
    tarball: &Tarball,
    version: &ReleaseVersion,
    registry: &Registry,
    known: &Known,
    asked: Option<&str>,
) -> Result<Comparison, PublishError> {
    let packument = registry.published(NPM_PACKAGE, known)?;
    let other = match (&packument, asked) {
        (None, None) => None,
        (None, Some(asked)) => return Err(unknown(asked, registry.url())),
        (Some(packument), Some(asked)) => {
            Some(named(packument, asked).ok_or_else(|| unknown(asked, registry.url()))?)
        }
        (Some(packument), None) => last_before(packument, version),
    };
    let name = format!("the tarball of {version}");
    // Unpacking takes most of the time, so the package at hand is read while the other one comes.
    let (candidate, before) = std::thread::scope(|scope| {
        let candidate = scope.spawn(|| read(tarball.bytes(), &name, "cargo xtask build"));
        let before = match (&packument, other) {
            (Some(packument), Some(other)) => {
                fetch(packument, &other, registry).map(|package| Some((other, package)))
            }
            _ => Ok(None),
        };
        let candidate = candidate
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, PublishError>((candidate?, before?))
    })?;
    Ok(Comparison {
        schema_version: SchemaVersion,
        registry: registry.url().to_string(),
        candidate: Side::of(&version.to_string(), &candidate),
        against: before
            .as_ref()
            .map(|(version, package)| Side::of(version, package)),
        changes: before.as_ref().map(|(_, package)| compare(package, &candidate)),
        history: history(packument.as_ref(), before.as_ref()),
    })
}

/// The highest published version below `version`; its own number may be taken already.
fn last_before(packument: &Packument, version: &ReleaseVersion) -> Option<String> {
    let numbers = packument
        .versions
        .keys()
        .filter_map(|text| semver::Version::parse(text).ok());
    let lower = numbers.filter(|other| other < version.as_semver());
    lower.max().map(|version| version.to_string())
}

fn named(packument: &Packument, asked: &str) -> Option<String> {
    let version = packument.tags.get(asked).map_or(asked, String::as_str);
    packument
        .versions
        .contains_key(version)
        .then(|| version.to_owned())
}

fn unknown(asked: &str, registry: &RegistryUrl) -> PublishError {
    PublishError::Usage {
        message: format!("{registry} has no version or dist-tag {asked} of {NPM_PACKAGE}"),
        hint: "omit --against to compare with the last version below".to_owned(),
    }
}

/// The bytes that the registry serves, which must be those that it announces.
fn served(packument: &Packument, version: &str, registry: &Registry) -> Result<Vec<u8>, PublishError> {
    let Some(published) = packument.versions.get(version) else {
        return Err(unknown(version, registry.url()));
    };
    let bytes = registry.tarball(&published.dist.tarball)?;
    if published
        .dist
        .integrity
        .as_ref()
        .is_some_and(|announced| *announced != integrity_of(&bytes))
    {
        return Err(PublishError::Integrity {
            message: format!("the registry serves other bytes of {NPM_PACKAGE}@{version} than it announces"),
            hint: "check the proxy between here and the registry, then run the same command again".to_owned(),
        });
    }
    Ok(bytes)
}

fn fetch(packument: &Packument, version: &str, registry: &Registry) -> Result<Package, PublishError> {
    let bytes = served(packument, version, registry)?;
    let hint =
        "this version cannot be compared with it: take budgets out of release-policy.json for one release";
    read(
        &bytes,
        &format!("{NPM_PACKAGE}@{version} from the registry"),
        hint,
    )
}

fn read(bytes: &[u8], what: &str, hint: &str) -> Result<Package, PublishError> {
    Package::read(bytes).map_err(|error| PublishError::Integrity {
        message: format!("failed to read {what}: {error}"),
        hint: hint.to_owned(),
    })
}

/// The last versions in the order of their publication, or of their numbers where the registry tells no times. Not every
/// registry tells sizes; that of the package at hand is known anyway.
fn history(packument: Option<&Packument>, other: Option<&(String, Package)>) -> Vec<PublishedSize> {
    let Some(packument) = packument else {
        return Vec::new();
    };
    let state = packument.state();
    let published_at = |version: &String| state.versions.get(version)?.published_at.clone();
    let known = |version: &str| {
        other
            .filter(|(other, _)| other == version)
            .map(|(_, package)| package.unpacked_bytes())
    };
    let mut versions: Vec<_> = packument
        .versions
        .iter()
        .map(|(version, published)| PublishedSize {
            version: version.clone(),
            published_at: published_at(version),
            unpacked_bytes: known(version).or(published.dist.unpacked_size),
        })
        .collect();
    versions.sort_by_cached_key(|entry| {
        let time = entry
            .published_at
            .as_ref()
            .and_then(|time| time.parse::<Timestamp>().ok());
        (time, semver::Version::parse(&entry.version).ok())
    });
    versions.split_off(versions.len().saturating_sub(HISTORY))
}
