//! Many at once: the work is done once, and what one uses another does not take away.

use std::sync::Barrier;
use std::time::Duration;

use ktx_runtime::{Error, Event, InstallMode, InstallOutcome, Observer, StartMode, StartOutcome, TimeLimits};

use crate::sandbox::fake_uv::Misbehaviour;
use crate::sandbox::{Sandbox, VERSION, core, eventually, processes, start};

const MANY: usize = 16;

/// The outcomes of doing the same thing at the same time.
fn at_once<T: Send>(action: impl Fn() -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(MANY);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..MANY)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    action()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    })
}

#[test]
fn sixteen_installations_run_uv_once() {
    let (sandbox, uv) = Sandbox::with_sample().with_fake_uv("nothing", Misbehaviour::Nothing);
    // Locks belong to opened files, so threads compete for them as processes do.
    let outcomes = at_once(|| {
        sandbox
            .runtime()
            .install(&core(InstallMode::IfNeeded))
            .expect("it installs")
            .outcome
    });
    let installed = outcomes
        .iter()
        .filter(|outcome| **outcome == InstallOutcome::Installed)
        .count();
    assert_eq!(installed, 1);
    assert_eq!(uv.installations(), 1);
    sandbox.assert_clean_and_ready();
}

#[test]
fn sixteen_starts_give_one_daemon_and_fifteen_reuses() {
    let sandbox = Sandbox::with_installed_payload();
    let reports = at_once(|| {
        sandbox
            .runtime()
            .start(&start(StartMode::Reuse))
            .expect("it starts")
    });
    let started = reports
        .iter()
        .filter(|report| report.outcome == StartOutcome::Started)
        .count();
    assert_eq!(started, 1);
    assert!(reports.iter().all(|report| report.state == reports[0].state));
    assert_eq!(processes::daemons_under(sandbox.path()).len(), 1);
}

#[derive(Clone, Default)]
struct Waits(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Observer for Waits {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Waiting { holder, .. } = event {
            self.0.lock().expect("the list").push((*holder).to_owned());
        }
    }
}

#[test]
fn an_installation_waits_for_a_command_that_runs_says_for_whom_and_has_an_end() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    let in_use = sandbox.runtime().use_runtime().expect("the lock");
    let waits = Waits::default();
    let limits = TimeLimits {
        lock: Duration::from_millis(1500),
        ..TimeLimits::default()
    };
    let runtime = sandbox.runtime().limited_by(limits).observed_by(waits.clone());
    let error = runtime
        .install(&core(InstallMode::Always))
        .expect_err("it is in use");
    let holder = format!("process {}", std::process::id());
    assert!(
        matches!(&error, Error::LockTimeout { holder: named, .. } if *named == holder),
        "{error}"
    );
    assert_eq!(*waits.0.lock().expect("the list"), [holder]);
    sandbox.assert_clean_and_ready();

    // Two can use it at the same time, and then it is free.
    let also = sandbox
        .runtime()
        .limited_by(limits)
        .use_runtime()
        .expect("shared");
    drop((in_use, also));
    runtime.install(&core(InstallMode::Always)).expect("it installs");
    sandbox.assert_clean_and_ready();
}

#[test]
fn a_command_that_waits_for_a_lock_ends_on_a_signal() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    let in_use = sandbox.runtime().use_runtime().expect("the lock");
    let interrupt = ktx_runtime::Interrupt::new();
    let runtime = sandbox.runtime_under(interrupt.clone());
    let error = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| runtime.install(&core(InstallMode::Always)));
        interrupt.raise(ktx_runtime::Signal::Terminate);
        waiting.join().expect("no panic").expect_err("it was interrupted")
    });
    assert_eq!(
        error.interrupted().map(|interrupted| interrupted.0),
        Some(ktx_runtime::Signal::Terminate)
    );
    drop(in_use);
}

#[test]
fn a_one_shot_keeps_its_runtime_until_it_is_done() {
    let sandbox = Sandbox::with_installed_payload();
    let module = crate::daemon_faults::module_path(&sandbox, "one_shot.py");
    let mark = sandbox.path().join("running");
    let text = format!(
        "import pathlib, time\ndef run_one_shot(endpoint, stdin, stdout, stderr):\n    pathlib.Path({:?}).touch()\n    time.sleep(1)\n    from ktx_daemon import errors\n    stdout.write(b'{{\"done\": true}}')\n    return 0\n",
        mark.display().to_string()
    );
    fs_err::write(module, text).expect("written");
    let (answer, installed) = std::thread::scope(|scope| {
        let request = scope.spawn(|| {
            let runtime = sandbox.runtime();
            let policy = ktx_runtime::InstallPolicy::Never;
            runtime.one_shot(
                "semantic-validate",
                &serde_json::json!({}),
                policy,
                &crate::ensure::Silent,
            )
        });
        eventually("the one-shot runs", || mark.exists());
        let installed = sandbox.runtime().install(&core(InstallMode::Always));
        assert!(request.is_finished(), "the installation did not wait");
        (request.join().expect("no panic"), installed)
    });
    assert_eq!(
        answer.expect("an answer").get("done"),
        Some(&serde_json::Value::Bool(true))
    );
    installed.expect("it installs afterwards");
    sandbox.assert_clean_and_ready();
    assert_eq!(sandbox.root_entries(), [".locks", VERSION]);
}
