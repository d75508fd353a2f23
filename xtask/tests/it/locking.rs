//! `cargo xtask lock` with the real uv and pip, on an index that the test fills: what is taken up, and what is found.

use fs_err as fs;
use jiff::{SignedDuration, Timestamp};
use ktx_fixtures::package_index::{PackageIndex, Upload};
use ktx_manifest::LockFile;
use ktx_release::lock::text;
use ktx_release::pyproject::Project;

use crate::checkout::Checkout;
use crate::tidy;

const CORE: &str = "python/locks/core.txt";
const LOCKS: [&str; 5] = [
    CORE,
    "python/locks/local-embeddings.txt",
    "python/locks/duckdb.txt",
    "python/locks/mysql.txt",
    "python/locks/clickhouse.txt",
];
const OLD: &str = "2020-01-01T00:00:00Z";

struct Locking {
    checkout: Checkout,
    index: PackageIndex,
}

impl Locking {
    /// An index with lkml 1.4.0 of long ago and 1.5.0 of the day before yesterday, and a payload that needs it.
    fn new() -> Self {
        let recently = (Timestamp::now() - SignedDuration::from_hours(48)).to_string();
        let upload = |name, version, platform, time| Upload {
            name,
            version,
            platform,
            time,
        };
        let mut uploads = vec![
            upload("lkml", "1.4.0", "any", OLD),
            upload("lkml", "1.5.0", "any", &recently),
            upload("torch", "2.2.0", "any", OLD),
            upload("pytest", "8.4.0", "any", OLD),
            upload("duckdb", "2.0.0", "any", OLD),
            upload("idna", "3.10", "any", OLD),
            upload("lz4", "4.4.5", "any", OLD),
        ];
        let pin = tidy::text("npm/assets/uv.json");
        let pin: serde_json::Value = serde_json::from_str(&pin).expect("the pin is JSON");
        let version = pin["version"].as_str().expect("it has a version");
        for wheel in pin["wheels"].as_object().expect("it has wheels").values() {
            let file = wheel["file"].as_str().expect("a wheel has a name");
            let tag = file.trim_end_matches(".whl").rsplit('-').next().expect("a tag");
            // A compressed tag set names several platforms, and each of them is the file's.
            uploads.push(upload("uv", version, tag, OLD));
        }
        let checkout = Checkout::new();
        for file in ["xtask/tools/python.in", "xtask/tools/python.txt"] {
            checkout.write(file, tidy::text(file));
        }
        let pyproject = tidy::text("python/pyproject.toml");
        let mut pyproject: toml_edit::DocumentMut = pyproject.parse().expect("it is TOML");
        let list = |names: &[&str]| toml_edit::value(names.iter().copied().collect::<toml_edit::Array>());
        pyproject["project"]["dependencies"] = list(&["lkml>=1.3.7,<2"]);
        let extras = &mut pyproject["project"]["optional-dependencies"];
        extras["local-embeddings"] = list(&["torch>=2.2,<3"]);
        extras["duckdb"] = list(&["duckdb>=2"]);
        extras["mysql"] = list(&["idna>=3"]);
        extras["clickhouse"] = list(&["lz4>=4"]);
        pyproject["dependency-groups"]["dev"] = list(&["pytest>=8.4"]);
        checkout.write("python/pyproject.toml", pyproject.to_string());
        for lock in LOCKS {
            fs::remove_file(checkout.path(lock)).expect("the lock is removed");
        }
        Self {
            checkout,
            index: PackageIndex::start(&uploads),
        }
    }

    fn lock(&self, arguments: &[&str]) -> String {
        let mut command = self.checkout.xtask(&[&["lock"], arguments].concat());
        command
            .env("UV_DEFAULT_INDEX", self.index.url())
            .env("PIP_INDEX_URL", self.index.url())
            .env("PIP_NO_CACHE_DIR", "1")
            .env("UV_CACHE_DIR", self.checkout.path("target/uv-cache"));
        self.checkout.transcript(command)
    }

    #[track_caller]
    fn pins(&self, expected: &str, arguments: &[&str]) {
        let transcript = self.lock(arguments);
        assert!(transcript.starts_with("exit 0\n"), "{transcript}");
        for lock in LOCKS {
            let lock = self.text(lock);
            assert!(lock.contains(&format!("\nlkml=={expected} \\\n")), "{lock}");
        }
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.checkout.read(path)).expect("it is text")
    }

    /// The core lock with other pins, and the header that they need to be accepted.
    fn forge(&self, change: impl Fn(&str) -> String) {
        let old = self.text(CORE);
        let old = LockFile::read(&old).expect("it holds");
        let project = Project::read(&self.checkout.path("python")).expect("the project is whole");
        self.checkout
            .write(CORE, text(&project, old.uploaded_before, &change(old.pins)));
    }
}

#[test]
fn releases_of_this_week_are_left_out_until_somebody_takes_them() {
    let locking = Locking::new();
    locking.pins("1.4.0", &[]);
    let before = LOCKS.map(|lock| locking.text(lock));
    locking.pins("1.4.0", &[]);
    assert_eq!(
        LOCKS.map(|lock| locking.text(lock)),
        before,
        "locking again changes nothing"
    );
    locking.pins("1.4.0", &["--upgrade"]);
    locking.pins("1.4.0", &["--min-age", "0d"]);
    locking.pins("1.5.0", &["--upgrade", "--min-age", "36h"]);
    locking.pins("1.5.0", &["--upgrade"]);
}

#[test]
fn a_lock_that_no_resolver_would_write_is_found_by_resolving_again() {
    let locking = Locking::new();
    locking.pins("1.4.0", &[]);
    let good = locking.text(CORE);
    let hash = format!("--hash=sha256:{}", "0".repeat(64));
    let digits = good.split("sha256:").last().expect("a hash")[..8].to_owned();
    let forgeries: [&dyn Fn(&str) -> String; 4] = [
        &|pins| format!("{pins}evil==1.0 \\\n    {hash}\n"),
        &|pins| pins.replace(&digits, "00000000"),
        &|pins| pins.replace("1.4.0", "1.5.0"),
        &|pins| format!("{pins}    {hash}\n").replacen("\n    --hash", " \\\n    --hash", 2),
    ];
    for (at, forgery) in forgeries.into_iter().enumerate() {
        locking.checkout.write(CORE, &good);
        let twin = locking.lock(&["--check", "--resolve"]);
        assert!(twin.starts_with("exit 0\n"), "{twin}");
        locking.forge(forgery);
        assert_ne!(locking.text(CORE), good, "{at}");
        let found = locking.lock(&["--check", "--resolve"]);
        assert!(found.contains("error[lock-"), "{at}: {found}");
    }
}

#[test]
fn a_file_beside_the_locks_is_found() {
    let locking = Locking::new();
    locking.pins("1.4.0", &[]);
    locking.checkout.write("python/locks/extra.txt", "evil==1.0\n");
    insta::assert_snapshot!(locking.lock(&["--check"]), @"
    exit 4
    --- stdout
    --- stderr
    error[lock-stray]: failed to use `python/locks/extra.txt`: it is not the lock of a feature
      hint: remove it
    error: failed to use the locks of the payload
    hint: run: cargo xtask lock
    ");
}
