//! The toolchain's own speed: wheel, tarball, verification, launcher, installation.

use std::process::Command;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::artifact_manifest::ArtifactKind;

use super::Comparison;
use super::measure::{Contestant, Taken, compare};
use crate::build::BuildArgs;
use crate::session::Session;
use crate::tools::{self, ToolSet};

/// Rounds for what takes milliseconds, and for what takes tenths of a second.
const MANY: usize = 31;
const SOME: usize = 7;

const PACKING: &str = "ratio at most 0.33, memory at most npm's";

/// The verifier reads the artifacts as they are and what is in them.
const SUM: &str = r#"find dist/package -type f -exec sha256sum {} + && sha256sum "$0" "$1""#;

pub fn measure(session: &Session<'_>) -> Result<Vec<Comparison>> {
    let root = session.root()?;
    let built = crate::build::build(&BuildArgs::default(), session)?;
    let (tarball, wheel) = (
        built.artifact(ArtifactKind::Tarball)?,
        built.artifact(ArtifactKind::Wheel)?,
    );
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let python = tools::provide(session, ToolSet::Python)?;
    let xtask = Utf8PathBuf::try_from(std::env::current_exe()?)?;
    let package = root.join("dist/package");
    let program = package.join(crate::build::host()?.program_path());

    let wheels = compare(
        &mut [
            Contestant::new("xtask build-wheel", || {
                Ok(command(&xtask, &["build-wheel", "--quiet"], root))
            }),
            Contestant::new("uv build --wheel (uv_build)", || {
                let out = scratch.join("wheel");
                let mut uv = command(
                    &python.program("uv"),
                    &["build", "--wheel", "--no-config", "--offline"],
                    root,
                );
                uv.args(["--no-build-isolation", "--python"])
                    .arg(python.program("python"));
                uv.arg("--out-dir").arg(out).arg("python");
                Ok(uv)
            }),
        ],
        SOME,
    )?;
    let packages = packers(&xtask, &package, scratch)?;
    let native = native_tree(&program, scratch)?;
    let natives = packers(&xtask, &native, scratch)?;
    let verify = compare(
        &mut [
            Contestant::new("xtask verify", || {
                Ok(command(&xtask, &["verify", "--quiet"], root))
            }),
            Contestant::new("sha256sum, packed and unpacked", || {
                let mut sum = command("sh".into(), &["-c", SUM], root);
                sum.args([&tarball, &wheel]);
                Ok(sum)
            }),
        ],
        SOME,
    )?;
    let launcher = package.join("dist/bin.js");
    let version = compare(
        &mut [
            Contestant::new("ktx --version", || Ok(command(&program, &["--version"], root))),
            Contestant::new("node -e 0", || Ok(node(&["-e", "0"]))),
            Contestant::new("node dist/bin.js --version", || {
                Ok(node(&[launcher.as_str(), "--version"]))
            }),
        ],
        MANY,
    )?;
    let mut round = 0;
    let install = compare(
        &mut [Contestant::new("npm install <tarball>", || {
            round += 1;
            let project = scratch.join(format!("project-{round}"));
            fs::create_dir_all(&project)?;
            fs::write(project.join("package.json"), "{}")?;
            let mut npm = command(
                tools::npm().into(),
                &["install", "--silent", "--no-audit", "--no-fund"],
                &project,
            );
            npm.arg(&tarball);
            Ok(npm)
        })],
        SOME,
    )?;
    let again = compare(
        &mut [Contestant::new("xtask build, nothing changed", || {
            Ok(command(&xtask, &["build", "--quiet"], root))
        })],
        3,
    )?;
    let sizes = sizes(&tarball, scratch)?;
    session.printer.talk(&sizes);
    Ok(vec![
        Comparison::new("wheel", "ratio at most 1", wheels)?,
        Comparison::new("package to tarball", PACKING, packages)?,
        Comparison::new("four programs to tarball", PACKING, natives)?,
        Comparison::new("verification", "ratio at most 2 over the same bytes", verify)?,
        Comparison::new("version", "native 5 ms; launcher 8 ms over node", version)?,
        Comparison::new("installation", "700 ms", install)?,
        Comparison::new("build again", "2000 ms", again)?,
    ])
}

/// The same tree, packed by us and by npm.
fn packers(xtask: &Utf8Path, tree: &Utf8Path, scratch: &Utf8Path) -> Result<Vec<Taken>> {
    let ours = scratch.join("ours.tgz");
    compare(
        &mut [
            Contestant::new("xtask pack", || {
                Ok(command(
                    xtask,
                    &["pack", "--quiet", tree.as_str(), ours.as_str()],
                    scratch,
                ))
            }),
            Contestant::new("npm pack", || {
                let mut npm = command(
                    tools::npm().into(),
                    &["pack", "--silent", "--pack-destination"],
                    tree,
                );
                npm.arg(scratch);
                Ok(npm)
            }),
        ],
        SOME,
    )
}

/// A package of nothing but native code, four times the program.
fn native_tree(program: &Utf8Path, scratch: &Utf8Path) -> Result<Utf8PathBuf> {
    let tree = scratch.join("native");
    fs::create_dir_all(&tree)?;
    fs::write(
        tree.join("package.json"),
        r#"{"name": "native", "version": "1.0.0"}"#,
    )?;
    for copy in 1..=4 {
        fs::copy(program, tree.join(format!("program-{copy}")))?;
    }
    Ok(tree)
}

/// Node without the variable that makes it read certificates at every start.
fn node(arguments: &[&str]) -> Command {
    let mut node = Command::new("node");
    node.args(arguments).env_remove("NODE_EXTRA_CA_CERTS");
    node
}

fn command(program: &Utf8Path, arguments: &[&str], folder: &Utf8Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("NODE_EXTRA_CA_CERTS");
    command
}

fn sizes(ours: &Utf8Path, packed: &Utf8Path) -> Result<String> {
    let name = ours.file_name().context("failed to name the tarball")?;
    let (ours, theirs) = (fs::metadata(ours)?.len(), fs::metadata(packed.join(name))?.len());
    Ok(format!(
        "tarball: {ours} bytes, npm's {theirs}: ratio {:.3} (goal: at most 1.02)",
        ours as f64 / theirs as f64
    ))
}
