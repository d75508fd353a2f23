//! Promotions under a policy that requires provenance.

use ktx_policy::guard::{
    Integrity, PromoteRequest, ProvenanceVerdict, PublishedProof, RefusalClass, TrustDowngrade, promote,
};

use super::states::{OURS, PLAIN, package};

#[test]
fn what_the_policy_requires_no_flag_waives() {
    let judged = |provenance: ProvenanceVerdict| {
        let request = PromoteRequest {
            provenance,
            from: "next",
            to: "latest",
            proof: Some(PublishedProof::Served {
                version: "0.2.0".into(),
                integrity: Integrity(OURS.into()),
            }),
            trust_downgrade: TrustDowngrade::Accepted,
            commands: &PLAIN,
        };
        let refused = promote(&request, &package("0.1.0 0.2.0 latest=0.1.0 next=0.2.0")).err();
        refused.map(|refused| (refused.refusals[0].code.name(), refused.class()))
    };
    assert_eq!(judged(ProvenanceVerdict::NotRequired), None);
    assert_eq!(judged(ProvenanceVerdict::Verified), None);
    assert_eq!(
        judged(ProvenanceVerdict::Missing("there is none".into())),
        Some(("provenance-missing".into(), RefusalClass::Policy))
    );
    assert_eq!(
        judged(ProvenanceVerdict::Refused("it is by eve".into())),
        Some(("provenance-refused".into(), RefusalClass::Integrity))
    );
}
