//! Staged publishing through the built program: what a person is shown before they approve.

use ktx_fixtures::registry_proxy::{Proxy, STAGE_ID, Staged};
use ktx_policy::RegistryUrl;

use crate::releaser::Releaser;
use crate::tidy::text;

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
    let manifest = releaser.checkout.read("dist/artifacts/manifest.json");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let files = manifest["files"].as_array().expect("files").iter();
    let mut digests = files.filter(|file| file["path"].as_str().is_some_and(|path| path.ends_with(".tgz")));
    let digest = digests
        .next()
        .and_then(|file| file["sha256"].as_str())
        .expect("a digest");
    let url: RegistryUrl = proxy.url();
    let flags = format!("--registry={url} --@kaelio:registry={url}");
    for line in [
        "## To approve: @kaelio/ktx 0.1.1 under `next`".to_owned(),
        format!("| registry | {url} |"),
        format!("| staged as | `{STAGE_ID}` |"),
        format!("| SHA-256 | `{digest}` |"),
        format!(
            "| built from | `{}` |",
            releaser.checkout.git(&["rev-parse", "HEAD"])
        ),
        "| compared | the registry keeps the bytes that were built |".to_owned(),
        "| smoke | **not yet** |".to_owned(),
        format!("cargo xtask smoke --staged {STAGE_ID}"),
        format!("npm stage approve {STAGE_ID} {flags}"),
        format!("npm stage reject {STAGE_ID} {flags}"),
    ] {
        assert!(card.lines().any(|found| found == line), "{line}\n\n{card}");
    }
    let (_, changes) = card
        .split_once("\nChanges since the last version:\n\n")
        .expect("changes");
    assert!(
        changes.starts_with("- ") && !changes.contains("not known"),
        "{card}"
    );

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

/// The commands of the runbook's section, with the name of what waits, as somebody types them.
fn typed() -> Vec<String> {
    let document = text("docs/RELEASING.md");
    let (_, section) = document
        .split_once("### Approval by a person")
        .expect("the section is there");
    let (_, block) = section.split_once("```sh\n").expect("it shows commands");
    let (block, _) = block.split_once("```").expect("the block ends");
    let lines = block.lines().map(|line| line.replace("STAGE-ID", STAGE_ID));
    lines.collect()
}

#[test]
#[cfg(unix)]
fn the_runbook_leads_from_what_waits_to_what_is_published() {
    let (releaser, proxy) = candidate(Staged::Faithful);
    let url: RegistryUrl = proxy.url();
    let npmrc = format!("{}registry={url}\n", releaser.registry.credentials(&url));
    releaser.checkout.write(".npmrc", npmrc);
    let types = |line: &str| {
        let mut shell = assert_cmd::Command::new("sh");
        shell.args(["-c", line]).current_dir(releaser.checkout.path(""));
        shell.env_clear().envs(releaser.checkout.environment());
        shell.env("NPM_CONFIG_OTP", "123456");
        releaser.checkout.transcript(shell)
    };
    let publish = || said(&releaser, &proxy, &["publish", "--tag", "next", "--execute"]);
    let waits = || types("npm stage list @kaelio/ktx").contains(STAGE_ID);
    let commands = typed();
    let [smoke, approve, reject] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    let smoke = smoke
        .strip_prefix("cargo xtask ")
        .expect("a command of the toolchain");
    let help: Vec<&str> = smoke.split(' ').chain(["--help"]).collect();
    releaser.checkout.build(&help);

    assert!(publish().starts_with("exit 0\n"));
    assert!(waits());
    let rejected = types(reject);
    assert!(rejected.starts_with("exit 0\n"), "{rejected}");
    assert!(!waits());
    assert!(publish().contains("it waits for approval as "));
    let approved = types(approve);
    assert!(approved.starts_with("exit 0\n"), "{approved}");
    let again = publish();
    assert!(
        again.starts_with("exit 0\n") && again.contains("Already published @kaelio/ktx@0.1.1 with tag next"),
        "{again}"
    );
}
