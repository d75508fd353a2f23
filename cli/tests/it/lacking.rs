//! What a machine lacks for the runtime is said by the commands that come before it.

use crate::sandbox::Sandbox;

/// Before somebody waits for an installation that cannot succeed.
#[test]
fn what_the_runtime_will_need_is_said_early_and_not_to_programs() {
    let sandbox = Sandbox::new();
    let bare = || [("KTX_UV", String::new()), ("PATH", "/nowhere".to_owned())];
    for arguments in [
        &["status"][..],
        &["setup", "status"],
        &["setup", "demo", "--project-dir", "demo"],
        &["runtime", "status"],
    ] {
        let said = sandbox.run_with(arguments, bare()).succeeds().stderr();
        assert!(
            said.contains("warning: uv was not found"),
            "{arguments:?}: {said}"
        );
        assert!(said.contains("hint: install uv ("), "{arguments:?}: {said}");
        let ready = sandbox.run(arguments).succeeds().stderr();
        assert_eq!(ready, "", "{arguments:?}: nothing is missing");
        let json = [arguments, &["--json"]].concat();
        assert_eq!(
            sandbox.run_with(&json, bare()).succeeds().stderr(),
            "",
            "{json:?}"
        );
    }
    // uv and no Python.
    let uv = ktx_fixtures::payload::uv().expect("uv").display().to_string();
    let said = sandbox.run_with(
        &["status"],
        [
            ("KTX_UV", uv),
            ("PATH", "/nowhere".to_owned()),
            (
                "KTX_ASSET_DIR",
                ktx_fixtures::payload::assets().display().to_string(),
            ),
            ("UV_PYTHON_PREFERENCE", "only-system".to_owned()),
        ],
    );
    let said = said.succeeds().stderr();
    assert!(said.contains("warning: no Python >=3.11 was found"), "{said}");
    assert!(said.contains(" python install "), "{said}");
}
