//! What prune removes, and everything it must never touch.

use std::path::Path;

use ktx_runtime::{InstallMode, Interrupt, PrunePlan, Runtime, StartMode};

use crate::sandbox::{Sandbox, VERSION, core, eventually, processes, start};

const FIRST_RELEASE: &str = include_str!("installed_manifest_of_the_first_release.json");

fn write(path: impl AsRef<Path>, content: &str) {
    let path = path.as_ref();
    fs_err::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs_err::write(path, content).expect("written");
}

fn names(plan: &PrunePlan) -> (Vec<&str>, Vec<String>) {
    let stale = plan.stale.iter().map(|stale| stale.version.as_str()).collect();
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    (
        stale,
        plan.foreign
            .iter()
            .map(|kept| format!("{}: {}", name(&kept.path), kept.reason))
            .collect(),
    )
}

#[test]
fn only_what_is_proven_ours_is_removed() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    let root = sandbox.root();
    write(root.join("0.4.0/manifest.json"), FIRST_RELEASE);
    write(root.join("0.4.0/.venv/pyvenv.cfg"), "home = /usr\n");
    write(root.join("0.0.9/.ktx-runtime"), "");
    write(root.join("0.0.9/some file"), "0123456789");
    fs_err::create_dir(root.join("0.0.8")).expect("a directory");
    write(root.join("0.0.7/.venv/x"), "");
    write(root.join("0.0.7/install.log"), "");
    // Not ours, or not directories, or not versions.
    write(root.join("1.0.0/thesis.txt"), "years of work");
    write(root.join("1.0.1"), "a file");
    write(root.join("uv/0.5.0/uv"), "");
    write(root.join("uv/0.5.0/notes.txt"), "why this version");
    write(root.join("uv/0.5.1/uv/main.rs"), "");
    fs_err::create_dir(root.join("uv/0.5.2")).expect("a directory");
    write(root.join("Documents/letter"), "");
    let outside = sandbox.path().join("outside");
    write(outside.join(".ktx-runtime"), "");
    write(outside.join("precious"), "");
    std::os::unix::fs::symlink(&outside, root.join("1.0.2")).expect("a link");
    // A link inside of what is removed leads to what is kept.
    std::os::unix::fs::symlink(&outside, root.join("0.4.0/link")).expect("a link");

    let runtime = sandbox.runtime();
    let plan = runtime.plan_prune();
    assert_eq!(
        names(&plan),
        (
            vec!["0.0.7", "0.0.8", "0.0.9", "0.4.0"],
            vec!["1.0.0: it holds `thesis.txt`".to_owned()]
        )
    );
    assert_eq!(plan.stale[2].bytes, 10);
    assert!(root.join("0.4.0").exists(), "a plan removes nothing");

    let report = runtime.prune(plan).expect("no signal");
    assert_eq!(report.failed, []);
    assert_eq!(report.removed.len(), 4);
    assert_eq!(
        sandbox.root_entries(),
        [".locks", VERSION, "1.0.0", "1.0.1", "1.0.2", "Documents", "uv"]
    );
    assert!(outside.join("precious").exists());
    sandbox.assert_imports();
    assert_eq!(runtime.plan_prune().stale, []);
}

#[test]
fn at_home_and_at_the_top_of_the_file_system_nothing_foreign_is_stale() {
    let sandbox = Sandbox::with_sample();
    let home = sandbox.path().join("home");
    write(home.join("1.0.0/src/main.rs"), "");
    write(home.join("2.0.0/.git/config"), "");
    write(home.join(".ssh/id"), "");
    for root in [home.as_path(), Path::new("/")] {
        let sandbox_variables = Sandbox::with_sample().set("KTX_RUNTIME_ROOT", root);
        let plan = sandbox_variables.runtime().plan_prune();
        assert_eq!(plan.stale, [], "{}", root.display());
    }
}

#[test]
fn a_link_in_the_place_of_the_root_or_of_a_version_deletes_nothing_foreign() {
    let sandbox = Sandbox::with_sample();
    let real = sandbox.path().join("real");
    write(real.join("0.0.9/.ktx-runtime"), "");
    write(real.join("1.0.0/thesis.txt"), "years of work");
    let link = sandbox.path().join("link");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    let sandbox = sandbox.set("KTX_RUNTIME_ROOT", &link);
    let runtime = sandbox.runtime();
    let plan = runtime.plan_prune();
    assert_eq!(names(&plan).0, ["0.0.9"]);
    // Between planning and removing the directory becomes a link to something precious.
    fs_err::remove_dir_all(real.join("0.0.9")).expect("removed");
    std::os::unix::fs::symlink(real.join("1.0.0"), real.join("0.0.9")).expect("a link");
    let report = runtime.prune(plan).expect("no signal");
    assert_eq!(report.removed, []);
    assert!(
        report.failed[0].reason.contains("it is a link"),
        "{:?}",
        report.failed
    );
    assert!(real.join("1.0.0/thesis.txt").exists());
}

#[test]
fn a_version_that_is_in_use_stays_and_does_not_keep_the_others() {
    let sandbox = Sandbox::with_sample();
    let root = sandbox.root();
    for version in ["0.0.7", "0.0.8", "0.0.9"] {
        write(root.join(version).join(".ktx-runtime"), "");
    }
    let other = Runtime::new(sandbox.environment(), "0.0.8", Interrupt::new()).expect("a root");
    let in_use = other.use_runtime().expect("the lock");
    let runtime = sandbox.runtime();
    let report = runtime.prune(runtime.plan_prune()).expect("no signal");
    let removed: Vec<&str> = report
        .removed
        .iter()
        .map(|stale| stale.version.as_str())
        .collect();
    assert_eq!(removed, ["0.0.7", "0.0.9"]);
    assert!(
        report.failed[0]
            .reason
            .contains(&format!("process {}", std::process::id())),
        "{:?}",
        report.failed
    );
    drop(in_use);
    assert_eq!(
        runtime
            .prune(runtime.plan_prune())
            .expect("no signal")
            .removed
            .len(),
        1
    );
}

#[test]
fn the_daemon_of_a_stale_version_is_stopped_first() {
    let sandbox = Sandbox::with_installed_payload();
    sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
    let daemon = processes::daemons_under(sandbox.path());
    assert_eq!(daemon.len(), 1);
    let newer = Runtime::new(sandbox.environment(), "0.2.0", Interrupt::new()).expect("a root");
    let report = newer.prune(newer.plan_prune()).expect("no signal");
    assert_eq!(report.failed, []);
    assert_eq!(report.removed.len(), 1);
    assert_eq!(processes::daemons_under(sandbox.path()), []);
    assert!(!sandbox.version_dir().exists());
}

#[test]
fn what_interrupted_commands_of_other_versions_left_is_swept() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    let root = sandbox.root();
    write(root.join(".staging-0.0.9-0123456789abcdef/.ktx-runtime"), "");
    write(root.join(".removing-0.0.8-0123456789abcdef/.ktx-runtime"), "");
    write(
        root.join(".staging-0.0.7-0123456789abcdef/thesis.txt"),
        "years of work",
    );
    write(root.join(".staging-0.0.6-0123456789abcdef/.ktx-runtime"), "");
    // A version that is being installed right now.
    let other = Runtime::new(sandbox.environment(), "0.0.6", Interrupt::new()).expect("a root");
    let in_use = other.use_runtime().expect("the lock");
    let runtime = sandbox.runtime();
    runtime.prune(runtime.plan_prune()).expect("no signal");
    drop(in_use);
    assert_eq!(
        sandbox.root_entries(),
        [
            ".locks",
            ".staging-0.0.6-0123456789abcdef",
            ".staging-0.0.7-0123456789abcdef",
            VERSION
        ]
    );
}

#[test]
fn pruning_while_installing_waits_or_leaves_it_alone() {
    let sandbox = Sandbox::with_sample();
    let installing = sandbox.runtime();
    let newer = Runtime::new(sandbox.environment(), "0.2.0", Interrupt::new()).expect("a root");
    let installed = std::thread::scope(|scope| {
        let install = scope.spawn(|| installing.install(&core(InstallMode::IfNeeded)));
        eventually("the installation begins", || {
            sandbox.root().join(".locks").exists()
        });
        while !install.is_finished() {
            let report = newer.prune(newer.plan_prune()).expect("no signal");
            // Removing it right after it was installed is what prune is for.
            assert!(report.removed.is_empty() || install.is_finished() || !sandbox.version_dir().exists());
        }
        install.join().expect("no panic")
    });
    installed.expect("the installation was not disturbed");
    sandbox.install();
    sandbox.assert_clean_and_ready();
}
