//! The program for Windows, where wine can load it.

use std::time::Duration;

use ktx_manifest::platform::Platform;

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
    let wine = |program: &str| {
        Invocation::new(program)
            .with("WINEPREFIX", stage.sandbox.folders().at("wine").as_str())
            .with("WINEDEBUG", "-all")
            // No Gecko, no Mono, no menu entries in a user's desktop.
            .with("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=")
            .without("KTX_RUNTIME_ROOT")
            .deadline_of(FIRST_START)
    };
    stage.step("wine-boot", wine("wineboot").arg("--init")).check()?;
    super::foreign::version_help_status(stage, |words| wine("wine").arg(program.as_str()).words(words))?;
    stage
        .step("wine-end", wine("wineserver").words("-k -w"))
        .check()?;
    Ok(())
}
