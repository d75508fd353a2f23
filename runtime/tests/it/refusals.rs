//! Damaged assets: each is refused with its message before uv runs or anything is written, and its twin installs.

use ktx_fixtures::sample_assets::SampleAssets;
use ktx_fixtures::{damaged_manifests, damaged_wheels};
use ktx_runtime::{Error, StatusKind};

use crate::sandbox::fake_uv::{FakeUv, Misbehaviour};
use crate::sandbox::{Sandbox, core};

/// A sandbox whose assets are replaced for every row.
struct Bench {
    sandbox: Sandbox,
    uv: FakeUv,
}

impl Bench {
    fn new() -> Bench {
        let (sandbox, uv) = Sandbox::with_sample().with_fake_uv("nothing", Misbehaviour::Nothing);
        Bench { sandbox, uv }
    }

    /// What installing these assets fails with.
    fn install(&self, assets: &SampleAssets) -> Result<(), Error> {
        let _ = fs_err::remove_dir_all(self.sandbox.assets());
        assets.write_to(&self.sandbox.assets());
        self.sandbox
            .runtime()
            .install(&core(ktx_runtime::InstallMode::Always))
            .map(|_| ())
    }

    /// Why the row is not refused as it must be, if so.
    fn refusal(&self, assets: &SampleAssets, code: &str, message: &str) -> Option<String> {
        let calls = self.uv.calls().len();
        let outcome = self.install(assets);
        if self.uv.calls().len() != calls {
            return Some("uv ran".to_owned());
        }
        if self.sandbox.root().exists() {
            return Some("something was written".to_owned());
        }
        match outcome {
            Ok(()) => Some("was installed".to_owned()),
            Err(Error::Assets(error)) => {
                let mut codes: Vec<&str> = error
                    .findings()
                    .iter()
                    .map(|finding| finding.code.as_ref())
                    .collect();
                if codes.is_empty() {
                    codes.push(error.code());
                }
                let text = error.to_string();
                (codes != [code] || !text.contains(message))
                    .then(|| format!("expected {code} {message:?}, got {codes:?} {text}"))
            }
            Err(other) => Some(format!("expected {code}, got {other}")),
        }
    }
}

#[test]
fn every_damaged_manifest_is_refused_before_uv_runs() {
    let rows = damaged_manifests::all();
    assert!(rows.len() >= 60, "only {} damaged manifests", rows.len());
    let bench = Bench::new();
    let faults: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let fault = bench.refusal(&row.damaged(), row.code, row.message)?;
            Some(format!("{}: {fault}", row.name))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_damaged_wheel_is_refused_before_uv_runs() {
    let rows = damaged_wheels::all();
    assert!(rows.len() >= 60, "only {} damaged wheels", rows.len());
    let bench = Bench::new();
    let faults: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let fault = bench.refusal(&row.damaged_assets(), row.code, "")?;
            Some(format!("{}: {fault}", row.name))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The twins of the tables differ from the damaged ones in one place only; that the strict reader takes each of them is
/// tested beside it. Here the good sample, and one twin of each table, go the whole way.
#[test]
fn the_twins_install() {
    let bench = Bench::new();
    bench
        .install(&SampleAssets::default())
        .expect("the sample installs");
    bench.sandbox.assert_clean_and_ready();
    let with_own_twin = |twin: &SampleAssets| twin.wheel_name() == SampleAssets::default().wheel_name();
    let manifest = damaged_manifests::all()
        .into_iter()
        .map(|row| row.twin())
        .rfind(with_own_twin)
        .expect("a twin");
    bench
        .install(&manifest)
        .expect("the twin of a damaged manifest installs");
    bench.sandbox.assert_clean_and_ready();
    let wheels = damaged_wheels::all();
    for row in [wheels.first(), wheels.last()].into_iter().flatten() {
        bench
            .install(&row.twin_assets())
            .unwrap_or_else(|error| panic!("{}: {error}", row.name));
        bench.sandbox.assert_clean_and_ready();
    }
}

#[test]
fn damaged_assets_leave_a_ready_runtime_alone() {
    let bench = Bench::new();
    bench
        .install(&SampleAssets::default())
        .expect("the sample installs");
    let installed = bench.sandbox.runtime().status();
    let damaged = damaged_wheels::all()
        .into_iter()
        .next()
        .expect("a row")
        .damaged_assets();
    let error = bench.install(&damaged).expect_err("it is damaged");
    assert!(matches!(error, Error::Assets(_)), "{error}");
    bench.sandbox.assert_imports();
    let _ = fs_err::remove_dir_all(bench.sandbox.assets());
    SampleAssets::default().write_to(&bench.sandbox.assets());
    assert_eq!(bench.sandbox.runtime().status(), installed);
    assert_eq!(installed.kind, StatusKind::Ready);
}
