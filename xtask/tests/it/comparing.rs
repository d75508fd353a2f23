//! `cargo xtask diff` from the first version to one that is too large.

use ktx_fixtures::package_index::{PackageIndex, Upload};
use ktx_manifest::LockFile;
use ktx_release::lock::text;
use ktx_release::pyproject::Project;
use serde_json::{Value, json};

use crate::checkout::foreign;
use crate::releaser::Releaser;

/// A snapshot without the sizes, which change with every line of the payload.
macro_rules! snapshot {
    ($text:expr, @$expected:literal) => {
        insta::with_settings!({filters => vec![
            (r"[+-][\d.]+ %", "[GROWTH]"),
            (r"[\d.]+ (B|kB|MB)\b", "[SIZE]"),
            (r"\d+ to \d+ bytes", "[SIZE] to [SIZE]"),
            (r"files: \d+ -> \d+", "files: [COUNT] -> [COUNT]"),
        ]}, { insta::assert_snapshot!($text, @$expected) })
    };
}

impl Releaser {
    /// What a command prints, without what changes from run to run.
    #[track_caller]
    pub fn prints(&self, arguments: &[&str]) -> String {
        let said = self.checkout.transcript(self.checkout.xtask(arguments));
        said.replace(self.registry.url().as_str(), "https://registry.example/")
            .replace(foreign().as_str(), "[PLATFORM]")
    }
}

#[test]
fn the_package_about_to_go_out_beside_the_last_one() {
    let releaser = Releaser::new("0.1.0");
    snapshot!(releaser.prints(&["diff"]), @r"
    exit 4
    --- stdout
    --- stderr
    error: there are no verified artifacts to compare
    hint: cargo xtask build
    ");
    releaser.build("0.1.0");
    snapshot!(releaser.prints(&["diff"]), @r"
    exit 0
    --- stdout
    0.1.0 has nothing to be compared with on https://registry.example/
    --- stderr
    ");
    releaser.prove();
    releaser
        .checkout
        .build(&["publish", "--tag", "next", "--execute"]);

    // The number is taken, and beside what is below it there is nothing.
    snapshot!(releaser.prints(&["diff"]), @r"
    exit 0
    --- stdout
    0.1.0 has nothing to be compared with on https://registry.example/
    --- stderr
    ");
    let mut readme = releaser.checkout.read("npm/README.md");
    readme.extend(format!("\nSee https://new-host.example/.\n{}\n", noise(400_000)).bytes());
    releaser.checkout.write("npm/README.md", readme);
    releaser.checkout.build(&["version", "set", "0.1.1"]);
    releaser.build("0.1.1");
    snapshot!(gate(&releaser), @r"
    Gate budgets: closed
      - the comparison is about another tarball
      run: cargo xtask diff
    ");
    snapshot!(releaser.prints(&["diff"]), @r"
    exit 3
    --- stdout
    0.1.1 compared with 0.1.0
    tarball: [SIZE] -> [SIZE] ([GROWTH])
    unpacked: [SIZE] -> [SIZE] ([GROWTH])
    files: [COUNT] -> [COUNT]
    native/[PLATFORM]/ktx: [SIZE] -> [SIZE] (±0 %)
    new host: new-host.example in README.md
    ~ README.md [SIZE] -> [SIZE]
    ~ assets/python/kaelio_ktx-*-py3-none-any.whl [SIZE] -> [SIZE]
    ~ assets/python/manifest.json [SIZE] -> [SIZE]
    ~ assets/sbom.cdx.json [SIZE] -> [SIZE]
    ~ native/[PLATFORM]/ktx [SIZE] -> [SIZE]
    ~ package.json [SIZE] -> [SIZE]
    ~ wheel: kaelio_ktx-*.dist-info/METADATA [SIZE] -> [SIZE]
    ~ wheel: kaelio_ktx-*.dist-info/RECORD [SIZE] -> [SIZE]
    ~ wheel: kaelio_ktx-*.dist-info/sboms/kaelio_ktx.cdx.json [SIZE] -> [SIZE]
    --- stderr
    error: the tarball grew from [SIZE] to [SIZE], over its budget of [GROWTH]
    hint: make it smaller, or raise budgets in release-policy.json
    ");
    snapshot!(gate(&releaser), @r"
    Gate budgets: closed
      - the tarball grew from [SIZE] to [SIZE], over its budget of [GROWTH]
      first: make it smaller, or raise budgets in release-policy.json
      run: cargo xtask diff
    ");
    let document: Value =
        serde_json::from_slice(&releaser.checkout.read("dist/reports/diff.json")).expect("JSON");
    assert_eq!(document["against"]["version"], "0.1.0");
    assert_eq!(document["history"][0]["version"], "0.1.0");

    // Looking at another version is not a comparison for the gate.
    let before = releaser.checkout.read("dist/reports/diff.json");
    let same = releaser.prints(&["diff", "--against", "next", "--json"]);
    assert!(same.starts_with("exit 3\n--- stdout\n{"), "{same}");
    assert_eq!(releaser.checkout.read("dist/reports/diff.json"), before);
    snapshot!(releaser.prints(&["diff", "--against", "9.9.9"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: https://registry.example/ has no version or dist-tag 9.9.9 of @kaelio/ktx
    hint: omit --against to compare with the last version below
    ");
    let mut policy: Value =
        serde_json::from_slice(&releaser.checkout.read("release-policy.json")).expect("JSON");
    policy["budgets"]["tarball"] = json!("+1000 %");
    releaser.checkout.write("release-policy.json", policy.to_string());
    assert!(releaser.prints(&["diff"]).starts_with("exit 0\n"));

    let (index, changed) = relock(&releaser);
    releaser.build("0.1.1");
    let asking = |index: &str| {
        let mut diff = releaser.checkout.xtask(&["diff"]);
        diff.env("UV_DEFAULT_INDEX", index).env("UV_NO_CACHE", "1");
        releaser.checkout.transcript(diff)
    };
    let line = format!("assets/python/core.txt: ! {changed} has other hashes, ");
    let known = asking(&index.url());
    let age = known.split_once(&line).map_or("", |(_, age)| age);
    assert!(
        age.starts_with("uploaded 2020-01-01, ") && age.contains(" days before this comparison\n"),
        "{known}"
    );
    let plan = releaser.prints(&["publish", "--tag", "next"]);
    let note = format!("note: assets/python/core.txt: 1 new pin: {changed}, uploaded 2020-01-01, ");
    assert!(plan.contains(&note), "{plan}");
    drop(index);
    let unknown = asking("http://127.0.0.1:9/simple");
    assert!(
        unknown.contains(&format!("{line}upload time not known\n")) && unknown.starts_with("exit 0\n"),
        "{unknown}"
    );
    let warning = "the upload times of what `assets/python/core.txt` locks are not known: ";
    assert!(unknown.contains(warning), "{unknown}");
}

/// Locks other bytes of the first distribution; an index that has everything that is locked, and that one's name and version.
fn relock(releaser: &Releaser) -> (PackageIndex, String) {
    const CORE: &str = "python/locks/core.txt";
    let old = String::from_utf8(releaser.checkout.read(CORE)).expect("it is text");
    let lock = LockFile::read(&old).expect("it holds");
    let pins: Vec<(&str, &str)> = lock
        .pins
        .lines()
        .filter_map(|line| line.split_once("=="))
        .map(|(name, rest)| (name, rest.split([' ', ';']).next().unwrap_or_default()))
        .collect();
    let uploads: Vec<Upload<'_>> = pins
        .iter()
        .map(|(name, version)| Upload {
            name,
            version,
            platform: "any",
            time: "2020-01-01T00:00:00Z",
        })
        .collect();
    let index = PackageIndex::start(&uploads);
    let (_, digest) = lock.pins.split_once("sha256:").expect("a hash");
    let pins_now = lock.pins.replacen(&digest[..8], "00000000", 1);
    let project = Project::read(&releaser.checkout.path("python")).expect("the project is whole");
    releaser
        .checkout
        .write(CORE, text(&project, lock.uploaded_before, &pins_now));
    let (name, version) = pins[0];
    (index, format!("{name} {version}"))
}

/// What the gate of the budgets says.
fn gate(releaser: &Releaser) -> String {
    let said = releaser.prints(&["readiness"]);
    let lines = said
        .lines()
        .skip_while(|line| *line != "Gate budgets: closed" && *line != "Gate budgets: open");
    lines
        .take_while(|line| *line != "--- stderr" && !line.starts_with("Gate audit"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Text that does not compress.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + u8::try_from(state >> 59).unwrap_or_default() % 26)
    };
    (0..length).map(|_| next()).collect()
}
