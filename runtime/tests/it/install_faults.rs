//! Faults at every step of an installation over a ready runtime: it stays ready, and the next plain run succeeds.
//!
//! A fault that ends the installing process needs a process to end: this test program runs itself, for the one test
//! [`an_installation_with_a_fault`], with the fault in its environment.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use ktx_runtime::{
    Event, ExchangeMethod, InstallMode, Interrupt, Observer, Signal, StatusKind, Step, TimeLimits,
};

use crate::sandbox::fake_uv::{FakeUv, Misbehaviour};
use crate::sandbox::{Sandbox, VERSION, child, core, eventually, processes};

/// What happens at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The process is gone from one moment to the next.
    KillKtx,
    /// Ctrl-C as the step begins.
    CtrlC,
    /// What the step needs is taken away.
    Sabotage,
}

const STEPS: [(&str, Step); 8] = [
    ("find-uv", Step::FindUv),
    ("create-environment", Step::CreateEnvironment),
    ("install-requirements", Step::InstallRequirements),
    ("prove", Step::Prove),
    ("write-manifest", Step::WriteManifest),
    ("exchange", Step::Exchange),
    ("exchange-half-done", Step::ExchangeHalfDone),
    ("clean-up", Step::CleanUp),
];

/// Interferes when its step begins.
struct Interference {
    step: Step,
    fault: Fault,
    root: PathBuf,
    interrupt: Interrupt,
}

impl Observer for Interference {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Step(step) if *step == self.step => {}
            _ => return,
        }
        match self.fault {
            Fault::KillKtx => processes::kill(std::process::id(), "KILL"),
            Fault::CtrlC => self.interrupt.raise(Signal::Interrupt),
            Fault::Sabotage => sabotage(&self.root, self.step),
        }
    }
}

fn sabotage(root: &Path, step: Step) {
    let staged = fs_err::read_dir(root)
        .expect("the root")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(".staging-"))
        });
    match (step, staged) {
        (Step::FindUv | Step::CleanUp, _) | (_, None) => {}
        (Step::WriteManifest, Some(staged)) => {
            fs_err::create_dir(staged.join("manifest.json")).expect("a directory")
        }
        (_, Some(staged)) => fs_err::remove_dir_all(staged).expect("removed"),
    }
}

/// Not a test by itself alone: without a fault in the environment it is the twin that passes.
#[test]
fn an_installation_with_a_fault() {
    let Some((step, fault)) = child::assigned() else {
        let sandbox = Sandbox::with_sample();
        sandbox.install();
        for method in [ExchangeMethod::WhereSupported, ExchangeMethod::TwoRenames] {
            sandbox
                .runtime()
                .exchanging_by(method)
                .install(&core(InstallMode::Always))
                .expect("it installs");
            sandbox.assert_clean_and_ready();
        }
        return;
    };
    let (_, step) = STEPS.into_iter().find(|(name, _)| *name == step).expect("a step");
    let fault = [Fault::KillKtx, Fault::CtrlC, Fault::Sabotage]
        .into_iter()
        .find(|known| format!("{known:?}") == fault)
        .expect("a fault");
    let interrupt = Interrupt::new();
    let runtime = child::runtime(&interrupt);
    let root = runtime.layout().runtime_root.clone();
    let method = match step {
        Step::ExchangeHalfDone => ExchangeMethod::TwoRenames,
        _ => ExchangeMethod::WhereSupported,
    };
    let runtime = runtime.exchanging_by(method).observed_by(Interference {
        step,
        fault,
        root,
        interrupt,
    });
    runtime.install(&core(InstallMode::Always)).expect("the fault");
}

/// Runs an installation with a fault in a separate process.
fn faulty(sandbox: &Sandbox, step: &str, fault: Fault) -> ExitStatus {
    let test = "install_faults::an_installation_with_a_fault";
    child::with_fault(sandbox, test, step, &format!("{fault:?}"))
        .output()
        .expect("it runs")
        .status
}

/// What must be so after any fault, and after the next plain run.
#[track_caller]
fn assert_survived(sandbox: &Sandbox, case: &str) {
    let runtime = sandbox.runtime();
    // Where directories cannot be exchanged in one step the next command puts the old one back.
    let status = runtime
        .ensure(
            ktx_runtime::Feature::Core,
            ktx_runtime::InstallPolicy::Never,
            &crate::ensure::Silent,
        )
        .unwrap_or_else(|error| panic!("{case}: not ready any more: {error}"));
    assert_eq!(status.kind, StatusKind::Ready, "{case}");
    sandbox.assert_imports();
    eventually("what ran below the root has ended", || {
        processes::under(&sandbox.root()).is_empty()
    });
    runtime
        .install(&core(InstallMode::Always))
        .unwrap_or_else(|error| panic!("{case}: the next run: {error}"));
    assert_eq!(sandbox.root_entries(), [".locks", VERSION], "{case}");
    sandbox.assert_imports();
}

#[test]
fn whenever_ktx_is_killed_the_runtime_stays_ready() {
    survives_at_every_step(Fault::KillKtx, |_| false);
}

#[test]
fn whenever_ctrl_c_is_pressed_the_runtime_stays_ready() {
    // Once the new runtime is in place, an interruption changes nothing any more.
    survives_at_every_step(Fault::CtrlC, |step| step == Step::CleanUp);
}

#[test]
fn whatever_a_step_misses_the_runtime_stays_ready() {
    survives_at_every_step(Fault::Sabotage, |step| {
        matches!(step, Step::FindUv | Step::CleanUp)
    });
}

/// The fault at each step, each in its own sandbox; `harmless` are the steps at which the installation succeeds.
#[track_caller]
fn survives_at_every_step(fault: Fault, harmless: impl Fn(Step) -> bool) {
    for (name, step) in STEPS {
        let sandbox = Sandbox::with_sample();
        sandbox.install();
        let case = format!("{fault:?} at {name}");
        let status = faulty(&sandbox, name, fault);
        assert_eq!(status.success(), harmless(step), "{case}: {status}");
        assert_survived(&sandbox, &case);
    }
}

#[test]
fn a_first_installation_that_is_killed_leaves_nothing_that_disturbs() {
    for (name, step) in STEPS {
        let sandbox = Sandbox::with_sample();
        let status = faulty(&sandbox, name, Fault::KillKtx);
        assert!(!status.success(), "{name}");
        let kind = sandbox.runtime().status().kind;
        let expected = if step == Step::CleanUp {
            StatusKind::Ready
        } else {
            StatusKind::Missing
        };
        assert_eq!(kind, expected, "{name}: never ready on part of it");
        sandbox.install();
        if step != Step::CleanUp {
            sandbox.assert_clean_and_ready();
        }
    }
}

/// Between the exchange and the removal of the old directory only that directory records the running daemon.
#[test]
fn the_daemon_of_a_runtime_that_was_replaced_by_a_killed_ktx_is_found_and_stopped() {
    let sandbox = Sandbox::with_installed_payload();
    sandbox
        .runtime()
        .start(&crate::sandbox::start(ktx_runtime::StartMode::Reuse))
        .expect("it starts");
    let status = faulty(&sandbox, "clean-up", Fault::KillKtx);
    assert!(!status.success());
    assert_eq!(
        sandbox.runtime().status().kind,
        StatusKind::Ready,
        "the new runtime"
    );
    assert_eq!(
        processes::daemons_under(sandbox.path()).len(),
        1,
        "the old daemon"
    );
    sandbox
        .runtime()
        .install(&core(InstallMode::Always))
        .expect("the next run");
    assert_eq!(processes::daemons_under(sandbox.path()), []);
    sandbox.assert_clean_and_ready();
}

/// The words of uv's command lines that tell its steps apart.
const UV_STEPS: [&str; 4] = ["--version", "venv", "--require-hashes", "--no-deps"];

#[test]
fn whatever_uv_does_the_runtime_stays_ready() {
    for at in UV_STEPS {
        for misbehaviour in [Misbehaviour::Fails, Misbehaviour::IsKilled, Misbehaviour::Hangs] {
            let sandbox = Sandbox::with_sample();
            sandbox.install();
            let case = format!("uv {misbehaviour:?} at {at}");
            let fake = FakeUv::write(sandbox.path(), at, misbehaviour);
            let environment = sandbox.environment();
            let variables = environment
                .variables()
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let with_fake = variables.chain([("KTX_UV".into(), fake.path.clone().into_os_string())]);
            let environment = ktx_runtime::Environment::of_variables(with_fake);
            let limits = TimeLimits {
                silence: Duration::from_millis(600),
                ..TimeLimits::default()
            };
            let runtime = ktx_runtime::Runtime::new(environment, VERSION, Interrupt::new()).expect("a root");
            let error = runtime
                .limited_by(limits)
                .install(&core(InstallMode::Always))
                .expect_err(&case);
            if at != "--version" {
                assert!(error.to_string().contains("Install log: "), "{case}: {error}");
            }
            assert_survived(&sandbox, &case);
        }
    }
}

/// Ctrl-C in the middle of what uv does, not between its commands: uv and its children end too.
#[test]
fn ctrl_c_in_the_middle_of_uv_ends_it_and_cleans_up() {
    for at in UV_STEPS {
        let (sandbox, fake) = Sandbox::with_sample().with_fake_uv(at, Misbehaviour::HangsWithChild);
        let interrupt = Interrupt::new();
        let runtime = sandbox.runtime_under(interrupt.clone());
        let error = std::thread::scope(|scope| {
            let installing = scope.spawn(|| runtime.install(&core(InstallMode::IfNeeded)));
            eventually("uv hangs", || fake.calls().iter().any(|call| call.contains(at)));
            interrupt.raise(Signal::Interrupt);
            installing
                .join()
                .expect("no panic")
                .expect_err("it was interrupted")
        });
        assert_eq!(
            error.interrupted().map(|interrupted| interrupted.0),
            Some(Signal::Interrupt),
            "{at}: {error}"
        );
        assert_eq!(processes::under(sandbox.path()), [], "{at}");
        if sandbox.root().exists() {
            assert!(
                !sandbox
                    .root_entries()
                    .iter()
                    .any(|name| name.starts_with('.') && name != ".locks"),
                "{at}"
            );
        }
    }
}

/// uv is killed with its parent, so that it does not write into what the next command sweeps.
#[test]
fn uv_does_not_outlive_a_killed_ktx() {
    let (sandbox, fake) = Sandbox::with_sample().with_fake_uv("--require-hashes", Misbehaviour::Hangs);
    let test = "install_faults::an_installation_with_a_fault";
    let mut child = child::with_fault(&sandbox, test, "clean-up", "CtrlC")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it runs");
    eventually("uv hangs", || {
        fake.calls().iter().any(|call| call.contains("--require-hashes"))
    });
    let hanging = || processes::children_of(child.id());
    eventually("uv is its child", || !hanging().is_empty());
    let uv = hanging();
    processes::kill(child.id(), "KILL");
    child.wait().expect("it ends");
    eventually("uv ends with it", || {
        uv.iter()
            .all(|pid| !Path::new("/proc").join(pid.to_string()).exists())
    });
}

/// On a file system that is full, at the step that fills it.
#[test]
fn a_full_disk_is_an_error_and_the_runtime_stays_ready() {
    let sandbox = Sandbox::with_sample();
    let Some(_mounted) = ktx_fixtures::small_disk::mount(&sandbox.root(), 2 << 20) else {
        return;
    };
    sandbox.install();
    let filler = sandbox.root().join("filler");
    let free = ktx_free(&sandbox.root());
    // At each size it runs out of space somewhere else.
    for left in [0_u64, 16 << 10, 32 << 10, 64 << 10] {
        fs_err::write(
            &filler,
            vec![0_u8; usize::try_from(free.saturating_sub(left)).expect("small")],
        )
        .expect("filled");
        let error = sandbox
            .runtime()
            .install(&core(InstallMode::Always))
            .expect_err("the disk is full");
        assert!(
            error.to_string().to_lowercase().contains("space"),
            "{left} bytes left: {error}"
        );
        assert_eq!(
            sandbox.runtime().status().kind,
            StatusKind::Ready,
            "{left} bytes left"
        );
        sandbox.assert_imports();
        fs_err::remove_file(&filler).expect("removed");
        sandbox
            .runtime()
            .install(&core(InstallMode::Always))
            .expect("there is space again");
    }
    sandbox.assert_clean_and_ready();
}

fn ktx_free(path: &Path) -> u64 {
    let output = Command::new("df")
        .args(["--output=avail", "-B1"])
        .arg(path)
        .output()
        .expect("df runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .last()
        .and_then(|line| line.trim().parse().ok())
        .expect("a number")
}
