//! What `release-policy.json` says about uv is what the program does.

use ktx_policy::release_policy::{self, MissingUvBehavior, UvStrategy};

use super::bench::Bench;

#[test]
fn the_policy_on_uv_is_what_the_program_does() {
    let policy = release_policy::read(include_str!("../../../../release-policy.json"));
    let installer = policy.expect("the policy reads").runtime_installer;

    // `bootstrapUv` false and `missingUvBehavior` focused-error: without uv there is one error that says what to do, and
    // nothing appears that was not there.
    assert!(!installer.bootstrap_uv);
    assert_eq!(installer.missing_uv_behavior, MissingUvBehavior::FocusedError);
    let bench = Bench::with_sample();
    let empty = bench.sandbox().root().join("empty");
    fs_err::create_dir(&empty).expect("a folder");
    let path = empty.display().to_string();
    let bench = bench.variable("KTX_UV", "").variable("PATH", &path);
    let refused = bench.sandbox().run(&["runtime", "install", "--yes"]);
    assert_eq!(refused.output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&refused.output.stderr)
            .trim_end()
            .lines()
            .count(),
        2
    );
    assert!(
        refused
            .stderr()
            .contains("KTX does not download uv automatically")
    );
    assert!(!bench.version_dir().exists());

    // `uvStrategy` pinned-on-consent: `--yes` alone downloads nothing, the flag that does is named, and the uv on `PATH` is
    // asked first.
    assert_eq!(installer.uv_strategy, UvStrategy::PinnedOnConsent);
    assert!(refused.stderr().contains("ktx runtime install --yes --with-uv"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let uv = empty.join("uv");
        let script = format!("#!/bin/sh\necho asked >> '{path}/asked'\nexit 9\n");
        fs_err::write(&uv, script).expect("written");
        fs_err::set_permissions(&uv, std::fs::Permissions::from_mode(0o755)).expect("made executable");
        let asked = bench.sandbox().run(&["runtime", "install", "--yes"]);
        assert_ne!(asked.output.status.code(), Some(0));
        assert!(empty.join("asked").exists(), "the uv on PATH was run");
    }
}
