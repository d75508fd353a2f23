//! A separate checkout, in which the built toolchain is run: the real `python/` and `npm/`, a version,
//! and a program with nothing but the right headers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use fs_err as fs;
use ktx_fixtures::sample_program;
use ktx_manifest::Platform;
use tempfile::TempDir;

use crate::program;

pub const VERSION: &str = "1.2.3-rc.4";
pub const WHEEL: &str = "dist/artifacts/python/kaelio_ktx-1.2.3rc4-py3-none-any.whl";
pub const TARBALL: &str = "dist/artifacts/npm/kaelio-ktx-1.2.3-rc.4.tgz";

/// Not this machine's, or the program would be asked for its version.
pub fn foreign() -> Platform {
    let candidates = [Platform::DarwinX64, Platform::Win32X64];
    candidates
        .into_iter()
        .find(|platform| Some(*platform) != Platform::host())
        .expect("one of two is another")
}

pub struct Checkout {
    folder: TempDir,
}

impl Checkout {
    pub fn new() -> Checkout {
        let checkout = Checkout {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        for folder in [
            "python/ktx_daemon",
            "python/semantic_layer",
            "python/locks",
            "npm/dist",
            "npm/assets",
        ] {
            copy(&repository().join(folder), &checkout.path(folder));
        }
        let files = [
            "LICENSE",
            "python/LICENSE",
            "python/README.md",
            "python/pyproject.toml",
            "npm/README.md",
            "npm/package.json",
            "release-policy.json",
            "xtask/tools/python.in",
            "xtask/tools/python.txt",
            "xtask/tools/uv.txt",
        ];
        for file in files {
            checkout.copy(file);
        }
        checkout.share_tools();
        checkout.write(
            "Cargo.toml",
            format!("[workspace.package]\nversion = \"{VERSION}\"\n"),
        );
        let platform = foreign();
        let program = format!("dist/bin/{platform}/{}", platform.program_file());
        checkout.write(&program, sample_program::program(platform.as_str(), VERSION));
        checkout
    }

    /// The tools of the repository, so that not every test installs its own.
    fn share_tools(&self) {
        #[cfg(unix)]
        {
            let tools = repository().join("target/tools");
            fs::create_dir_all(&tools).expect("a folder can be made");
            fs::create_dir_all(self.path("target")).expect("a folder can be made");
            fs_err::os::unix::fs::symlink(tools, self.path("target/tools")).expect("a link can be made");
        }
    }

    /// A file as the repository has it.
    pub fn copy(&self, file: &str) {
        let bytes = fs::read(repository().join(file)).expect("a file can be read");
        self.write(file, bytes);
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).expect("the file is there")
    }

    /// The toolchain, in this checkout, with its own environment.
    pub fn xtask(&self, arguments: &[&str]) -> Command {
        program::xtask(self.folder.path(), arguments)
    }

    /// The same, for a test that needs the running process.
    pub fn process(&self, arguments: &[&str]) -> std::process::Command {
        program::process(self.folder.path(), arguments)
    }

    /// Runs a command of the toolchain that must succeed.
    #[track_caller]
    pub fn build(&self, arguments: &[&str]) {
        let transcript = self.transcript(self.xtask(arguments));
        assert!(transcript.starts_with("exit 0\n"), "{transcript}");
    }

    /// Everything that is not ignored, as a commit.
    pub fn commit(&self) {
        if !self.path(".git").exists() {
            self.write(".gitignore", "/dist\n/target\n/.npm\n/.npmrc\n");
            self.git(&["init", "--quiet", "--initial-branch", "main"]);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "Release"]);
        if !self.git(&["remote"]).is_empty() {
            self.git(&["push", "--quiet", "origin", "main"]);
        }
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let mut command = std::process::Command::new("git");
        let person = [
            "-c",
            "user.name=Releaser",
            "-c",
            "user.email=releaser@example.com",
        ];
        command.args(person).args(arguments);
        let output = command
            .env_clear()
            .envs(self.environment())
            .current_dir(self.folder.path())
            .output()
            .expect("git runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout)
            .expect("git speaks UTF-8")
            .trim()
            .to_owned()
    }

    /// What a command in this checkout has for an environment.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        program::environment(self.folder.path())
    }

    /// Exit status, stdout and stderr as one text, without what differs between machines.
    #[track_caller]
    pub fn transcript(&self, mut command: Command) -> String {
        let output = command.output().expect("the program runs");
        program::transcript(&output).replace(&self.folder.path().display().to_string(), "[ROOT]")
    }

    /// The names in a folder, hidden ones too.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("readable")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

/// Waits for what another process does.
#[track_caller]
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "gave up after 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace is here")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        let to = to.join(entry.file_name());
        match entry.file_type().expect("it has a type").is_dir() {
            true if entry.file_name() == "__pycache__" => {}
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).expect("a file can be copied")),
        }
    }
}
