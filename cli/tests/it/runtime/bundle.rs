//! `ktx runtime bundle`, and installing from one on a machine without uv and without a network.

use super::bench::Bench;
use crate::sandbox::bundle::BundleBench;

/// Sizes and digests are those of a script with this machine's paths in it.
fn redacted(bench: &Bench, inputs: &BundleBench, text: &str) -> String {
    let text = bench.redact(text).replace(inputs.python(), "[PYTHON]");
    let lines = text.lines().map(|line| match line.split_once(": ") {
        Some((key @ ("size" | "sha256"), _)) => format!("{key}: […]\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn a_bundle_is_made_verified_and_installed_from() {
    let bench = Bench::with_sample();
    let inputs = BundleBench::in_folder(&bench.sandbox().root().join("package"));
    let mut transcript = inputs.create(bench.sandbox(), "runtime.bundle").to_string();
    let here = |variable: &'static str, value: String| (variable, value);
    let path = inputs_path();
    let alone = || {
        [
            here("KTX_ASSET_DIR", inputs.assets()),
            here("KTX_UV", String::new()),
            here("PATH", path.clone()),
            here("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple".to_owned()),
            here(
                "UV_CACHE_DIR",
                bench.sandbox().root().join("empty").display().to_string(),
            ),
        ]
    };
    for arguments in [
        &["runtime", "bundle", "verify", "runtime.bundle"][..],
        &["runtime", "install", "--from", "runtime.bundle", "--json"],
        &["runtime", "status"],
        &["runtime", "install", "--from", "runtime.bundle"],
        &["runtime", "install", "--from", "ktx.yaml", "--force"],
        &[
            "runtime",
            "install",
            "--from",
            "runtime.bundle",
            "--feature",
            "local-embeddings",
        ],
    ] {
        bench.sandbox().write("ktx.yaml", "project: shop\n");
        transcript += &bench.sandbox().run_with(arguments, alone()).to_string();
    }
    let platform = format!("{}: 2 wheels", host());
    let transcript = redacted(&bench, &inputs, &transcript).replace(&platform, "[PLATFORM]: 2 wheels");
    insta::assert_snapshot!(transcript);
}

#[test]
fn wrong_usage_says_what_is_right() {
    let bench = Bench::with_sample();
    let transcript = bench.transcript(&[
        &["runtime", "bundle", "create"],
        &[
            "runtime",
            "bundle",
            "create",
            "--output",
            "b",
            "--platform",
            "plan9-x64",
        ],
        &[
            "runtime", "bundle", "create", "--output", "b", "--python", "three",
        ],
        &["runtime", "bundle", "verify", "nothing.bundle"],
        &["runtime", "bundle", "create", "--output", "b"],
    ]);
    insta::assert_snapshot!(transcript);
}

fn host() -> String {
    ktx_runtime::Platform::host().expect("a platform").to_string()
}

/// Pythons without uv beside them.
fn inputs_path() -> String {
    let path = std::env::var_os("PATH").expect("a search path");
    let folders = std::env::split_paths(&path).filter(|folder| !folder.join("uv").exists());
    std::env::join_paths(folders)
        .expect("a search path")
        .to_string_lossy()
        .into_owned()
}
