//! What holds for any input at all.

use super::states::{LANES, PLAIN};
use ktx_policy::ReleaseVersion;
use ktx_policy::guard::{
    FirstLatest, Integrity, PackageState, PromoteRequest, Provenance, PublishRequest, PublishedProof,
    RegistryState, Released, RollbackRequest, TrustDowngrade, VersionFacts, Witnesses, Work, promote,
    publish, rollback,
};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, option, prop_assert, prop_assert_eq, proptest};

fn version() -> impl Strategy<Value = String> {
    let small = || 0_u64..3;
    let shape = prop_oneof![
        Just(String::new()),
        small().prop_map(|number| format!("-rc.{number}")),
        small().prop_map(|number| format!("-my-fix.{number}")),
        Just("-beta".to_owned()),
        Just("+build".to_owned()),
    ];
    let version = (small(), small(), small(), shape)
        .prop_map(|(major, minor, patch, shape)| format!("{major}.{minor}.{patch}{shape}"));
    prop_oneof![9 => version, 1 => any::<String>()]
}

fn tag() -> impl Strategy<Value = String> {
    static TAGS: [&str; 6] = [
        "latest",
        "next",
        "branch-my-fix",
        "branch-other",
        "release-1.0",
        "*",
    ];
    prop_oneof![9 => proptest::sample::select(&TAGS[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

fn provenance() -> impl Strategy<Value = Provenance> {
    prop_oneof![Just(Provenance::Attested), Just(Provenance::Missing)]
}

fn facts() -> impl Strategy<Value = VersionFacts> {
    let integrity = option::of(prop_oneof![Just("sha512-ours"), Just("sha512-theirs")]);
    let published_at = option::of(prop_oneof![
        Just("2031-01-01T00:00:00.000Z"),
        Just("2031-01-02T00:00:00.000Z")
    ]);
    (
        integrity,
        provenance(),
        published_at,
        option::weighted(0.1, Just("broken")),
    )
        .prop_map(|(integrity, provenance, published_at, deprecated)| VersionFacts {
            integrity: integrity.map(|text| Integrity(text.into())),
            provenance,
            published_at: published_at.map(str::to_owned),
            deprecated: deprecated.map(str::to_owned),
        })
}

/// Mostly what a registry can say, sometimes what it must not.
fn registry() -> impl Strategy<Value = RegistryState> {
    let versions = collection::btree_map(version(), facts(), 0..5);
    let picks = collection::btree_map(tag(), any::<proptest::sample::Index>(), 0..4);
    let strays = collection::btree_map(tag(), version(), 0..2);
    let package = (
        versions,
        picks,
        option::weighted(0.1, strays),
        collection::btree_set(version(), 0..2),
    )
        .prop_map(|(versions, picks, strays, burned)| {
            let names: Vec<String> = versions.keys().cloned().collect();
            let mut tags: std::collections::BTreeMap<String, String> = picks
                .into_iter()
                .filter(|_| !names.is_empty())
                .map(|(tag, index)| (tag, index.get(&names).clone()))
                .collect();
            if let Some(first) = names.first() {
                tags.entry("latest".into()).or_insert_with(|| first.clone());
            }
            tags.extend(strays.unwrap_or_default());
            RegistryState::Package(PackageState {
                tags,
                versions,
                burned,
            })
        });
    prop_oneof![
        8 => package,
        1 => Just(RegistryState::NoPackage),
        1 => any::<String>().prop_map(RegistryState::Unknown),
    ]
}

fn lowers_latest(before: Option<&String>, after: Option<&String>) -> bool {
    let parse = |text: &String| text.parse::<ReleaseVersion>().ok();
    match (before.and_then(parse), after.and_then(parse)) {
        (Some(before), Some(after)) => before.is_above(&after),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

proptest! {
    #[test]
    fn publish_never_lowers_latest_nor_takes_a_used_number(
        version in version(), tag in tag(), policy_tag in tag(), provenance in provenance(),
        accept_latest in any::<bool>(), accept_trust in any::<bool>(), has_tarball in any::<bool>(),
        registry in registry(),
    ) {
        let integrity = Integrity("sha512-ours".into());
        let request = PublishRequest {
            version: &version,
            tag: &tag,
            policy_tag: &policy_tag,
            lanes: &LANES,
            integrity: has_tarball.then_some(&integrity),
            provenance,
            first_latest: if accept_latest { FirstLatest::Accepted } else { FirstLatest::Refused },
            trust_downgrade: if accept_trust { TrustDowngrade::Accepted } else { TrustDowngrade::Refused },
            commands: &PLAIN,
        };
        match publish(&request, &registry) {
            Err(refused) => prop_assert!(!refused.refusals.is_empty()),
            Ok(plan) => {
                prop_assert!(!lowers_latest(plan.tags_before.get("latest"), plan.tags_after.get("latest")));
                let parsed: ReleaseVersion = version.parse().unwrap();
                prop_assert!(parsed.channel().is_some());
                let is_first = match &registry {
                    RegistryState::NoPackage => true,
                    RegistryState::Package(state) => {
                        prop_assert!(has_tarball || !state.versions.contains_key(&version));
                        prop_assert!(plan.work == Work::Nothing || !state.versions.contains_key(&version));
                        prop_assert!(plan.work == Work::Nothing || !state.burned.contains(&version));
                        state.versions.is_empty()
                    }
                    RegistryState::Unknown(_) => panic!("planned on unknown facts"),
                };
                let makes_latest = plan.work == Work::Publish && plan.tags_after["latest"] == version;
                prop_assert!(!makes_latest || !parsed.is_prerelease() || (is_first && accept_latest));
            }
        }
    }

    #[test]
    fn promote_moves_only_proven_stable_versions_up(
        from in tag(), to in tag(), proof in option::of((version(), Just("sha512-ours"))),
        accept_trust in any::<bool>(), registry in registry(),
    ) {
        let request = PromoteRequest {
provenance: ktx_policy::guard::ProvenanceVerdict::NotRequired,
            from: &from,
            to: &to,
            proof: proof.map(|(version, integrity)| PublishedProof::Served { version, integrity: Integrity(integrity.into()) }),
            trust_downgrade: if accept_trust { TrustDowngrade::Accepted } else { TrustDowngrade::Refused },
            commands: &PLAIN,
        };
        match promote(&request, &registry) {
            Err(refused) => prop_assert!(!refused.refusals.is_empty()),
            Ok(plan) => {
                prop_assert!(!lowers_latest(plan.tags_before.get("latest"), plan.tags_after.get("latest")));
                if plan.work == Work::MoveTag {
                    prop_assert!(!plan.version.parse::<ReleaseVersion>().unwrap().is_prerelease());
                    let proven = Integrity("sha512-ours".into());
                    let proof = PublishedProof::Served { version: plan.version.clone(), integrity: proven };
                    prop_assert_eq!(request.proof, Some(proof));
                }
            }
        }
    }

    #[test]
    fn rollback_moves_only_down_to_a_version_that_the_registry_offers(
        tag in tag(), from in option::of(version()), to in option::of(version()),
        confirmed in option::of(version()), receipts in collection::vec(version(), 0..3),
        withdrawn in collection::vec(version(), 0..2), released in collection::vec(version(), 0..3),
        registry in registry(),
    ) {
        let git_tags = released.iter().filter_map(|version| version.parse().ok()).collect();
        let released = Released { git_tags, pages: Vec::new() };
        let witnesses = Witnesses { receipts, withdrawn, last_rollback: None, released };
        let request = RollbackRequest {
            tag: &tag, from: from.as_deref(), to: to.as_deref(), confirmed: confirmed.as_deref(),
            witnesses: &witnesses, commands: &PLAIN,
        };
        match rollback(&request, &registry) {
            Err(refused) => prop_assert!(!refused.refusals.is_empty()),
            Ok(plan) => {
                let RegistryState::Package(state) = &registry else { panic!("planned without a package") };
                let current: ReleaseVersion = state.tags[&tag].parse().unwrap();
                if plan.work == Work::Nothing {
                    prop_assert_eq!(&plan.tags_before, &plan.tags_after);
                    return Ok(());
                }
                let target: ReleaseVersion = plan.version.parse().unwrap();
                prop_assert!(to.as_ref().is_none_or(|to| *to == plan.version));
                prop_assert!(current.is_above(&target), "{} to {}", current, target);
                prop_assert!(state.versions[&plan.version].deprecated.is_none());
                prop_assert!(tag != "latest" || !target.is_prerelease());
                let broken: ReleaseVersion = plan.broken.clone().unwrap().parse().unwrap();
                prop_assert!(broken.is_above(&target));
                // The same command again, with the broken version named, has nothing to do.
                let mut after = state.clone();
                after.tags.insert(tag.clone(), plan.version.clone());
                let again = RollbackRequest { from: plan.broken.as_deref(), ..request };
                let again = rollback(&again, &RegistryState::Package(after)).unwrap();
                prop_assert_eq!(again.work, Work::Nothing);
            }
        }
    }
}
