//! The program for Windows, where wine can load it.

use std::time::Duration;

use fs_err as fs;
use ktx_manifest::Platform;

use super::foreign;
use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "windows",
    proves: "the win32-x64 program starts under wine: version, help, runtime status",
    set: Set::StandardOn(&["linux"]),
    needs: &[
        Need::Program("npm"),
        Need::Carries(Platform::Win32X64),
        Need::Debian {
            program: "wine",
            package: "wine64",
        },
    ],
    run,
};

/// Wine makes its own Windows at the first start.
const FIRST_START: Duration = Duration::from_secs(120);

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    let program = ktx.package.join(Platform::Win32X64.program_path());
    let libraries = stage.options.wine_libraries.as_deref().unwrap_or(&ktx.package);
    let prefix = stage.sandbox.folders().at("wine");
    fs::create_dir(&prefix)?;
    let wine = |program: &str| {
        Invocation::new(program)
            .with("WINEPREFIX", prefix.as_str())
            // Its server keeps a folder for its sockets, beyond its end.
            .with("TMPDIR", prefix.as_str())
            .with("WINEDEBUG", "-all")
            // No Gecko, no Mono, no menu entries in a user's desktop.
            .with("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=")
            // Searched after wine's own folders. The drive `Z:` is the root.
            .with("WINEPATH", format!("Z:{}", libraries.as_str().replace('/', "\\")))
            .without("KTX_RUNTIME_ROOT")
            .deadline_of(FIRST_START)
    };
    // The services that wine starts keep what they were given as their output; the program finds them running.
    let quiet =
        |invocation: Invocation| invocation.wrapped("sh", &["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1"]);
    stage
        .step("wine-server", quiet(wine("wineserver").arg("--persistent")))
        .check()?;
    stage
        .step("wine-boot", quiet(wine("wineboot").arg("--init")))
        .check()?;
    let result = foreign::version_help_status(stage, |words| wine("wine").arg(program.as_str()).words(words));
    stage
        .step("wine-end", wine("wineserver").words("-k -w"))
        .check()?;
    result
}
