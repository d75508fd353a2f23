//! The toolchain's own speed: wheel, tarball, verification, launcher, installation.

use std::process::Command;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::artifact_manifest::ArtifactKind;
use ktx_release::package::PackageContents;
use ktx_release::{Interrupt, tarball};

use super::SpeedComparison;
use super::measure::{Contestant, compare};
use crate::build::BuildArgs;
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Rounds for what takes milliseconds, and for what takes tenths of a second.
const MANY: usize = 31;
const SOME: usize = 7;

pub fn measure(session: &Session<'_>) -> Result<Vec<SpeedComparison>> {
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let bench = Bench::new(session, scratch)?;
    Ok(vec![
        bench.wheel()?,
        bench.packing("package to tarball", &bench.package)?,
        bench.packing("four programs to tarball", &native_tree(&bench.program, scratch)?)?,
        bench.verification()?,
        bench.version()?,
        bench.installation()?,
        bench.build_again()?,
    ])
}

/// What is measured, built and in its place.
struct Bench<'a> {
    session: &'a Session<'a>,
    root: &'a Utf8Path,
    scratch: &'a Utf8Path,
    xtask: Utf8PathBuf,
    package: Utf8PathBuf,
    program: Utf8PathBuf,
    tarball: Utf8PathBuf,
    wheel: Utf8PathBuf,
}

impl<'a> Bench<'a> {
    fn new(session: &'a Session<'a>, scratch: &'a Utf8Path) -> Result<Self> {
        let built = crate::build::build(&BuildArgs::for_release(), session)?;
        let package = session.dist()?.join("package");
        Ok(Bench {
            session,
            root: session.root()?,
            scratch,
            xtask: Utf8PathBuf::try_from(std::env::current_exe()?)?,
            program: package.join(crate::build::host()?.program_path()),
            package,
            tarball: built.artifact(ArtifactKind::Tarball)?,
            wheel: built.artifact(ArtifactKind::Wheel)?,
        })
    }

    fn wheel(&self) -> Result<SpeedComparison> {
        let python = tools::provide(self.session, ToolSet::Python)?;
        let taken = compare(
            &mut [
                Contestant::new("xtask build-wheel", || {
                    Ok(command(&self.xtask, &["build-wheel", "--quiet"], self.root))
                }),
                Contestant::new("uv build --wheel (uv_build)", || {
                    let arguments = ["build", "--wheel", "--no-config", "--offline"];
                    let mut uv = command(&python.program("uv"), &arguments, self.root);
                    uv.args(["--no-build-isolation", "--python"])
                        .arg(python.program("python"));
                    uv.arg("--out-dir").arg(self.scratch.join("wheel")).arg("python");
                    Ok(uv)
                }),
            ],
            SOME,
        )?;
        SpeedComparison::new("wheel", "ratio at most 1", taken)
    }

    /// The same tree, packed by us and by npm.
    fn packing(&self, what: &'static str, tree: &Utf8Path) -> Result<SpeedComparison> {
        let (ours, theirs) = (self.scratch.join("ours.tgz"), self.scratch.join("theirs"));
        fs::create_dir_all(&theirs)?;
        let taken = compare(
            &mut [
                Contestant::new("xtask pack", || {
                    let arguments = ["pack", "--quiet", tree.as_str(), ours.as_str()];
                    Ok(command(&self.xtask, &arguments, self.scratch))
                }),
                Contestant::new("npm pack", || {
                    let arguments = ["pack", "--silent", "--pack-destination", theirs.as_str()];
                    Ok(command(tools::npm().into(), &arguments, tree))
                }),
            ],
            SOME,
        )?;
        let packed = fs::read_dir(&theirs)?
            .next()
            .context("failed to find npm's tarball")??;
        let (ours, theirs) = (fs::metadata(&ours)?.len(), packed.metadata()?.len());
        fs::remove_file(packed.path())?;
        self.session.printer.talk(&format!(
            "{what}: {ours} bytes, npm's {theirs}: ratio {:.3} (goal: at most 1.02)",
            ours as f64 / theirs as f64
        ));
        SpeedComparison::new(what, "ratio at most 0.33, memory at most npm's", taken)
    }

    /// The verifier reads the artifacts as they are and what is in them.
    fn verification(&self) -> Result<SpeedComparison> {
        let sum = |script: &str| {
            let mut sum = command("sh".into(), &["-c", script], self.root);
            sum.args([&self.tarball, &self.wheel]);
            Ok(sum)
        };
        let taken = compare(
            &mut [
                Contestant::new("xtask verify", || {
                    Ok(command(&self.xtask, &["verify", "--quiet"], self.root))
                }),
                Contestant::new("sha256sum, packed and unpacked", || {
                    sum(r#"find dist/package -type f -exec sha256sum {} + && sha256sum "$0" "$1""#)
                }),
                Contestant::new("sha256sum, packed alone", || sum(r#"sha256sum "$0" "$1""#)),
            ],
            SOME,
        )?;
        SpeedComparison::new(
            "verification",
            "ratio at most 2 over the bytes that it reads",
            taken,
        )
    }

    fn version(&self) -> Result<SpeedComparison> {
        let launcher = self.package.join("dist/bin.js");
        let taken = compare(
            &mut [
                Contestant::new("ktx --version", || {
                    Ok(command(&self.program, &["--version"], self.root))
                }),
                Contestant::new("node -e 0", || {
                    Ok(command("node".into(), &["-e", "0"], self.root))
                }),
                Contestant::new("node dist/bin.js --version", || {
                    Ok(command(
                        "node".into(),
                        &[launcher.as_str(), "--version"],
                        self.root,
                    ))
                }),
            ],
            MANY,
        )?;
        SpeedComparison::new("version", "native 5 ms; launcher 8 ms over node", taken)
    }

    fn installation(&self) -> Result<SpeedComparison> {
        let empty = self.scratch.join("empty.tgz");
        let tree = tree(self.scratch, "empty")?;
        let tree = PackageContents::read(tree.as_std_path())?;
        tarball::pack(&tree, empty.as_std_path(), &Interrupt::new())?;
        let (mut ours, mut floor) = (0, 0);
        let taken = compare(
            &mut [
                Contestant::new("npm install <tarball>", || {
                    ours += 1;
                    self.install(&self.tarball, &format!("ours-{ours}"))
                }),
                Contestant::new("npm install, an empty package", || {
                    floor += 1;
                    self.install(&empty, &format!("floor-{floor}"))
                }),
            ],
            SOME,
        )?;
        SpeedComparison::new("installation", "700 ms", taken)
    }

    /// npm, about to install a tarball in a new project.
    fn install(&self, tarball: &Utf8Path, project: &str) -> Result<Command> {
        let project = self.scratch.join(project);
        fs::create_dir_all(&project)?;
        fs::write(project.join("package.json"), "{}")?;
        let arguments = ["install", "--silent", "--no-audit", "--no-fund", tarball.as_str()];
        Ok(command(tools::npm().into(), &arguments, &project))
    }

    fn build_again(&self) -> Result<SpeedComparison> {
        let build = || {
            Ok(command(
                &self.xtask,
                &["build", "--release", "--quiet"],
                self.root,
            ))
        };
        let taken = compare(&mut [Contestant::new("xtask build, nothing changed", build)], 3)?;
        SpeedComparison::new("build again", "2000 ms", taken)
    }
}

/// A package of nothing but native code, four times the program.
fn native_tree(program: &Utf8Path, scratch: &Utf8Path) -> Result<Utf8PathBuf> {
    let tree = tree(scratch, "native")?;
    for copy in 1..=4 {
        fs::copy(program, tree.join(format!("program-{copy}")))?;
    }
    Ok(tree)
}

/// A package of that name with nothing in it yet.
fn tree(scratch: &Utf8Path, name: &str) -> Result<Utf8PathBuf> {
    let tree = scratch.join(name);
    fs::create_dir_all(&tree)?;
    let text = format!(r#"{{"name": "{name}", "version": "1.0.0"}}"#);
    fs::write(tree.join("package.json"), text)?;
    Ok(tree)
}

/// Without the variable that makes Node read certificates at every start.
fn command(program: &Utf8Path, arguments: &[&str], folder: &Utf8Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("NODE_EXTRA_CA_CERTS");
    command
}
