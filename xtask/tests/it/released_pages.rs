//! Release pages as a witness of what was published, for a clone that has neither receipts nor git tags.

use ktx_fixtures::github::{Github, TOKEN};
use ktx_fixtures::registry_proxy::{Answer, Fault, Proxy, Request};
use serde_json::Value;
use tempfile::TempDir;

use crate::releaser::Releaser;

/// `0.1.0` and `0.1.1` published, announced and under `latest`; then what a clone without tags has.
struct Clone {
    releaser: Releaser,
    proxy: Proxy,
    github: Github,
    _origin: TempDir,
}

impl Clone {
    fn new() -> Self {
        let releaser = Releaser::new("0.1.0");
        let origin = releaser.origin();
        let github = Github::start(origin.path());
        let proxy = Proxy::before(releaser.registry.port(), &[]);
        releaser.use_registry(&proxy.url());
        releaser.publish("0.1.0");
        let clone = Self {
            releaser,
            proxy,
            github,
            _origin: origin,
        };
        clone.runs(&["announce", "--execute"]);
        clone.runs(&["version", "set", "0.1.1"]);
        clone.releaser.allow_growth();
        clone.releaser.publish("0.1.1");
        clone.runs(&["announce", "--execute"]);
        clone.releaser.prove_published("0.1.1");
        clone.runs(&["promote", "--from", "next", "--to", "latest", "--execute"]);
        for version in ["0.1.0", "0.1.1"] {
            clone
                .releaser
                .checkout
                .git(&["tag", "--delete", &format!("v{version}")]);
        }
        let receipts = clone.releaser.checkout.path("dist/reports/publish-receipt.json");
        fs_err::remove_file(receipts).expect("there are receipts");
        clone
    }

    fn said(&self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let mut command = self.releaser.checkout.xtask(arguments);
        command
            .env("GITHUB_API_URL", self.github.url())
            .env("GITHUB_TOKEN", TOKEN)
            .envs(environment.iter().copied());
        self.releaser.checkout.transcript(command)
    }

    #[track_caller]
    fn runs(&self, arguments: &[&str]) {
        let said = self.said(arguments, &[]);
        assert!(said.starts_with("exit 0\n"), "{arguments:?}: {said}");
    }

    /// The commands that decide by what the registry has, on the registry behind the proxy.
    #[track_caller]
    fn refuses(&self, fault: Answer, why: &str) {
        self.proxy.misbehave(&[Fault::always(Request::Read, fault)]);
        for command in [
            &["publish", "--tag", "next", "--execute"][..],
            &["promote", "--from", "next", "--to", "latest", "--execute"],
            &["rollback", "--tag", "latest", "--execute"],
            &["status"],
        ] {
            let said = self.said(command, &[]);
            assert!(
                said.starts_with("exit 5\n") && said.contains(why),
                "{command:?}: {said}"
            );
        }
        assert_eq!(self.proxy.uploads(), 0);
        self.proxy.behave();
    }
}

/// An answer from before `0.1.1`.
fn without_the_last(document: &mut Value) {
    for key in ["versions", "time"] {
        document[key].as_object_mut().expect("an object").remove("0.1.1");
    }
    document["dist-tags"] = serde_json::json!({"latest": "0.1.0", "next": "0.1.0"});
}

#[test]
fn a_clone_without_tags_and_receipts_is_told_by_the_release_pages() {
    let clone = Clone::new();
    let status = clone.said(&["status"], &[]);
    assert!(status.contains("\n0.1.0: no git tag, release page\n"), "{status}");

    clone.refuses(
        Answer::Document(404, r#"{"error": "no such package available"}"#),
        "but the release page of 0.1.1 says that it was published",
    );
    clone.refuses(
        Answer::Edited("without 0.1.1", without_the_last),
        "the registry's answer is old: it does not list 0.1.1, whose release page has the receipt",
    );

    let rollback = ["rollback", "--tag", "latest"];
    let alone = clone.said(&rollback, &[("GITHUB_API_URL", "http://127.0.0.1:9")]);
    assert!(
        alone.starts_with("exit 3\n") && alone.contains("[no-history]"),
        "{alone}"
    );
    assert!(
        alone.contains("warning: the release pages are not known: failed to ask"),
        "{alone}"
    );
    let back = clone.said(&rollback, &[]);
    assert!(back.starts_with("exit 0\n"), "{back}");
    assert!(
        back.contains("point latest at @kaelio/ktx@0.1.0, away from 0.1.1"),
        "{back}"
    );
    assert!(back.contains("passed: the tag pointed at the version before (by the registry's versions and the release pages; no receipt confirms it)"), "{back}");
}

#[test]
fn a_page_of_what_the_registry_lacks_is_shown_and_a_draft_is_no_witness() {
    let releaser = Releaser::new("0.1.0");
    let origin = releaser.origin();
    let github = Github::start(origin.path());
    let status = |github: &Github| {
        let mut command = releaser.checkout.xtask(&["status"]);
        command
            .env("GITHUB_API_URL", github.url())
            .env("GITHUB_TOKEN", TOKEN);
        releaser.checkout.transcript(command)
    };
    github.add_page("v0.0.8", true);
    let said = status(&github);
    assert!(
        said.starts_with("exit 0\n") && said.contains("nothing is published"),
        "{said}"
    );
    github.add_page("v0.0.9", false);
    let said = status(&github);
    assert!(
        said.starts_with("exit 5\n") && said.contains("the release page of 0.0.9"),
        "{said}"
    );
    releaser
        .registry
        .store("0.1.0", &["latest", "next"], b"not from here");
    let said = status(&github);
    let line = "unfinished: 0.0.9 has a release page, and the registry does not have it";
    assert!(said.starts_with("exit 0\n") && said.contains(line), "{said}");
    assert!(!said.contains("0.0.8"), "{said}");
}
