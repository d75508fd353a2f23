//! From the text of `release-policy.json` to its types, with every finding at once, in the order of the file's format.

use jsonc_parser::ast::Value;
use serde::de::DeserializeOwned;

use crate::budgets::{Budgets, Growth};
use crate::registry_url::RegistryUrl;
use crate::version::Lane;
use ktx_names::Finding;
use ktx_names::Platform;

use super::audit;
use super::document::PolicyDocument;
use super::shapes::{is_blank, is_package_name, is_tag, is_version_or_tag};
use super::signing;
use super::values::{Findings, Section};
use super::{
    Access, MissingUvBehavior, NpmPolicy, ProvenancePolicy, PublishedPackageSmoke, Publishing, PythonPolicy,
    ReleaseMode, ReleasePolicy, RuntimeInstaller, UvStrategy,
};

const SECTIONS: &[&str] = &[
    "$schema",
    "schemaVersion",
    "releaseMode",
    "npm",
    "python",
    "publishedPackageSmoke",
    "runtimeInstaller",
    "platforms",
    "signing",
    "budgets",
    "audit",
    "requiredScenarios",
    "requiredBeforePublishing",
];

/// Reads the text of `release-policy.json`. On error there is at least one finding.
pub fn read(text: &str) -> Result<ReleasePolicy, Vec<Finding>> {
    let document = PolicyDocument::parse(text).map_err(|finding| vec![finding])?;
    let mut findings = Findings::new(&document);
    let policy = policy(&document, &mut findings);
    let findings = findings.into_vec();
    match policy {
        Some(policy) if findings.is_empty() => Ok(policy),
        _ => Err(findings),
    }
}

fn policy<'text>(
    document: &PolicyDocument<'text>,
    findings: &mut Findings<'_, 'text>,
) -> Option<ReleasePolicy> {
    // Each part is read before any of them may end the walk, so that all findings come at once.
    let root = Section::root(document, SECTIONS, findings)?;
    let schema = match root.value("$schema") {
        Some(_) => root.string("$schema", findings),
        None => None,
    };
    let schema_version = schema_version(&root, findings);
    let release_mode = release_mode(&root, findings);
    let npm = npm(&root, findings);
    let python = python(&root, findings);
    let published_package_smoke = published_package_smoke(&root, findings);
    let required_before_publishing = required_before_publishing(&root, release_mode, findings);
    let runtime_installer = runtime_installer(&root, findings);
    let platforms = platforms(&root, findings);
    let signing = match root.value("signing") {
        Some(_) => signing::read(&root, findings),
        None => Some(Vec::new()),
    };
    let budgets = match root.value("budgets") {
        Some(_) => budgets(&root, findings).map(Some),
        None => Some(None),
    };
    let audit = match root.value("audit") {
        Some(_) => audit::read(&root, findings).map(Some),
        None => Some(None),
    };
    let required_scenarios = match root.value("requiredScenarios") {
        Some(_) => root.strings("requiredScenarios", findings).map(Some),
        None => Some(None),
    };
    Some(ReleasePolicy {
        schema,
        schema_version: schema_version?,
        release_mode: release_mode?,
        npm: npm?,
        python: python?,
        published_package_smoke: published_package_smoke?,
        runtime_installer: runtime_installer?,
        platforms: platforms?,
        signing: signing?,
        budgets: budgets?,
        audit: audit?,
        required_scenarios: required_scenarios?,
        required_before_publishing: required_before_publishing?,
    })
}

fn schema_version<'text>(root: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<u64> {
    match root.value("schemaVersion") {
        Some(Value::NumberLit(number)) if number.value == "1" => Some(1),
        other => {
            let shown = other.map_or("undefined".into(), shown);
            let message = format!("Unsupported release policy schemaVersion: {shown}");
            root.refuse("schemaVersion", "policy-schema-version", message, findings);
            None
        }
    }
}

fn release_mode<'text>(root: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<ReleaseMode> {
    let name = root.string("releaseMode", findings)?;
    let mode = named(&name);
    if mode.is_none() {
        let modes: Vec<&str> = ReleaseMode::ALL.iter().map(|mode| mode.name()).collect();
        let finding = Finding::error(
            "policy-release-mode",
            format!("Unsupported release policy releaseMode: {name}"),
        )
        .with_hint(format!("the modes are {}", modes.join(", ")));
        root.refuse_with("releaseMode", finding, findings);
    }
    mode
}

fn npm<'text>(root: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<NpmPolicy> {
    let keys = [
        "publish",
        "registry",
        "access",
        "tag",
        "packages",
        "lanes",
        "publishing",
        "provenance",
    ];
    let section = root.section("npm", &keys, findings)?;
    let publish = section.boolean("publish", findings);
    let registry = section.nullable_string("registry", findings);
    if let Some(Some(address)) = &registry
        && address.parse::<RegistryUrl>().is_err()
    {
        let message = "Release policy npm.registry must be an http(s) URL".to_owned();
        section.refuse("registry", "policy-registry", message, findings);
    }
    let access = match section.value("access") {
        Some(Value::StringLit(access)) if access.value == "public" => Some(Access::Public),
        _ => {
            let message = "Release policy npm.access must be public".to_owned();
            section.refuse("access", "policy-access", message, findings);
            None
        }
    };
    let tag = section.string("tag", findings);
    if let Some(tag) = tag.as_deref().filter(|tag| !is_tag(tag)) {
        section.refuse(
            "tag",
            "policy-tag",
            format!("Invalid Release policy npm.tag: {tag}"),
            findings,
        );
    }
    let packages = section.strings("packages", findings);
    let lanes = match section.value("lanes") {
        Some(_) => lanes(&section, findings),
        None => Some(Vec::new()),
    };
    let publishing = match section.value("publishing") {
        Some(_) => publishing(&section, findings),
        None => Some(Publishing::default()),
    };
    let provenance = match section.value("provenance") {
        Some(_) => provenance(&section, findings),
        None => Some(ProvenancePolicy::default()),
    };
    Some(NpmPolicy {
        publish: publish?,
        registry: registry?,
        access: access?,
        tag: tag?,
        packages: packages?,
        lanes: lanes?,
        publishing: publishing?,
        provenance: provenance?,
    })
}

fn provenance<'text>(
    npm: &Section<'_, 'text>,
    findings: &mut Findings<'_, 'text>,
) -> Option<ProvenancePolicy> {
    let provenance = named(&npm.string("provenance", findings)?);
    if provenance.is_none() {
        let message = "Release policy npm.provenance must be optional or required".to_owned();
        npm.refuse("provenance", "policy-provenance", message, findings);
    }
    provenance
}

fn publishing<'text>(npm: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<Publishing> {
    let text = npm.string("publishing", findings)?;
    let publishing = named(&text);
    if publishing.is_none() {
        let message = "Release policy npm.publishing must be direct or staged".to_owned();
        npm.refuse("publishing", "policy-publishing", message, findings);
    }
    publishing
}

fn lanes<'text>(npm: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<Vec<Lane>> {
    let texts = npm.strings("lanes", findings)?;
    let mut lanes = Vec::new();
    for text in &texts {
        let message = match text.parse() {
            Ok(lane) if !lanes.contains(&lane) => {
                lanes.push(lane);
                continue;
            }
            Ok(_) => format!("Release policy npm.lanes lists {text} twice"),
            Err(error) => format!("Invalid Release policy npm.lanes: {error}"),
        };
        npm.refuse("lanes", "policy-lanes", message, findings);
    }
    Some(lanes)
}

fn python<'text>(root: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<PythonPolicy> {
    let section = root.section("python", &["publish", "repository", "packages"], findings)?;
    let publish = section.boolean("publish", findings);
    let repository = section.nullable_string("repository", findings);
    let packages = section.strings("packages", findings);
    Some(PythonPolicy {
        publish: publish?,
        repository: repository?,
        packages: packages?,
    })
}

fn published_package_smoke<'text>(
    root: &Section<'_, 'text>,
    findings: &mut Findings<'_, 'text>,
) -> Option<PublishedPackageSmoke> {
    let section = root.section(
        "publishedPackageSmoke",
        &["packageName", "version", "registry"],
        findings,
    )?;
    let package_name = section.nullable_string("packageName", findings);
    let version = section.string("version", findings);
    let registry = section.nullable_string("registry", findings);
    let block = "release-policy.json publishedPackageSmoke";
    if let Some(name) = package_name
        .iter()
        .flatten()
        .find(|name| !is_blank(name) && !is_package_name(name))
    {
        let message = format!("Invalid {block}.packageName: {name}");
        section.refuse("packageName", "policy-smoke", message, findings);
    }
    if let Some(version) = version
        .as_deref()
        .filter(|version| !is_blank(version) && !is_version_or_tag(version))
    {
        section.refuse(
            "version",
            "policy-smoke",
            format!("Invalid {block}.version: {version}"),
            findings,
        );
    }
    let is_no_address =
        |address: &&String| !is_blank(address) && address.trim().parse::<RegistryUrl>().is_err();
    if registry.iter().flatten().any(|address| is_no_address(&address)) {
        let message = format!("{block}.registry must be an http(s) URL");
        section.refuse("registry", "policy-smoke", message, findings);
    }
    Some(PublishedPackageSmoke {
        package_name: package_name?,
        version: version?,
        registry: registry?,
    })
}

fn required_before_publishing<'text>(
    root: &Section<'_, 'text>,
    mode: Option<ReleaseMode>,
    findings: &mut Findings<'_, 'text>,
) -> Option<Vec<String>> {
    let decisions = root.strings("requiredBeforePublishing", findings)?;
    let message = match mode? {
        ReleaseMode::CiArtifactOnly if decisions.is_empty() => {
            "Release policy requiredBeforePublishing must list the remaining publishing decisions".to_owned()
        }
        ReleaseMode::CiArtifactOnly => return Some(decisions),
        _ if decisions.is_empty() => return Some(decisions),
        mode => format!(
            "{} release mode requires requiredBeforePublishing to be empty",
            mode.name()
        ),
    };
    root.refuse("requiredBeforePublishing", "policy-decisions", message, findings);
    None
}

fn runtime_installer<'text>(
    root: &Section<'_, 'text>,
    findings: &mut Findings<'_, 'text>,
) -> Option<RuntimeInstaller> {
    let keys = ["uvStrategy", "bootstrapUv", "missingUvBehavior"];
    let section = root.section("runtimeInstaller", &keys, findings)?;
    let strategy = section.string("uvStrategy", findings);
    let bootstrap_uv = section.boolean("bootstrapUv", findings);
    let behavior = section.string("missingUvBehavior", findings);
    let uv_strategy = strategy.as_deref().and_then(named::<UvStrategy>);
    let missing_uv_behavior = behavior.as_deref().and_then(named::<MissingUvBehavior>);
    let mut refuse = |key: &str, wanted: &str| {
        let message = format!("Release policy runtimeInstaller.{key} must be {wanted}");
        section.refuse(key, "policy-runtime-installer", message, findings);
    };
    if strategy.is_some() && uv_strategy.is_none() {
        refuse("uvStrategy", "path-prerequisite or pinned-on-consent");
    }
    if bootstrap_uv == Some(true) {
        refuse("bootstrapUv", "false");
    }
    if behavior.is_some() && missing_uv_behavior.is_none() {
        refuse("missingUvBehavior", "focused-error");
    }
    Some(RuntimeInstaller {
        uv_strategy: uv_strategy?,
        bootstrap_uv: bootstrap_uv?,
        missing_uv_behavior: missing_uv_behavior?,
    })
}

fn platforms<'text>(root: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<Vec<Platform>> {
    let names = root.strings("platforms", findings)?;
    let mut platforms = Vec::new();
    let known = || Platform::ALL.map(Platform::as_str).join(", ");
    let mut refuse = |message: String| {
        let finding =
            Finding::error("policy-platforms", message).with_hint(format!("the platforms are {}", known()));
        root.refuse_with("platforms", finding, findings);
    };
    if names.is_empty() {
        refuse("Release policy platforms must list the platforms that a release needs".to_owned());
    }
    for name in &names {
        match name.parse() {
            Err(_) => refuse(format!("Unsupported release policy platform: {name}")),
            Ok(platform) if platforms.contains(&platform) => {
                refuse(format!("Release policy platforms lists {name} twice"));
            }
            Ok(platform) => platforms.push(platform),
        }
    }
    Some(platforms)
}

fn budgets<'text>(root: &Section<'_, 'text>, findings: &mut Findings<'_, 'text>) -> Option<Budgets> {
    let section = root.section("budgets", &["tarball", "program", "files"], findings)?;
    let mut growth = |key: &str| -> Option<Growth> {
        let text = section.string(key, findings)?;
        let growth = text.parse::<Growth>();
        if let Err(error) = &growth {
            let message = format!("Invalid Release policy budgets.{key}: {error}");
            section.refuse(key, "policy-budget", message, findings);
        }
        growth.ok()
    };
    let (tarball, program, files) = (growth("tarball"), growth("program"), growth("files"));
    Some(Budgets {
        tarball: tarball?,
        program: program?,
        files: files?,
    })
}

/// An enum of the model by its name in the file.
fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(name)).ok()
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::StringLit(text) => text.value.to_string(),
        Value::NumberLit(number) => number.value.to_owned(),
        Value::BooleanLit(boolean) => boolean.value.to_string(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::NullKeyword(_) => "null".to_owned(),
    }
}
