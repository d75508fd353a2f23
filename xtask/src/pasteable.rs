//! Every command that a refusal or a closed gate proposes parses as it is.

use std::collections::{BTreeMap, BTreeSet};

use clap::Parser;
use ktx_names::{ArtifactPackage, BuildProfile, Platform};
use ktx_policy::ReleasePolicy;
use ktx_policy::budgets::Sizes;
use ktx_policy::guard::{
    Commands, FirstLatest, Integrity, PackageState, PromoteRequest, Provenance, PublishRequest, Refused,
    RegistryState, RollbackRequest, TrustDowngrade, VersionFacts, Witnesses, promote, publish, rollback,
};
use ktx_policy::readiness::{
    Artifacts, Compared, Head, ReadinessFacts, SmokeProof, SourceFacts, VerifiedArtifacts, assess,
};
use ktx_policy::release_policy::{self, ReleaseMode};

use crate::Arguments;

/// Parses a command line like the real one.
#[track_caller]
fn parses(command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    if let Some(arguments) = words.strip_prefix(&["cargo", "xtask"]) {
        let line = ["cargo xtask"].iter().chain(arguments);
        if let Err(error) = Arguments::try_parse_from(line) {
            panic!("{command}\n{error}");
        }
        return;
    }
    let npm = ["npm dist-tag add ", "npm dist-tag ls ", "npm view "];
    assert!(npm.iter().any(|known| command.starts_with(known)), "{command}");
}

fn policy() -> ReleasePolicy {
    let text = include_str!("../../release-policy.json");
    release_policy::read(text).expect("the checked-in policy reads")
}

fn facts(artifacts: Artifacts) -> ReadinessFacts {
    let version = policy().published_package_smoke.version;
    ReadinessFacts {
        sources: SourceFacts {
            version: version.parse().expect("a version"),
            packages: Vec::new(),
            head: Head::At("c0ffee".to_owned()),
            scenarios: BTreeMap::new(),
        },
        artifacts,
        smoke: Platform::ALL.map(|platform| (platform, SmokeProof::Green)).into(),
        changelog: Ok(()),
        compared: Compared::First,
    }
}

fn verified() -> VerifiedArtifacts {
    let version = policy().published_package_smoke.version;
    VerifiedArtifacts {
        packages: vec![
            ArtifactPackage::npm(version.as_str()),
            ArtifactPackage::python(version.as_str()),
        ],
        source_revision: Some("c0ffee".to_owned()),
        programs: Platform::ALL
            .map(|platform| (platform, Some(BuildProfile::Release)))
            .into(),
    }
}

#[test]
fn what_opens_a_gate_can_be_pasted() {
    let mut met = BTreeSet::new();
    let mut look = |policy: &ReleasePolicy, facts: &ReadinessFacts| {
        for gate in assess(policy, facts).gates {
            if gate.is_open() {
                assert_eq!((gate.first, gate.command), (None, None));
            } else {
                parses(&gate.command.expect("a closed gate says what opens it"));
                met.insert(gate.name);
            }
        }
    };
    let with = |change: &dyn Fn(&mut VerifiedArtifacts)| {
        let mut artifacts = verified();
        change(&mut artifacts);
        facts(Artifacts::Verified(artifacts))
    };
    let ready = with(&|_| {});
    assert!(assess(&policy(), &ready).ready);
    let mut closed = policy();
    closed.release_mode = ReleaseMode::CiArtifactOnly;
    closed.required_before_publishing = vec!["name the owner".to_owned()];
    look(&closed, &ready);
    look(&policy(), &facts(Artifacts::Unfit(vec!["none".to_owned()])));
    look(&policy(), &facts(Artifacts::Altered(vec!["other".to_owned()])));
    look(&policy(), &with(&|artifacts| artifacts.source_revision = None));
    look(
        &policy(),
        &with(&|artifacts| artifacts.source_revision = Some("decaf".to_owned())),
    );
    look(&policy(), &with(&|artifacts| artifacts.programs.clear()));
    look(&policy(), &with(&|artifacts| artifacts.packages.clear()));
    look(
        &policy(),
        &with(&|artifacts| artifacts.programs = [(Platform::LinuxX64, None)].into()),
    );
    let mut other_version = policy();
    other_version.published_package_smoke.version = "0.0.1".to_owned();
    look(&other_version, &ready);
    let some = [Platform::DarwinArm64, Platform::Win32X64];
    for missing in [&Platform::ALL[..], &[Platform::LinuxX64], &some] {
        let mut unproven = ready.clone();
        unproven.smoke.retain(|platform, _| !missing.contains(platform));
        look(&policy(), &unproven);
    }
    let mut silent = ready.clone();
    silent.changelog = Err("CHANGELOG.md has no section".to_owned());
    look(&policy(), &silent);
    let grown = Compared::With {
        version: "0.0.1".to_owned(),
        before: Sizes::default(),
        after: Sizes {
            files: 1000,
            ..Sizes::default()
        },
    };
    for compared in [
        Compared::Not,
        Compared::OtherTarball,
        Compared::Unreadable("cut".to_owned()),
        grown,
    ] {
        look(
            &policy(),
            &ReadinessFacts {
                compared,
                ..ready.clone()
            },
        );
    }
    let all = assess(&policy(), &ready).gates;
    assert_eq!(
        met,
        all.iter().map(|gate| gate.name).collect(),
        "every gate was closed once"
    );
}

/// A package: versions, of which `+` marks those with provenance, and tags as `tag=version`.
fn package(words: &str) -> RegistryState {
    let mut state = PackageState {
        burned: ["0.3.0".to_owned()].into(),
        ..PackageState::default()
    };
    for word in words.split_whitespace() {
        if let Some((tag, version)) = word.split_once('=') {
            state.tags.insert(tag.to_owned(), version.to_owned());
            continue;
        }
        let attested = word.ends_with('+');
        let facts = VersionFacts {
            integrity: Some(Integrity("sha512-ours".to_owned())),
            provenance: if attested {
                Provenance::Attested
            } else {
                Provenance::Missing
            },
            published_at: None,
            deprecated: Some("broken".to_owned()),
        };
        state
            .versions
            .insert(word.trim_end_matches('+').to_owned(), facts);
    }
    RegistryState::Package(state)
}

#[test]
fn what_the_guard_proposes_can_be_pasted() {
    let given = Commands {
        registry: " --registry http://127.0.0.1:4873/".to_owned(),
        artifacts: " --artifacts handed/artifacts".to_owned(),
        revision: " --source-revision c0ffee".to_owned(),
        smoke: " --registry http://127.0.0.1:4873/".to_owned(),
        npm: " --registry=http://127.0.0.1:4873/".to_owned(),
    };
    let registries = [
        RegistryState::Unknown("no answer".to_owned()),
        RegistryState::NoPackage,
        package("0.1.0+ 0.2.0 latest=0.1.0 next=0.2.0"),
        package("0.1.0 0.2.0-rc.0 latest=0.1.0 next=0.2.0-rc.0"),
        package("0.1.0 0.2.0 latest=0.1.0"),
        package("0.1.0 latest=9.9.9"),
    ];
    let mut codes = BTreeSet::new();
    let mut look = |refused: Option<Refused>| {
        if let Some(refused) = refused {
            parses(&refused.next.command);
            codes.extend(refused.refusals.iter().map(|refusal| refusal.code.name()));
        }
    };
    for commands in [&Commands::default(), &given] {
        for registry in &registries {
            judge_all(commands, registry, &mut look);
        }
    }
    assert_eq!(
        codes.len(),
        23,
        "every code but `proof-mismatch` was met: {codes:?}"
    );
}

/// Every judgement over versions and tags of all shapes.
fn judge_all(commands: &Commands, registry: &RegistryState, look: &mut dyn FnMut(Option<Refused>)) {
    const TAGS: [&str; 5] = ["latest", "next", "branch-my-fix", "v1.x", "beta"];
    let versions = [
        "0.1.0",
        "0.2.0",
        "0.3.0",
        "0.1.5-rc.1",
        "0.4.0-rc.0",
        "0.4.0-my-fix.0",
        "0.4.0-beta",
        "01",
    ];
    for (version, tag) in versions
        .iter()
        .flat_map(|version| TAGS.map(|tag| (*version, tag)))
    {
        for integrity in [None, Some("sha512-ours"), Some("sha512-theirs")] {
            let integrity = integrity.map(|text| Integrity(text.to_owned()));
            let request = PublishRequest {
                version,
                tag,
                policy_tag: "next",
                lanes: &[],
                integrity: integrity.as_ref(),
                provenance: Provenance::Missing,
                first_latest: FirstLatest::Refused,
                trust_downgrade: TrustDowngrade::Refused,
                commands,
            };
            look(publish(&request, registry).err());
        }
        for to in [None, Some(version)] {
            let back = RollbackRequest {
                tag,
                from: None,
                to,
                confirmed: None,
                witnesses: &Witnesses::default(),
                commands,
            };
            look(rollback(&back, registry).err());
        }
    }
    for (from, to) in TAGS.iter().flat_map(|from| TAGS.map(|to| (*from, to))) {
        let promotion = PromoteRequest {
            from,
            to,
            proof: None,
            trust_downgrade: TrustDowngrade::Refused,
            commands,
        };
        look(promote(&promotion, registry).err());
    }
}
