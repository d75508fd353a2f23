//! Staged publishing through the built program: what a person is shown before they approve.

use ktx_fixtures::registry_proxy::{Proxy, STAGE_ID, Staged};
use ktx_policy::RegistryUrl;

use crate::checkout::foreign;
use crate::releaser::Releaser;

/// `0.1.1`, built and proven, after a `0.1.0`, before a registry that stages.
fn candidate(staged: Staged) -> (Releaser, Proxy) {
    let releaser = Releaser::new("0.1.0");
    let proxy = Proxy::staging(releaser.registry.port(), staged);
    releaser.use_registry(&proxy.url());
    releaser.change_policy(|policy| policy["npm"]["publishing"] = "staged".into());
    releaser.publish("0.1.0");
    releaser.checkout.build(&["version", "set", "0.1.1"]);
    releaser.allow_growth();
    releaser.build("0.1.1");
    releaser.prove();
    (releaser, proxy)
}

fn said(releaser: &Releaser, proxy: &Proxy, arguments: &[&str]) -> String {
    let said = releaser.checkout.transcript(releaser.checkout.xtask(arguments));
    said.replace(proxy.url::<RegistryUrl>().as_str(), "https://registry.example/")
}

#[test]
fn the_card_says_what_waits_and_how_to_approve_it() {
    let (releaser, proxy) = candidate(Staged::Faithful);
    let publish = said(&releaser, &proxy, &["publish", "--tag", "next", "--execute"]);
    assert!(publish.starts_with("exit 0\n"), "{publish}");
    let (_, end) = publish.split_once("the registry keeps").expect("it was compared");
    let (end, _) = end.split_once("--- stderr").expect("diagnostics");
    insta::assert_snapshot!(end.replace(STAGE_ID, "[ID]"), @r"
     the bytes that were built
    to test what the registry keeps: cargo xtask smoke --staged [ID]
    to approve, with your 2FA code: npm stage approve [ID] --registry=https://registry.example/ --@kaelio:registry=https://registry.example/
    to throw it away: npm stage reject [ID] --registry=https://registry.example/ --@kaelio:registry=https://registry.example/
    Staged @kaelio/ktx@0.1.1 with tag next; it waits for approval as [ID]
    ");
    let card = releaser.checkout.read("dist/reports/approval.md");
    let card = String::from_utf8(card).expect("text");
    let head = releaser.checkout.git(&["rev-parse", "HEAD"]);
    let card = card
        .replace(proxy.url::<RegistryUrl>().as_str(), "https://registry.example/")
        .replace(STAGE_ID, "[ID]")
        .replace(&head, "[REVISION]")
        .replace(foreign().as_str(), "[PLATFORM]");
    insta::with_settings!({filters => vec![
        (r"[\d.]+ (B|kB|MB)\b", "[SIZE]"),
        (r"[0-9a-f]{64}", "[SHA256]"),
        (r"sha512-[A-Za-z0-9+/=]+", "[INTEGRITY]"),
    ]}, { insta::assert_snapshot!(card, @r"
    ") });

    let missing = said(
        &releaser,
        &proxy,
        &["smoke", "--staged", "00000000-0000-4000-8000-000000000000"],
    );
    assert!(
        !missing.starts_with("exit 0\n") && missing.contains("npm stage view"),
        "{missing}"
    );
}

#[test]
fn other_bytes_in_the_registry_are_exit_6_and_a_hint_to_reject_them() {
    let (releaser, proxy) = candidate(Staged::Altered);
    for arguments in [
        &["publish", "--tag", "next", "--execute"][..],
        &["smoke", "--staged", STAGE_ID],
    ] {
        let said = said(&releaser, &proxy, arguments);
        assert!(said.starts_with("exit 6\n"), "{said}");
        assert!(
            said.contains(&format!("hint: npm stage reject {STAGE_ID}")),
            "{said}"
        );
    }
    assert!(!releaser.checkout.path("dist/reports/approval.md").exists());
}
