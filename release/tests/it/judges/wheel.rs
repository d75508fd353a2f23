//! Judges of the wheel.

use fs_err as fs;
use ktx_manifest::Sha256Digest;
use ktx_release::version::python_version;
use walkdir::WalkDir;

use super::tools::{accepted, empty, python_tool, rejected};
use super::{VERSION, built, root};

#[test]
fn twine_accepts_its_metadata() {
    let (_guard, folder) = empty();
    accepted(
        python_tool("twine")
            .args(["check", "--strict"])
            .arg(&built().wheel),
        &folder,
    );
}

#[test]
fn check_wheel_contents_accepts_its_files() {
    let (_guard, folder) = empty();
    let toplevel = ["--toplevel", "ktx_daemon,semantic_layer"];
    accepted(
        python_tool("check-wheel-contents")
            .args(toplevel)
            .arg(&built().wheel),
        &folder,
    );
    let other = ["--toplevel", "ktx_daemon"];
    rejected(
        python_tool("check-wheel-contents")
            .args(other)
            .arg(&built().wheel),
        &folder,
    );
}

#[test]
fn python_reads_the_archive() {
    let (_guard, folder) = empty();
    let test = accepted(
        python_tool("python")
            .args(["-m", "zipfile", "-t"])
            .arg(&built().wheel),
        &folder,
    );
    assert_eq!(test.trim(), "Done testing");
}

#[test]
fn pip_installs_it() {
    let (_guard, folder) = empty();
    let pip = [
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--target",
        "site",
    ];
    accepted(python_tool("python").args(pip).arg(&built().wheel), &folder);
    let import = "import ktx_daemon, semantic_layer, importlib.metadata as m; print(m.version('kaelio-ktx'))";
    let mut python = python_tool("python");
    let said = accepted(
        python.args(["-c", &format!("import sys; sys.path.insert(0, 'site'); {import}")]),
        &folder,
    );
    let version = python_version(&VERSION.parse().expect("a SemVer version")).expect("a mappable version");
    assert_eq!(said.trim(), version.to_string());
    let console_script = folder.join("site/bin/ktx-daemon");
    assert!(console_script.exists(), "the console script is installed");
}

#[test]
fn uv_installs_it_by_its_hash_alone() {
    let (_guard, folder) = empty();
    let wheel = &built().wheel;
    let digest = Sha256Digest::of_file(wheel)
        .expect("the wheel is there")
        .sha256
        .to_string();
    let install = |digest: &str| {
        let line = format!("kaelio-ktx @ file://{} --hash=sha256:{digest}\n", wheel.display());
        fs::write(folder.join("requirements.txt"), line).expect("it can be written");
        let mut uv = python_tool("uv");
        uv.args([
            "pip",
            "install",
            "--offline",
            "--no-deps",
            "--require-hashes",
            "--target",
            "site",
        ]);
        uv.args(["--python"])
            .arg(root().join("target/tools/python/bin/python"));
        uv.args(["-r", "requirements.txt"]);
        uv
    };
    rejected(&mut install(&"0".repeat(64)), &folder);
    accepted(&mut install(&digest), &folder);
    assert!(folder.join("site/ktx_daemon/__init__.py").exists());
}

/// Prints what two wheels hold in a form that can be compared: files, parsed METADATA, parsed entry points. The bill of
/// materials is this toolchain's own addition.
const DESCRIBE: &str = r#"
import configparser, email.parser, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    names = sorted(name for name in wheel.namelist() if not name.endswith("/") and "/sboms/" not in name)
    info = next(name for name in names if name.endswith(".dist-info/METADATA")).rsplit("/", 1)[0]
    metadata = email.parser.BytesParser().parsebytes(wheel.read(f"{info}/METADATA"))
    points = configparser.ConfigParser(delimiters=("=",))
    points.optionxform = str
    points.read_string(wheel.read(f"{info}/entry_points.txt").decode())
    same = [name for name in names if not name.startswith(info)]
    print(json.dumps({
        "names": names,
        "metadata": sorted(metadata.items()),
        "description": metadata.get_payload(),
        "points": {group: dict(points[group]) for group in points.sections()},
        "contents": {name: wheel.read(name).hex() for name in same},
    }, sort_keys=True))
"#;

#[test]
fn it_holds_what_uv_would_build_from_the_stamped_tree() {
    let (_guard, folder) = empty();
    let source = folder.join("stamped");
    for entry in WalkDir::new(root().join("python"))
        .into_iter()
        .filter_entry(|entry| !is_left_behind(entry))
    {
        let entry = entry.expect("the payload can be read");
        let to = source.join(
            entry
                .path()
                .strip_prefix(root().join("python"))
                .expect("it is below"),
        );
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).expect("a folder can be made");
        } else {
            fs::copy(entry.path(), to).expect("a file can be copied");
        }
    }
    let pyproject = source.join("pyproject.toml");
    let text = fs::read_to_string(&pyproject).expect("it is text");
    let version = python_version(&VERSION.parse().expect("a SemVer version")).expect("a mappable version");
    let stamped = text.replace("version = \"0.0.0\"", &format!("version = \"{version}\""));
    fs::write(&pyproject, stamped).expect("it can be written");
    accepted(
        python_tool("uv").args(["build", "--wheel", "--offline", "--out-dir", "out", "stamped"]),
        &folder,
    );
    let theirs = folder
        .join("out")
        .join(built().wheel.file_name().expect("it has a name"));
    let describe =
        |wheel: &std::path::Path| accepted(python_tool("python").args(["-c", DESCRIBE]).arg(wheel), &folder);
    assert_eq!(describe(&built().wheel), describe(&theirs));
}

/// What tools leave in a work tree.
fn is_left_behind(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() > 0 && (name.starts_with('.') || name == "__pycache__" || name == "dist")
}
