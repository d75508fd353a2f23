//! Next steps name the runner and the tag that `ktx` was called with.

use crate::sandbox::Sandbox;
use crate::setup::MINIMAL;

#[test]
fn next_steps_call_ktx_as_it_was_called() {
    const NPM: (&str, &str) = (
        "npm_config_user_agent",
        "npm/11.19.1 node/v20.20.2 linux x64 workspaces/false",
    );
    const PNPM: (&str, &str) = (
        "npm_config_user_agent",
        "pnpm/10.34.9 npm/? node/v20.20.2 linux x64",
    );
    const YARN: (&str, &str) = (
        "npm_config_user_agent",
        "yarn/4.18.1 npm/? node/v20.20.2 linux x64",
    );
    const BUN: (&str, &str) = ("npm_config_user_agent", "bun/1.4.5 npm/? node/v26.3.0 linux x64");
    const DENO: (&str, &str) = (
        "npm_config_user_agent",
        "deno/2.9.6 npm/? deno/2.9.6 linux x86_64",
    );
    const EXEC: (&str, &str) = ("npm_command", "exec");
    const BUNX: (&str, &str) = ("npm_lifecycle_event", "bunx");
    let npx = "cache/_npx/8a272a65eb48ef9e";
    let pnpm_dlx = "cache/pnpm/dlx/463ed71f/1a21d5fdbf1-3862";
    let yarn_dlx = "xfs-33b8e60f/dlx-14588";
    let any = r#"{"_npx": {"packages": ["@kaelio/ktx"]}, "dependencies": {"@kaelio/ktx": "^0.1.0"}}"#;
    let next = r#"{"_npx": {"packages": ["@kaelio/ktx@next"]}, "dependencies": {"@kaelio/ktx": "next"}}"#;
    // What pnpm notes for any request: the version that it found.
    let stable = r#"{"dependencies": {"@kaelio/ktx": "0.1.0"}}"#;
    let candidate = r#"{"dependencies": {"@kaelio/ktx": "0.1.0-rc.0"}}"#;
    for (variables, project, manifest, program) in [
        (&[NPM, EXEC][..], "project", any, "npx @kaelio/ktx"),
        (&[NPM, EXEC], npx, any, "npx @kaelio/ktx"),
        (&[NPM, EXEC], npx, next, "npx @kaelio/ktx@next"),
        (&[NPM, EXEC], npx, "{", "npx @kaelio/ktx"),
        (&[NPM, ("npm_command", "run")], "project", any, "ktx"),
        (&[PNPM], pnpm_dlx, any, "pnpm dlx @kaelio/ktx"),
        (&[PNPM], pnpm_dlx, next, "pnpm dlx @kaelio/ktx@next"),
        (&[PNPM], pnpm_dlx, stable, "pnpm dlx @kaelio/ktx"),
        (&[PNPM], pnpm_dlx, candidate, "pnpm dlx @kaelio/ktx@0.1.0-rc.0"),
        (&[PNPM, EXEC], "project", any, "pnpm exec ktx"),
        (&[PNPM], "project", any, "ktx"),
        (
            &[BUN, BUNX, ("npm_lifecycle_script", "@kaelio/ktx")],
            "bunx",
            any,
            "bunx @kaelio/ktx",
        ),
        (
            &[BUN, BUNX, ("npm_lifecycle_script", "@kaelio/ktx@next")],
            "bunx",
            any,
            "bunx @kaelio/ktx@next",
        ),
        (&[BUN], "project", any, "ktx"),
        (&[YARN], yarn_dlx, any, "yarn dlx -q @kaelio/ktx"),
        (&[YARN], yarn_dlx, next, "yarn dlx -q @kaelio/ktx@next"),
        (&[YARN], "project", any, "ktx"),
        (&[DENO], "project", any, "ktx"),
        (&[], "project", any, "ktx"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.write(&format!("{project}/package.json"), manifest);
        let root = sandbox.project().join(project).join("node_modules/@kaelio/ktx");
        sandbox = sandbox.variable("KTX_PACKAGE_ROOT", root.to_str().expect("a name in UTF-8"));
        for (name, value) in variables {
            sandbox = sandbox.variable(name, *value);
        }
        let said = sandbox.run(MINIMAL).succeeds().to_string();
        assert!(said.contains(&format!("\n  {program} setup demo")), "{said}");
    }
}

#[test]
fn next_steps_of_a_run_from_the_cache_of_deno_name_deno() {
    let sandbox = Sandbox::new()
        .variable(
            "KTX_PACKAGE_ROOT",
            "/cache/deno/npm/registry.example/@kaelio/ktx/0.1.0",
        )
        .variable(
            "npm_config_user_agent",
            "deno/2.9.6 npm/? deno/2.9.6 linux x86_64",
        );
    let said = sandbox.run(MINIMAL).succeeds().to_string();
    assert!(
        said.contains("\n  deno run --allow-all npm:@kaelio/ktx setup demo"),
        "{said}"
    );
}
