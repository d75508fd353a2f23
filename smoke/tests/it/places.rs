//! What the guardian does when the run that posted it is gone.

use std::time::Duration;

use ktx_smoke::{Family, Invocation, Sandbox, keep_watch};

use crate::stand::{machine, stand};

#[test]
#[cfg(target_os = "linux")]
fn the_guardian_ends_every_process_and_removes_the_folder() {
    let stand = stand();
    let run = stand.options.folder.join("run");
    fs_err::create_dir(&run).unwrap();
    let sandbox = Sandbox::create(&run.join("scenario"), &machine(&[])).unwrap();
    let script = "setsid sh -c 'sleep 600' & sleep 600";
    let running = sandbox
        .start(&Invocation::new("sh").args(["-c", script]))
        .unwrap();
    assert!(!Family::of(&run).members().is_empty());
    keep_watch(std::io::empty(), &run).unwrap();
    assert!(!run.exists());
    assert_eq!(Family::of(&run).gone_within(Duration::from_secs(60)), []);
    running.finish(Duration::from_secs(60), sandbox.family(), &|| false);
}

#[test]
fn a_guardian_that_finds_nothing_to_do_does_nothing() {
    let stand = stand();
    keep_watch(std::io::empty(), &stand.options.folder.join("gone")).unwrap();
    assert!(stand.options.folder.exists());
}

#[test]
fn a_read_only_folder_is_removed_all_the_same() {
    let stand = stand();
    let sandbox = Sandbox::create(&stand.options.folder.join("box"), &machine(&[])).unwrap();
    let script = "mkdir -p locked/inner && touch locked/inner/file && chmod 0500 locked/inner locked";
    sandbox
        .run(&Invocation::new("sh").args(["-c", script]), &|| false)
        .unwrap();
    sandbox.remove().unwrap();
    assert!(!sandbox.folders().root.exists());
}
