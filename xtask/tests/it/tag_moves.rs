//! Promoting and rolling back through the built program.

use super::releasing::{transcript, xtask};
use super::support::{LocalRegistry, Release, tags};

#[test]
fn promotes_and_rolls_back_by_the_printed_commands() {
    let registry = LocalRegistry::start();
    let url = registry.url();
    let publish = |version: &str| {
        let release = Release::new(version, &registry, url.clone());
        release.publish().expect("published");
        release.prove_published();
        release
    };
    publish("0.1.0");
    let release = publish("0.2.0");
    let artifacts = release.path("artifacts").display().to_string();
    let place = ["--registry", url.as_str(), "--artifacts", &artifacts];
    let run = |arguments: &[&str]| xtask(release.folder(), &release, &[arguments, &place].concat());
    insta::assert_snapshot!(transcript(&run(&["promote", "--from", "next", "--to", "latest"]), &release), @r"
exit 0
--- stdout
point latest at @kaelio/ktx@0.2.0 on [REGISTRY]/
tag     before  after
latest  0.1.0   0.2.0
next    0.2.0   0.2.0
passed: the tag is one of this project's and not a version range
passed: the registry's facts are known and consistent
passed: a version is under the tag to promote from
passed: the version's channel and the policy allow the tag
passed: no tag moves backwards
passed: the version is published and not deprecated
passed: provenance is not lost
passed: what the registry serves was proven
dry run: nothing was written; run this with your 2FA code
  npm dist-tag add @kaelio/ktx@0.2.0 latest --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
then this command again, which verifies the outcome; or add --execute
--- stderr
");
    let moved = run(&["promote", "--from", "next", "--to", "latest", "--execute"]);
    assert!(moved.status.success(), "{}", transcript(&moved, &release));
    assert_eq!(tags(&url), "latest=0.2.0 next=0.2.0");
    insta::assert_snapshot!(transcript(&run(&["rollback", "--tag", "latest"]), &release), @r#"
    exit 0
    --- stdout
    point latest at @kaelio/ktx@0.1.0, away from 0.2.0, on [REGISTRY]/
    tag     before  after
    latest  0.2.0   0.1.0
    next    0.2.0   0.2.0
    passed: the tag is one of this project's and not a version range
    passed: the registry's facts are known and consistent
    passed: the tag moves down, away from the broken version
    passed: the version's channel and the policy allow the tag
    passed: the version is published and not deprecated
    passed: the tag pointed at the version before (by a receipt)
    dry run: nothing was written; run this with your 2FA code
      npm dist-tag add @kaelio/ktx@0.1.0 latest --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
      npm deprecate @kaelio/ktx@0.2.0 'broken: use 0.1.0' --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    then `cargo xtask rollback --tag latest --from 0.2.0 --registry [REGISTRY]/ --artifacts [FOLDER]/artifacts`, which verifies the outcome; or add --execute to it
    --- stderr
    "#);
    let back = run(&["rollback", "--tag", "latest", "--to", "0.1.0", "--execute"]);
    assert!(back.status.success(), "{}", transcript(&back, &release));
    assert_eq!(tags(&url), "latest=0.1.0 next=0.2.0");
}
