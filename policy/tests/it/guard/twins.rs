//! Every code of a refusal, and its twin: a case that it alone refuses, and the same case without the fault.

use std::collections::BTreeSet;

use ktx_policy::guard::{
    Decision, Integrity, PastRollback, PromoteRequest, Provenance, ProvenanceVerdict, PublishRequest,
    PublishedProof, RefusalCode, Refused, RegistryState, RollbackRequest, TrustDowngrade, Witnesses, promote,
    publish, rollback,
};

use super::states::{OURS, PLAIN, package, released, request};

const STABLE: &str = "0.1.0 latest=0.1.0 next=0.1.0";
const WAITING: &str = "0.1.0 0.2.0 latest=0.1.0 next=0.2.0";
const RELEASED: &str = "0.0.9 0.1.0 0.2.0 latest=0.2.0 next=0.2.0";

/// A case is a command and a registry. After the command come words about what it is given and what is known.
pub type Case = (&'static str, &'static str);

const TWINS: [(RefusalCode, Case, Case); 31] = {
    use RefusalCode as Code;
    [
        (
            Code::VersionInvalid,
            ("publish 01.0.0 next", STABLE),
            ("publish 1.0.0 next", STABLE),
        ),
        (
            Code::TagInvalid,
            ("publish 0.2.0 beta", STABLE),
            ("publish 0.2.0 next", STABLE),
        ),
        (
            Code::TagIsRange,
            ("publish 0.2.0 ^1", STABLE),
            ("publish 0.2.0 next", STABLE),
        ),
        (
            Code::ChannelUnknown,
            ("publish 0.2.0-beta next", STABLE),
            ("publish 0.2.0-rc.0 next", STABLE),
        ),
        (
            Code::ChannelMismatch,
            ("publish 0.2.0-my-fix.1 next", STABLE),
            ("publish 0.2.0-my-fix.1 branch-my-fix", STABLE),
        ),
        (
            Code::TagNotInPolicy,
            ("publish 0.2.0 latest", STABLE),
            ("publish 0.2.0 latest policy=latest", STABLE),
        ),
        (
            Code::LaneNotNeeded,
            ("publish 1.0.1 release-1.0", "1.0.0 latest=1.0.0 next=1.0.0"),
            (
                "publish 1.0.1 release-1.0",
                "1.0.0 1.1.0-rc.2 latest=1.0.0 next=1.1.0-rc.2",
            ),
        ),
        (
            Code::TagBackwards,
            ("publish 0.1.1 next", WAITING),
            ("publish 0.2.1 next", WAITING),
        ),
        (
            Code::BelowLatest,
            ("publish 0.1.0-rc.1 next", "0.1.0 latest=0.1.0"),
            ("publish 0.1.1-rc.1 next", "0.1.0 latest=0.1.0"),
        ),
        (
            Code::PrereleaseLatest,
            ("publish 0.2.0-rc.0 latest policy=latest", STABLE),
            ("publish 0.2.0 latest policy=latest", STABLE),
        ),
        (
            Code::NumberTaken,
            ("publish 0.1.0 next", "0.1.0!other latest=0.1.0 next=0.1.0"),
            ("publish 0.1.0 next", STABLE),
        ),
        (
            Code::NumberBurned,
            ("publish 0.2.0 next", "0.1.0 ~0.2.0 latest=0.1.0 next=0.1.0"),
            ("publish 0.2.0 next", STABLE),
        ),
        (
            Code::NumberUncompared,
            ("publish 0.1.0 next tarball=none", STABLE),
            ("publish 0.1.0 next", STABLE),
        ),
        (
            Code::PublishedElsewhere,
            ("publish 0.2.0 latest policy=latest", WAITING),
            ("publish 0.2.0 latest policy=latest", RELEASED),
        ),
        (
            Code::FirstPublishLatest,
            ("publish 0.1.0-rc.0 next", "absent"),
            ("publish 0.1.0 next", "absent"),
        ),
        (
            Code::TrustDowngrade,
            ("publish 0.2.0 next", "0.1.0+attested latest=0.1.0 next=0.1.0"),
            (
                "publish 0.2.0 next attested=yes",
                "0.1.0+attested latest=0.1.0 next=0.1.0",
            ),
        ),
        (
            Code::ProvenanceMissing,
            ("promote next latest proof=0.2.0 provenance=missing", WAITING),
            ("promote next latest proof=0.2.0 provenance=verified", WAITING),
        ),
        (
            Code::ProvenanceRefused,
            ("promote next latest proof=0.2.0 provenance=refused", WAITING),
            ("promote next latest proof=0.2.0 provenance=verified", WAITING),
        ),
        (
            Code::RegistryUnknown,
            ("publish 0.2.0 next", "unknown"),
            ("publish 0.2.0 next", STABLE),
        ),
        (
            Code::RegistryInconsistent,
            ("publish 0.2.0 next", "0.1.0 latest=0.1.0 next=0.1.1"),
            ("publish 0.2.0 next", STABLE),
        ),
        (
            Code::SameTag,
            ("promote next next proof=0.2.0", WAITING),
            ("promote next latest proof=0.2.0", WAITING),
        ),
        (
            Code::TagMissing,
            ("promote branch-a latest proof=0.2.0", WAITING),
            ("promote next latest proof=0.2.0", WAITING),
        ),
        (
            Code::Deprecated,
            (
                "promote next latest proof=0.2.0",
                "0.1.0 0.2.0!deprecated latest=0.1.0 next=0.2.0",
            ),
            ("promote next latest proof=0.2.0", WAITING),
        ),
        (
            Code::NotProven,
            ("promote next latest proof=0.1.0", WAITING),
            ("promote next latest proof=0.2.0", WAITING),
        ),
        (
            Code::ProofMismatch,
            (
                "promote next latest proof=0.2.0",
                "0.1.0 0.2.0!other latest=0.1.0 next=0.2.0",
            ),
            ("promote next latest proof=0.2.0", WAITING),
        ),
        (
            Code::VersionMissing,
            ("rollback latest to=0.0.8 was=0.0.8", RELEASED),
            ("rollback latest to=0.1.0 was=0.1.0", RELEASED),
        ),
        (
            Code::NoHistory,
            ("rollback latest to=0.1.0", RELEASED),
            ("rollback latest to=0.1.0 was=0.1.0", RELEASED),
        ),
        (
            Code::BrokenUnnamed,
            (
                "rollback latest was=0.0.9 git=0.2.0",
                "0.0.9 0.1.0 0.2.0 latest=0.1.0 next=0.2.0",
            ),
            (
                "rollback latest from=0.1.0 was=0.0.9 git=0.2.0",
                "0.0.9 0.1.0 0.2.0 latest=0.1.0 next=0.2.0",
            ),
        ),
        (
            Code::TagMoved,
            ("rollback latest from=0.1.0 was=0.0.9", RELEASED),
            ("rollback latest from=0.2.0 was=0.0.9", RELEASED),
        ),
        (
            Code::NotDown,
            ("rollback latest to=0.2.0 was=0.2.0", RELEASED),
            ("rollback latest to=0.1.0 was=0.1.0", RELEASED),
        ),
        (
            Code::TagBehind,
            (
                "publish 0.1.1 next",
                "0.1.0 0.1.1 0.2.0-rc.0 latest=0.1.0 next=0.1.1",
            ),
            (
                "publish 0.1.1 next",
                "0.1.0 0.1.1 0.2.0-rc.0 latest=0.1.0 next=0.2.0-rc.0",
            ),
        ),
    ]
};

pub fn judge((command, registry): Case) -> Result<Decision, Refused> {
    let registry = match registry {
        "unknown" => RegistryState::Unknown("no answer".to_owned()),
        "absent" => RegistryState::NoPackage,
        words => package(words),
    };
    let words: Vec<&str> = command.split(' ').collect();
    let all = |name: &str| -> Vec<String> {
        let pairs = words.iter().filter_map(|word| word.split_once('='));
        let named = pairs.filter(|(key, _)| *key == name);
        named.map(|(_, value)| value.to_owned()).collect()
    };
    let one = |name: &str| all(name).pop();
    let ours = Integrity(OURS.to_owned());
    match words[0] {
        "publish" => {
            let policy_tag = one("policy").unwrap_or("next".to_owned());
            let request = PublishRequest {
                policy_tag: &policy_tag,
                integrity: one("tarball").is_none().then_some(&ours),
                provenance: match one("attested") {
                    Some(_) => Provenance::Attested,
                    None => Provenance::Missing,
                },
                ..request(words[1], words[2], &ours)
            };
            publish(&request, &registry)
        }
        "promote" => {
            let request = PromoteRequest {
                from: words[1],
                to: words[2],
                proof: match (one("proof"), one("smoked")) {
                    (Some(version), _) => Some(PublishedProof::Served {
                        version,
                        integrity: ours,
                    }),
                    (None, other) => other.map(|version| PublishedProof::OtherBytes { version }),
                },
                provenance: match one("provenance").as_deref() {
                    Some("missing") => ProvenanceVerdict::Missing("there is none".to_owned()),
                    Some("refused") => ProvenanceVerdict::Refused("it is by eve".to_owned()),
                    Some(_) => ProvenanceVerdict::Verified,
                    None => ProvenanceVerdict::NotRequired,
                },
                trust_downgrade: TrustDowngrade::Refused,
                commands: &PLAIN,
            };
            promote(&request, &registry)
        }
        _ => {
            let (from, to) = (one("from"), one("to"));
            let witnesses = Witnesses {
                receipts: all("was"),
                released: released(&all("git"), &[]),
                last_rollback: one("back").map(|to| PastRollback {
                    broken: "9.9.9".to_owned(),
                    to,
                }),
                ..Witnesses::default()
            };
            let request = RollbackRequest {
                tag: words[1],
                from: from.as_deref(),
                to: to.as_deref(),
                confirmed: None,
                witnesses: &witnesses,
                commands: &PLAIN,
            };
            rollback(&request, &registry)
        }
    }
}

#[test]
fn every_refusal_has_a_twin_that_passes() {
    for (code, refused, passes) in TWINS {
        let codes = |verdict: Result<Decision, Refused>| match verdict {
            Ok(_) => Vec::new(),
            Err(refused) => refused.refusals.iter().map(|refusal| refusal.code).collect(),
        };
        assert_eq!(codes(judge(refused)), [code], "{refused:?}");
        assert_eq!(codes(judge(passes)), [], "the twin of {code:?}: {passes:?}");
    }
}

#[test]
fn every_code_is_in_the_table() {
    let source = include_str!("../../../src/guard/refusal.rs");
    let (_, body) = source.split_once("pub enum RefusalCode {").unwrap();
    let (body, _) = body.split_once('}').unwrap();
    let variants = body.lines().filter_map(|line| line.trim().strip_suffix(','));
    let variants: BTreeSet<String> = variants.map(str::to_owned).collect();
    let rows: BTreeSet<String> = TWINS.iter().map(|(code, ..)| format!("{code:?}")).collect();
    assert_eq!(rows, variants);
    assert_eq!(rows.len(), TWINS.len(), "each once");
}
