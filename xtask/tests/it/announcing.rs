//! `cargo xtask announce` against a stand-in for GitHub over a real bare repository.

use ktx_fixtures::github::{self, Github, TOKEN};
use ktx_fixtures::registry_proxy::{Answer, Fault, Proxy, Request};
use tempfile::TempDir;

use crate::releaser::Releaser;

/// A published version, and GitHub with its commit.
struct Published {
    releaser: Releaser,
    github: Github,
    origin: TempDir,
}

impl Published {
    fn new(version: &str) -> Self {
        Self::of(Releaser::new(version), version)
    }

    fn of(releaser: Releaser, version: &str) -> Self {
        let origin = releaser.origin();
        releaser.build(version);
        releaser.prove();
        let mut publish = vec!["publish", "--tag", "next", "--execute"];
        publish.extend(version.contains('-').then_some("--accept-first-latest"));
        releaser.checkout.build(&publish);
        let github = Github::start(origin.path());
        Self {
            releaser,
            github,
            origin,
        }
    }

    /// As if nothing had been announced.
    fn start_over(&mut self) {
        for folder in [self.origin.path().to_owned(), self.releaser.checkout.path(".git")] {
            let folder = folder.to_string_lossy().into_owned();
            self.releaser
                .checkout
                .git(&["--git-dir", &folder, "update-ref", "-d", "refs/tags/v0.1.0"]);
        }
        self.github = Github::start(self.origin.path());
    }

    fn announce(&self, more: &[&str]) -> String {
        self.announce_as(TOKEN, more)
    }

    fn announce_as(&self, token: &str, more: &[&str]) -> String {
        let checkout = &self.releaser.checkout;
        let mut command = checkout.xtask(&[&["announce"], more].concat());
        command
            .env("GITHUB_API_URL", self.github.url())
            .env("GITHUB_TOKEN", token);
        let said = checkout.transcript(command);
        let head = self.releaser.checkout.git(&["rev-parse", "HEAD"]);
        let said = said
            .replace(&head, "[REVISION]")
            .replace(&self.github.url(), "[GITHUB]");
        said.replace(crate::checkout::foreign().as_str(), "[PLATFORM]")
            .replace(self.releaser.registry.url().as_str(), "https://registry.example/")
    }

    fn lines(&self) -> String {
        let head = self.releaser.checkout.git(&["rev-parse", "HEAD"]);
        let lines = self.github.lines().join("\n").replace(&head, "[REVISION]");
        lines.replace(crate::checkout::foreign().as_str(), "[PLATFORM]")
    }
}

macro_rules! snapshot {
    ($text:expr, @$expected:literal) => {
        insta::with_settings!({filters => vec![
            (r"[\d.]+ (B|kB|MB)\b", "[SIZE]"),
            (r"[0-9a-f]{40}", "[COMMIT]"),
        ]}, { insta::assert_snapshot!($text, @$expected) })
    };
}

#[test]
fn a_published_version_gets_its_tag_and_its_page_and_asking_again_changes_nothing() {
    let published = Published::new("0.1.0-rc.0");
    snapshot!(published.announce(&[]), @r"
    exit 0
    --- stdout
    announce @kaelio/ktx@0.1.0-rc.0 as v0.1.0-rc.0, built from [REVISION]
    to do: create the annotated tag v0.1.0-rc.0 at [REVISION]
    to do: create a draft of the prerelease v0.1.0-rc.0
    to do: upload THIRD-PARTY-NOTICES ([SIZE])
    to do: upload artifact-manifest.json ([SIZE])
    to do: upload kaelio-ktx-0.1.0-rc.0.tgz ([SIZE])
    to do: upload kaelio_ktx-0.1.0rc0-py3-none-any.whl ([SIZE])
    to do: upload ktx-0.1.0-rc.0-[PLATFORM].tar.gz ([SIZE])
    to do: upload sbom.cdx.json ([SIZE])
    to do: upload SHA256SUMS ([SIZE])
    to do: upload smoke-[PLATFORM].json ([SIZE])
    to do: upload diff.json ([SIZE])
    to do: upload publish-receipt.json ([SIZE])
    to do: publish the release v0.1.0-rc.0
    dry run: nothing was written, add --execute to announce
    --- stderr
    ");
    assert_eq!(published.github.writes(), 0, "a dry run writes nothing");
    snapshot!(published.announce(&["--execute"]), @r"
    exit 0
    --- stdout
    announce @kaelio/ktx@0.1.0-rc.0 as v0.1.0-rc.0, built from [REVISION]
    to do: create the annotated tag v0.1.0-rc.0 at [REVISION]
    to do: create a draft of the prerelease v0.1.0-rc.0
    to do: upload THIRD-PARTY-NOTICES ([SIZE])
    to do: upload artifact-manifest.json ([SIZE])
    to do: upload kaelio-ktx-0.1.0-rc.0.tgz ([SIZE])
    to do: upload kaelio_ktx-0.1.0rc0-py3-none-any.whl ([SIZE])
    to do: upload ktx-0.1.0-rc.0-[PLATFORM].tar.gz ([SIZE])
    to do: upload sbom.cdx.json ([SIZE])
    to do: upload SHA256SUMS ([SIZE])
    to do: upload smoke-[PLATFORM].json ([SIZE])
    to do: upload diff.json ([SIZE])
    to do: upload publish-receipt.json ([SIZE])
    to do: publish the release v0.1.0-rc.0
    announced: https://github.com/kaelio/ktx/releases/tag/v0.1.0-rc.0
    --- stderr
    create the annotated tag v0.1.0-rc.0 at [REVISION]
    create a draft of the prerelease v0.1.0-rc.0
    upload THIRD-PARTY-NOTICES ([SIZE])
    upload artifact-manifest.json ([SIZE])
    upload kaelio-ktx-0.1.0-rc.0.tgz ([SIZE])
    upload kaelio_ktx-0.1.0rc0-py3-none-any.whl ([SIZE])
    upload ktx-0.1.0-rc.0-[PLATFORM].tar.gz ([SIZE])
    upload sbom.cdx.json ([SIZE])
    upload SHA256SUMS ([SIZE])
    upload smoke-[PLATFORM].json ([SIZE])
    upload diff.json ([SIZE])
    upload publish-receipt.json ([SIZE])
    publish the release v0.1.0-rc.0
    ");
    snapshot!(published.lines(), @r"
    tag v0.1.0-rc.0 at [REVISION]
    published prerelease v0.1.0-rc.0
      uploaded SHA256SUMS
      uploaded THIRD-PARTY-NOTICES
      uploaded artifact-manifest.json
      uploaded diff.json
      uploaded kaelio-ktx-0.1.0-rc.0.tgz
      uploaded kaelio_ktx-0.1.0rc0-py3-none-any.whl
      uploaded ktx-0.1.0-rc.0-[PLATFORM].tar.gz
      uploaded publish-receipt.json
      uploaded sbom.cdx.json
      uploaded smoke-[PLATFORM].json
    ");
    let tag = published
        .releaser
        .checkout
        .git(&["cat-file", "-t", "v0.1.0-rc.0"]);
    assert_eq!(tag, "tag", "the checkout has the tag, so `version next` knows it");
    let sums = String::from_utf8(published.github.asset("SHA256SUMS")).expect("text");
    for line in sums.lines() {
        let (digest, name) = line.split_once("  ").expect("a digest and a name");
        let found = ktx_manifest::Sha256Digest::of(published.github.asset(name));
        assert_eq!(found.to_string(), digest, "{name}");
    }
    assert!(
        published.github.body().starts_with("### Fixed\n\n- A fault.\n"),
        "{}",
        published.github.body()
    );

    published.github.fail(usize::MAX, github::Fault::Before);
    snapshot!(published.announce(&["--execute"]), @r"
    exit 0
    --- stdout
    announce @kaelio/ktx@0.1.0-rc.0 as v0.1.0-rc.0, built from [REVISION]
    note: the tag v0.1.0-rc.0 is there
    note: the release of v0.1.0-rc.0 is there: https://github.com/kaelio/ktx/releases/tag/v0.1.0-rc.0
    announced: https://github.com/kaelio/ktx/releases/tag/v0.1.0-rc.0
    --- stderr
    ");
    assert_eq!(published.github.writes(), 0);
    let json = published.announce(&["--json"]);
    assert!(json.starts_with("exit 0\n--- stdout\n{"), "{json}");

    // A report that was written again stays as it was; an artifact with other bytes is an error.
    published.github.tamper("diff.json", Some(b"{}"));
    let said = published.announce(&["--execute"]);
    assert!(
        said.contains("diff.json was rewritten since; the page keeps its own"),
        "{said}"
    );
    published
        .github
        .tamper("kaelio-ktx-0.1.0-rc.0.tgz", Some(b"other"));
    snapshot!(published.announce(&["--execute", "--json"]), @r#"
    exit 6
    --- stdout
    {
      "error": "https://github.com/kaelio/ktx/releases/tag/v0.1.0-rc.0 has other bytes for kaelio-ktx-0.1.0-rc.0.tgz than were published",
      "exit": 6,
      "hint": "find out who uploaded it; nothing was overwritten"
    }
    --- stderr
    error: https://github.com/kaelio/ktx/releases/tag/v0.1.0-rc.0 has other bytes for kaelio-ktx-0.1.0-rc.0.tgz than were published
    hint: find out who uploaded it; nothing was overwritten
    "#);
    published.github.tamper("kaelio-ktx-0.1.0-rc.0.tgz", None);
    let said = published.announce(&["--execute"]);
    assert!(
        said.starts_with("exit 0\n") && said.contains("upload kaelio-ktx-0.1.0-rc.0.tgz"),
        "{said}"
    );
}

#[test]
fn whatever_write_fails_the_same_command_finishes() {
    let mut published = Published::new("0.1.0");
    let plan = published.announce(&[]);
    // The tag is two writes, an object and a reference.
    let writes = plan.lines().filter(|line| line.starts_with("to do: ")).count() + 1;
    assert!(writes > 10, "{plan}");
    let mut expected = None;
    for fault in [github::Fault::Before, github::Fault::After, github::Fault::Half] {
        for write in 0..writes {
            published.start_over();
            published.github.fail(write, fault);
            let first = published.announce(&["--execute"]);
            assert!(first.starts_with("exit 5\n"), "{fault:?} {write}: {first}");
            published.github.fail(usize::MAX, fault);
            let second = published.announce(&["--execute"]);
            assert!(second.starts_with("exit 0\n"), "{fault:?} {write}: {second}");
            let lines = published.lines();
            assert_eq!(
                *expected.get_or_insert_with(|| lines.clone()),
                lines,
                "{fault:?} {write}"
            );
        }
    }
}

#[test]
fn what_is_not_as_it_was_published_is_refused() {
    let published = Published::new("0.1.0");
    assert!(
        published.announce_as("", &[]).starts_with("exit 0\n"),
        "a plan needs no token"
    );
    snapshot!(published.announce_as("", &["--execute"]), @r"
    exit 4
    --- stdout
    announce @kaelio/ktx@0.1.0 as v0.1.0, built from [REVISION]
    to do: create the annotated tag v0.1.0 at [REVISION]
    to do: create a draft of the release v0.1.0
    to do: upload THIRD-PARTY-NOTICES ([SIZE])
    to do: upload artifact-manifest.json ([SIZE])
    to do: upload kaelio-ktx-0.1.0.tgz ([SIZE])
    to do: upload kaelio_ktx-0.1.0-py3-none-any.whl ([SIZE])
    to do: upload ktx-0.1.0-[PLATFORM].tar.gz ([SIZE])
    to do: upload sbom.cdx.json ([SIZE])
    to do: upload SHA256SUMS ([SIZE])
    to do: upload smoke-[PLATFORM].json ([SIZE])
    to do: upload diff.json ([SIZE])
    to do: upload publish-receipt.json ([SIZE])
    to do: publish the release v0.1.0
    not checked: drafts, which GitHub shows to a token alone; GITHUB_TOKEN is not set
    --- stderr
    error: GITHUB_TOKEN is not set
    hint: give GITHUB_TOKEN a token that may write contents of the repository
    ");
    snapshot!(published.announce_as("wrong", &["--execute"]), @r"
    exit 4
    --- stdout
    announce @kaelio/ktx@0.1.0 as v0.1.0, built from [REVISION]
    to do: create the annotated tag v0.1.0 at [REVISION]
    to do: create a draft of the release v0.1.0
    to do: upload THIRD-PARTY-NOTICES ([SIZE])
    to do: upload artifact-manifest.json ([SIZE])
    to do: upload kaelio-ktx-0.1.0.tgz ([SIZE])
    to do: upload kaelio_ktx-0.1.0-py3-none-any.whl ([SIZE])
    to do: upload ktx-0.1.0-[PLATFORM].tar.gz ([SIZE])
    to do: upload sbom.cdx.json ([SIZE])
    to do: upload SHA256SUMS ([SIZE])
    to do: upload smoke-[PLATFORM].json ([SIZE])
    to do: upload diff.json ([SIZE])
    to do: upload publish-receipt.json ([SIZE])
    to do: publish the release v0.1.0
    --- stderr
    create the annotated tag v0.1.0 at [REVISION]
    error: GitHub refuses `[GITHUB]/repos/kaelio/ktx/git/tags`: 401 Unauthorized: Requires authentication
    hint: give GITHUB_TOKEN a token that may write contents of the repository
    ");
    assert_eq!(published.github.lines(), Vec::<String>::new());

    // Somebody made the tag elsewhere.
    published.releaser.checkout.git(&["tag", "v0.1.0", "HEAD~1"]);
    published
        .releaser
        .checkout
        .git(&["push", "--quiet", "origin", "v0.1.0"]);
    snapshot!(published.announce(&["--execute"]), @r"
    exit 6
    --- stdout
    --- stderr
    error: the tag v0.1.0 is at [COMMIT], but the package was built from [REVISION]
    hint: find out who made the tag: git show v0.1.0
    ");
    published
        .releaser
        .checkout
        .git(&["push", "--quiet", "--delete", "origin", "v0.1.0"]);
    published.releaser.checkout.git(&["tag", "--delete", "v0.1.0"]);

    // A page that cannot be changed any more and lacks a file.
    published.github.make_immutable();
    assert!(published.announce(&["--execute"]).starts_with("exit 0\n"));
    published.github.tamper("SHA256SUMS", None);
    snapshot!(published.announce(&["--execute"]), @r"
    exit 3
    --- stdout
    --- stderr
    error: https://github.com/kaelio/ktx/releases/tag/v0.1.0 is published and cannot be changed, but lacks SHA256SUMS
    hint: the repository makes published releases immutable; the next version has all files
    ");

    // Built, but not published; then another build of a number that is out.
    published.releaser.checkout.build(&["version", "set", "0.1.1"]);
    published.releaser.build("0.1.1");
    snapshot!(published.announce(&["--execute"]), @r"
    exit 3
    --- stdout
    --- stderr
    error: https://registry.example/ does not have @kaelio/ktx@0.1.1, so there is nothing to announce
    hint: publish it first; for the next command: cargo xtask status
    ");
    published.releaser.checkout.build(&["version", "set", "0.1.0"]);
    published.releaser.build("0.1.0");
    published.releaser.checkout.write("npm/README.md", "Other.\n");
    published.releaser.build("0.1.0");
    snapshot!(published.announce(&["--execute"]), @r"
    exit 6
    --- stdout
    --- stderr
    error: https://registry.example/ has other bytes for @kaelio/ktx@0.1.0 than the artifacts here
    hint: announce from the artifacts that were published: cargo xtask announce --artifacts DIR
    ");
    snapshot!(published.announce(&["0.3.0-my-fix.1"]), @r"
    exit 3
    --- stdout
    --- stderr
    error: 0.3.0-my-fix.1 is a version of a branch, which has no release page
    hint: announce release candidates and stable versions; to see them: cargo xtask status
    ");
    snapshot!(published.announce(&["0.3.0"]), @r"
    exit 3
    --- stdout
    --- stderr
    error: CHANGELOG.md has no section for 0.3.0: its heading would be `## [0.3.0] - YYYY-MM-DD`
    hint: write what changed into CHANGELOG.md, then run the same command again
    ");
}

#[test]
fn one_answer_that_the_package_is_unknown_is_no_reason_to_call_it_unpublished() {
    let releaser = Releaser::new("0.1.0");
    let proxy = Proxy::before(releaser.registry.port(), &[]);
    releaser.use_registry(&proxy.url());
    let published = Published::of(releaser, "0.1.0");
    let compare = || {
        let checkout = &published.releaser.checkout;
        checkout.transcript(checkout.xtask(&["diff"]))
    };
    proxy.misbehave(&[Fault::always(Request::Read, Answer::Status(404))]);
    for said in [compare(), published.announce(&["--execute"])] {
        assert!(said.starts_with("exit 5\n"), "{said}");
        assert!(
            said.contains("but a receipt of 0.1.0 says that it was published"),
            "{said}"
        );
    }
    assert_eq!(published.github.writes(), 0);
    proxy.behave();
    for said in [compare(), published.announce(&["--execute"])] {
        assert!(said.starts_with("exit 0\n"), "{said}");
    }
}
