//! What can be wrong with the program's behaviour, simulated by a script in its place.

use super::{Artifact, Catcher, Sabotage};

/// A sabotage of one behaviour: `when` is a pattern on the arguments, `action` is what runs instead.
macro_rules! misbehaves {
    ($name:literal, when $when:literal, $action:literal, caught_by $scenario:literal, $code:literal) => {
        Sabotage {
            name: $name,
            apply: |artifact| misbehave(artifact, $when, $action),
            caught_by: Catcher::Scenario($scenario, $code),
        }
    };
}

pub const ALL: &[Sabotage] = &[
    misbehaves!("program-of-another-version", when "--version", "echo '@kaelio/ktx 9.9.9'; exit 0",
        caught_by "npm-local", "npx-version.stdout"),
    misbehaves!("program-forgives-everything", when "no-such-command", "exit 0",
        caught_by "npm-local", "bin-unknown-command.exit"),
    misbehaves!("program-leaves-a-process", when "no-such-command", "sleep 600 >/dev/null 2>&1 </dev/null & exit 2",
        caught_by "npm-local", "left.process"),
    misbehaves!("program-leaves-a-process-on-its-output", when "--version", "sleep 600 & \"$real\" \"$@\"; exit $?",
        caught_by "npm-local", "npx-version.exit"),
    misbehaves!("program-leaves-a-file", when "no-such-command", "echo x > \"$TMPDIR/ktx-left\"; exit 2",
        caught_by "npm-local", "left.file"),
    misbehaves!("program-writes-to-the-users-home", when "no-such-command",
        "user=\"${HOME%/home}-user\"; mkdir -p \"$user/.config/pnpm\"; exit 2",
        caught_by "npm-local", "touched"),
    misbehaves!("program-dies", when "--version", "kill -SEGV $$",
        caught_by "npm-local", "npx-version.exit"),
    misbehaves!("program-loses-the-last-flush", when "--version", "\"$real\" \"$@\" 2>/dev/null; exit 0",
        caught_by "npm-local", "full-disk.exit"),
    // Its parent is a shell that passes every signal on, and does not notice that the launcher was killed.
    misbehaves!("server-outlives-its-launcher", when "serve*",
        "exec 3<&0; \"$real\" \"$@\" <&3 & p=$!; for s in HUP INT TERM; do trap \"kill -$s $p\" $s; done; wait $p; wait $p; exit $?",
        caught_by "signals", "orphan-server.exit"),
    misbehaves!("status-lies-that-it-is-ready", when "runtime status*", "echo '{\"kind\":\"ready\"}'; exit 0",
        caught_by "runtime-lifecycle", "status-missing.json"),
    misbehaves!("status-looks-elsewhere", when "runtime status*", "KTX_RUNTIME_ROOT=/nowhere exec \"$real\" \"$@\"",
        caught_by "runtime-lifecycle", "status-missing.json"),
    misbehaves!("status-talks-before-the-document", when "runtime status*", "echo 'Checking...'",
        caught_by "runtime-lifecycle", "status-missing.json"),
    misbehaves!("install-does-nothing", when "runtime install*", "exit 0",
        caught_by "offline", "runtime-install.stdout"),
    misbehaves!("version-needs-another-program", when "--version", "uname -s >/dev/null || exit 9",
        caught_by "bare-machine", "version.exit"),
    misbehaves!("install-talks-on-stderr", when "runtime install*", "echo 'Resolved 12 packages' >&2",
        caught_by "runtime-lifecycle", "install-again.stderr"),
    misbehaves!("install-forgets-what-is-there", when "runtime install*", "exec \"$real\" \"$@\" --force",
        caught_by "runtime-lifecycle", "install-again.stdout"),
    misbehaves!("doctor-fails-a-healthy-machine", when "runtime doctor*", "\"$real\" \"$@\"; exit 1",
        caught_by "runtime-lifecycle", "doctor.exit"),
    misbehaves!("doctor-lies", when "runtime doctor*", "\"$real\" \"$@\" | sed s/pass/fail/; exit 0",
        caught_by "runtime-lifecycle", "doctor.json"),
    misbehaves!("start-never-reuses", when "runtime start*", "exec \"$real\" \"$@\" --force",
        caught_by "runtime-lifecycle", "start-again.stdout"),
    misbehaves!("stop-only-says-so", when "runtime stop*", "echo 'Stopped KTX Python daemon'; exit 0",
        caught_by "runtime-lifecycle", "stop.process"),
    misbehaves!("prune-acts-on-a-preview", when "runtime prune --dry-run", "exec \"$real\" runtime prune --yes",
        caught_by "runtime-lifecycle", "prune-preview.stdout"),
    misbehaves!("prune-previews-and-acts", when "runtime prune --dry-run",
        "\"$real\" \"$@\"; \"$real\" runtime prune --yes >/dev/null; exit 0",
        caught_by "runtime-lifecycle", "prune-preview.effect"),
    misbehaves!("prune-needs-no-consent", when "runtime prune", "exec \"$real\" runtime prune --yes",
        caught_by "runtime-lifecycle", "prune-refusal.exit"),
    misbehaves!("prune-deletes-what-is-not-ours", when "runtime prune --yes",
        "\"$real\" \"$@\"; rm -rf \"$KTX_RUNTIME_ROOT/notes\"; exit 0",
        caught_by "runtime-lifecycle", "prune.too-much"),
    misbehaves!("prune-deletes-the-current-version", when "runtime prune --yes",
        "\"$real\" \"$@\"; rm -rf \"$KTX_RUNTIME_ROOT\"/*/manifest.json; exit 0",
        caught_by "runtime-lifecycle", "status-after-prune.json"),
    misbehaves!("prune-only-says-so", when "runtime prune --yes",
        "\"$real\" \"$@\"; mkdir -p \"$KTX_RUNTIME_ROOT/0.0.0\"; exit 0",
        caught_by "runtime-lifecycle", "prune.too-little"),
    misbehaves!("query-talks-on-stdout", when "sl query*", "echo 'Compiling...'",
        caught_by "semantic-query", "query-refused.stdout"),
    misbehaves!("query-hides-the-installation", when "sl query*--yes", "exec \"$real\" \"$@\" 2>/dev/null",
        caught_by "semantic-query", "query-installs.stderr"),
    misbehaves!("query-counts-wrong", when "sl query*--execute*", "\"$real\" \"$@\" | sed 's/ 3/ 4/'; exit 0",
        caught_by "semantic-query", "query-executes.json"),
    misbehaves!("query-forgives-an-unknown-measure", when "sl query*no_such_measure*", "exit 0",
        caught_by "semantic-query", "query-unknown-measure.exit"),
    misbehaves!("demo-only-says-so", when "setup demo*", "\"$real\" setup demo --help; exit 0",
        caught_by "demo", "setup.stdout"),
    misbehaves!("server-greets-on-stdout", when "serve*", "echo 'KTX MCP server'",
        caught_by "mcp", "greeting.protocol"),
    misbehaves!("scan-forgets-the-shard", when "dev scan warehouse*",
        "\"$real\" \"$@\"; : > semantic-layer/warehouse/_schema/public.yaml; exit 0",
        caught_by "scan-and-ingest", "scan.shard"),
];

fn misbehave(artifact: &mut Artifact, when: &str, action: &str) -> std::io::Result<()> {
    let pattern = when.replace(' ', "\\ ");
    artifact.wrap_program(&format!("case \"$*\" in\n{pattern})\n  {action}\n  ;;\nesac"))
}
