//! A sandbox with a root and assets of its own, and transcripts without what differs between runs.

use std::path::PathBuf;

use assert_cmd::cargo::cargo_bin_cmd;
use ktx_fixtures::sample_assets::SampleAssets;

use crate::sandbox::{Sandbox, Transcript, python};

/// Where commands of the group work in one test.
pub struct Bench {
    _stopper: Stopper,
    sandbox: Sandbox,
}

/// Stops the daemons below a root when the test ends, before the root goes.
struct Stopper(PathBuf);

impl Bench {
    /// With the sample payload, which installs in a moment and has no daemon.
    pub fn with_sample() -> Bench {
        let sandbox = python::installable(Sandbox::new()).expect("uv: run `cargo xtask test`");
        let assets = sandbox.root().join("assets");
        SampleAssets::default().write_to(&assets);
        Bench::of(sandbox.variable("KTX_ASSET_DIR", assets.display().to_string()))
    }

    /// With the real payload.
    pub fn with_payload() -> Bench {
        let sandbox = python::installable(Sandbox::new());
        Bench::of(sandbox.expect("the payload and uv: run `cargo xtask test`, or `cargo xtask build` first"))
    }

    fn of(sandbox: Sandbox) -> Bench {
        Bench {
            _stopper: Stopper(sandbox.root().join("runtime")),
            sandbox,
        }
    }

    #[must_use]
    pub fn variable(self, name: &str, value: &str) -> Bench {
        Bench {
            sandbox: self.sandbox.variable(name, value),
            ..self
        }
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Installs; for tests that are about something else.
    #[track_caller]
    pub fn install(&self) {
        let _: Transcript = self.sandbox.run(&["runtime", "install"]).succeeds();
    }

    pub fn root(&self) -> PathBuf {
        self.sandbox.root().join("runtime")
    }

    pub fn version_dir(&self) -> PathBuf {
        self.root().join(env!("CARGO_PKG_VERSION"))
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs_err::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs_err::write(path, text).expect("written");
    }

    /// The transcripts of commands, one after the other.
    pub fn transcript(&self, commands: &[&[&str]]) -> String {
        let run = |arguments: &&[&str]| self.redact(&self.sandbox.run(arguments).to_string());
        commands.iter().map(run).collect()
    }

    /// Numbers that differ between runs, and places that differ between machines.
    pub fn redact(&self, text: &str) -> String {
        let environment = self.sandbox.environment();
        let uv = environment.iter().find(|(name, _)| name == "KTX_UV");
        let uv = uv.and_then(|(_, uv)| uv.to_str()).expect("KTX_UV");
        let text = text
            .replace(&self.sandbox.root().display().to_string(), "[SANDBOX]")
            .replace(uv, "[UV]")
            .replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
        text.lines()
            .map(|line| match line.split_once(": ") {
                Some(("pid", _)) => "pid: [PID]\n".to_owned(),
                Some(("url", url)) => format!(
                    "url: {}[PORT]\n",
                    url.trim_end_matches(|c: char| c.is_ascii_digit())
                ),
                Some(("PASS uv", _)) => "PASS uv: [UV_VERSION]\n".to_owned(),
                Some(("     Python to install with", _)) => {
                    "     Python to install with: [PYTHON]\n".to_owned()
                }
                Some(("     Proxy and certificate settings", _)) => {
                    "     Proxy and certificate settings: [SETTINGS]\n".to_owned()
                }
                Some(("     Runtime root", rest)) => {
                    let (place, _) = rest.rsplit_once(", ").expect("free space");
                    format!("     Runtime root: {place}, [SPACE] free\n")
                }
                _ => format!("{line}\n"),
            })
            .collect()
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        let mut command = cargo_bin_cmd!("ktx");
        command.args(["runtime", "stop", "--all"]);
        let _ = command.env("KTX_RUNTIME_ROOT", &self.0).output();
    }
}
