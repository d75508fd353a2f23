//! Removing the runtimes of other versions.

use super::bench::Bench;

#[test]
fn refuses_previews_and_removes() {
    let bench = Bench::with_sample();
    let nothing = bench.transcript(&[&["runtime", "prune", "--dry-run"], &["runtime", "prune", "--yes"]]);
    bench.write("0.0.8/.ktx-runtime", "");
    bench.write("0.0.9/.ktx-runtime", "");
    bench.write("0.0.9/.venv/file", &"x".repeat(3000));
    bench.write(concat!(env!("CARGO_PKG_VERSION"), "/.ktx-runtime"), "");
    bench.write("1.0.0/thesis.txt", "years of work");
    bench.write("notes.txt", "");
    let transcript = bench.transcript(&[
        &["runtime", "prune"],
        &["runtime", "prune", "--dry-run"],
        &["runtime", "prune", "--dry-run", "--yes"],
        &["runtime", "prune", "--yes"],
        &["runtime", "prune", "--yes"],
    ]);
    insta::assert_snapshot!(format!("{nothing}{transcript}"), @"
    $ ktx runtime prune --dry-run
    No stale KTX Python runtimes found under [SANDBOX]/runtime
    --- exit 0
    $ ktx runtime prune --yes
    No stale KTX Python runtimes found under [SANDBOX]/runtime
    --- exit 0
    $ ktx runtime prune
    --- stderr
    Refusing to prune without --yes. Preview with: ktx runtime prune --dry-run
    --- exit 1
    $ ktx runtime prune --dry-run
    Stale KTX Python runtimes
    [SANDBOX]/runtime/0.0.8
    [SANDBOX]/runtime/0.0.9
    would free: 2.9 KiB
    --- exit 0
    $ ktx runtime prune --dry-run --yes
    Stale KTX Python runtimes
    [SANDBOX]/runtime/0.0.8
    [SANDBOX]/runtime/0.0.9
    would free: 2.9 KiB
    --- exit 0
    $ ktx runtime prune --yes
    Removed stale KTX Python runtimes
    [SANDBOX]/runtime/0.0.8
    [SANDBOX]/runtime/0.0.9
    freed: 2.9 KiB
    --- exit 0
    $ ktx runtime prune --yes
    No stale KTX Python runtimes found under [SANDBOX]/runtime
    --- exit 0
    ");
    assert!(bench.version_dir().exists());
}

#[test]
fn json_lists_what_went_and_what_stayed() {
    let bench = Bench::with_sample();
    bench.write("0.0.9/.ktx-runtime", "");
    bench.write("0.0.9/install.log", "12345");
    bench.write("1.0.0/thesis.txt", "");
    let preview = bench
        .sandbox()
        .run(&["runtime", "prune", "--dry-run", "--json"])
        .succeeds()
        .json();
    assert_eq!((&preview["dryRun"], &preview["bytes"]), (&true.into(), &5.into()));
    let removed = bench
        .sandbox()
        .run(&["runtime", "prune", "--yes", "--json"])
        .succeeds()
        .json();
    assert_eq!(removed["runtimes"], preview["runtimes"]);
    assert_eq!(removed["runtimes"][0]["version"], "0.0.9");
    assert_eq!(removed["kept"][0]["reason"], "it holds `thesis.txt`");
}
