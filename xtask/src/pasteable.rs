//! Every command that a refusal or a closed gate proposes parses as it is.

use std::collections::BTreeSet;

use clap::Parser;
use ktx_policy::ReleasePolicy;
use ktx_policy::guard::{
    Commands, FirstLatest, Integrity, PackageState, PromoteRequest, Provenance, ProvenanceVerdict,
    PublishRequest, Refused, RegistryState, RollbackRequest, TrustDowngrade, VersionFacts, Witnesses,
    promote, publish, rollback,
};
use ktx_policy::readiness::{assess, examples};
use ktx_policy::release_policy;

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

#[test]
fn what_opens_a_gate_can_be_pasted() {
    for (policy, facts) in examples::blocked(&policy()) {
        for gate in assess(&policy, &facts).gates {
            if let Some(command) = gate.command {
                parses(&command);
            }
        }
    }
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
        25,
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
    let verdicts = [
        ProvenanceVerdict::NotRequired,
        ProvenanceVerdict::Missing("there is none".to_owned()),
        ProvenanceVerdict::Refused("another repository".to_owned()),
    ];
    let moves = TAGS.iter().flat_map(|from| TAGS.map(|to| (*from, to)));
    for ((from, to), provenance) in moves.flat_map(|one| verdicts.clone().map(|verdict| (one, verdict))) {
        let promotion = PromoteRequest {
            provenance,
            from,
            to,
            proof: None,
            trust_downgrade: TrustDowngrade::Refused,
            commands,
        };
        look(promote(&promotion, registry).err());
    }
}
