//! Faults while a daemon starts: none is left that is not recorded, and the next plain start gives exactly one.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use ktx_runtime::{
    DaemonStatusKind, Event, Interrupt, Observer, Signal, StartMode, StartOutcome, StatusKind, Step,
    TimeLimits,
};

use crate::sandbox::{Sandbox, child, eventually, processes, start};

/// Only for what never comes: a busy machine does not change that.
const SHORT: Duration = Duration::from_millis(1500);
/// For what has to come within it before the rest of it is waited for.
const MODERATE: Duration = Duration::from_secs(6);
/// For what ends by itself.
const LONG: Duration = Duration::from_secs(60);

const STEPS: [(&str, Step); 3] = [
    ("spawn", Step::SpawnDaemon),
    ("await-report", Step::AwaitReport),
    ("await-health", Step::AwaitHealth),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    KillKtx,
    CtrlC,
    /// The daemon, when there is one, is ended by somebody else.
    KillDaemon,
    /// The daemon, when there is one, does nothing any more.
    FreezeDaemon,
}

const FAULTS: [Fault; 4] = [
    Fault::KillKtx,
    Fault::CtrlC,
    Fault::KillDaemon,
    Fault::FreezeDaemon,
];

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
        let signal_daemons = |signal| {
            processes::daemons_under(&self.root)
                .iter()
                .for_each(|daemon| processes::kill(daemon.pid, signal));
        };
        match self.fault {
            Fault::KillKtx => processes::kill(std::process::id(), "KILL"),
            Fault::CtrlC => self.interrupt.raise(Signal::Interrupt),
            Fault::KillDaemon => signal_daemons("KILL"),
            Fault::FreezeDaemon => signal_daemons("STOP"),
        }
    }
}

/// A file of the installed `ktx_daemon`.
pub fn module_path(sandbox: &Sandbox, file: &str) -> PathBuf {
    let lib = sandbox.version_dir().join(".venv/lib");
    let python = fs_err::read_dir(lib)
        .expect("lib")
        .next()
        .expect("a Python")
        .expect("an entry")
        .path();
    python.join("site-packages/ktx_daemon").join(file)
}

/// Replaces a module, and takes its digest out of the RECORD: what is only damaged is repaired before a start.
pub fn replace_module(sandbox: &Sandbox, file: &str, code: &[u8]) {
    let module = module_path(sandbox, file);
    fs_err::write(&module, code).expect("written");
    let site_packages = module.parent().and_then(Path::parent).expect("site-packages");
    for entry in fs_err::read_dir(site_packages).expect("site-packages") {
        let record = entry.expect("an entry").path().join("RECORD");
        let Ok(text) = fs_err::read_to_string(&record) else {
            continue;
        };
        let name = format!("ktx_daemon/{file}");
        let rows = text
            .lines()
            .map(|row| match row.starts_with(&format!("{name},")) {
                true => format!("{name},,\n"),
                false => format!("{row}\n"),
            });
        fs_err::write(&record, rows.collect::<String>()).expect("written");
    }
}

/// Without a fault in the environment it is the twin that passes.
#[test]
fn a_start_with_a_fault() {
    let Some((step, fault)) = child::assigned() else {
        let sandbox = Sandbox::with_installed_payload();
        let report = sandbox
            .runtime()
            .start(&start(StartMode::Reuse))
            .expect("it starts");
        assert_eq!(report.outcome, StartOutcome::Started);
        return;
    };
    let (_, step) = STEPS.into_iter().find(|(name, _)| *name == step).expect("a step");
    let fault = FAULTS
        .into_iter()
        .find(|known| format!("{known:?}") == fault)
        .expect("a fault");
    let interrupt = Interrupt::new();
    let runtime = child::runtime(&interrupt);
    let root = runtime.layout().runtime_root.clone();
    let limits = TimeLimits {
        start: MODERATE,
        ..TimeLimits::default()
    };
    let runtime = runtime.limited_by(limits).observed_by(Interference {
        step,
        fault,
        root,
        interrupt,
    });
    runtime.start(&start(StartMode::Reuse)).expect("the fault");
}

fn faulty(sandbox: &Sandbox, step: &str, fault: Fault) -> ExitStatus {
    let test = "daemon_faults::a_start_with_a_fault";
    child::with_fault(sandbox, test, step, &format!("{fault:?}"))
        .output()
        .expect("it runs")
        .status
}

#[test]
fn whatever_happens_while_it_starts_one_start_later_exactly_one_runs() {
    let sandbox = Sandbox::with_installed_payload();
    for (name, step) in STEPS {
        for fault in FAULTS {
            let case = format!("{fault:?} at {name}");
            let before_there_is_one =
                step == Step::SpawnDaemon && !matches!(fault, Fault::KillKtx | Fault::CtrlC);
            let status = faulty(&sandbox, name, fault);
            assert_eq!(status.success(), before_there_is_one, "{case}: {status}");

            let left = processes::daemons_under(sandbox.path());
            if fault == Fault::KillKtx {
                // What was spawned is recorded: stopping finds it.
                assert!(left.len() <= 1, "{case}: {left:?}");
                if let [daemon] = left.as_slice() {
                    let state = sandbox
                        .runtime()
                        .daemon_status()
                        .state
                        .unwrap_or_else(|| panic!("{case}: unrecorded"));
                    assert_eq!(state.pid.0, daemon.pid, "{case}");
                }
            } else if !before_there_is_one {
                assert_eq!(left, [], "{case}");
            }
            assert_eq!(sandbox.runtime().status().kind, StatusKind::Ready, "{case}");

            let report = sandbox
                .runtime()
                .start(&start(StartMode::Reuse))
                .unwrap_or_else(|error| panic!("{case}: {error}"));
            eventually(&case, || processes::daemons_under(sandbox.path()).len() == 1);
            assert_eq!(
                processes::daemons_under(sandbox.path())[0].pid,
                report.state.pid.0,
                "{case}"
            );
            assert_eq!(
                sandbox.runtime().daemon_status().kind,
                DaemonStatusKind::Running,
                "{case}"
            );
            sandbox.runtime().stop().expect(&case);
            assert_eq!(processes::daemons_under(sandbox.path()), [], "{case}");
        }
    }
}

/// What the daemon itself may do wrong: each is an error that names its log, and no process is left.
#[test]
fn a_daemon_that_fails_is_named_and_gone() {
    let sandbox = Sandbox::with_installed_payload();
    let module = module_path(&sandbox, "serve.py");
    let good = fs_err::read(&module).expect("the module");
    let cases = [
        (
            "ends at once",
            LONG,
            "raise SystemExit('the port is taken')",
            "the process ended with exit code 1: the port is taken",
        ),
        (
            "never reports",
            SHORT,
            "import time\ndef serve(options): time.sleep(600)",
            "it did not report where it listens",
        ),
        (
            "reports a port where nobody is",
            MODERATE,
            "import json, os, time\n\
             def serve(options):\n    text = json.dumps(dict(schemaVersion=1, pid=os.getpid(), host='127.0.0.1', port=1, instance=options.instance))\n    \
             temporary = str(options.ready_file) + '.tmp'\n    open(temporary, 'w').write(text)\n    os.rename(temporary, options.ready_file)\n    time.sleep(600)",
            "refused",
        ),
        (
            "reports garbage",
            SHORT,
            "import time\ndef serve(options):\n    open(options.ready_file, 'w').write('ready')\n    time.sleep(600)",
            "it did not report where it listens",
        ),
    ];
    for (name, start_limit, code, detail) in cases {
        replace_module(&sandbox, "serve.py", code.as_bytes());
        let limits = TimeLimits {
            start: start_limit,
            ..TimeLimits::default()
        };
        let error = sandbox
            .runtime()
            .limited_by(limits)
            .start(&start(StartMode::Reuse))
            .expect_err(name);
        let text = error.to_string();
        assert!(
            text.starts_with("KTX Python daemon failed to start: "),
            "{name}: {text}"
        );
        assert!(text.contains(detail), "{name}: {text}");
        let log = sandbox.version_dir().join("daemon.stderr.log");
        assert!(
            text.ends_with(&format!(". stderr: {}", log.display())),
            "{name}: {text}"
        );
        assert_eq!(processes::daemons_under(sandbox.path()), [], "{name}");
        assert!(!sandbox.version_dir().join("daemon.json").exists(), "{name}");
    }
    replace_module(&sandbox, "serve.py", &good);
    sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
}

#[test]
fn a_full_disk_leaves_no_process() {
    let sandbox = Sandbox::with_payload();
    let Some(_mounted) = ktx_fixtures::small_disk::mount(&sandbox.root(), 64 << 20) else {
        return;
    };
    sandbox.install();
    let filler = sandbox.root().join("filler");
    let mut file = fs_err::File::create(&filler).expect("a file");
    while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    drop(file);
    let error = sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect_err("the disk is full");
    assert!(error.to_string().to_lowercase().contains("space"), "{error}");
    assert_eq!(processes::daemons_under(sandbox.path()), []);
    fs_err::remove_file(&filler).expect("removed");
    sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("there is space again");
    sandbox.runtime().stop().expect("it stops");
}
