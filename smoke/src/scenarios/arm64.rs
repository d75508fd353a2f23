//! The program for another processor, under an emulator of that processor.

use ktx_manifest::Platform;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "arm64",
    proves: "the linux-arm64 program starts under qemu: version, help, runtime status",
    set: Set::StandardOn(&["linux"]),
    needs: &[
        Need::Program("npm"),
        Need::Carries(Platform::LinuxArm64),
        Need::Debian {
            program: "qemu-aarch64",
            package: "qemu-user",
        },
    ],
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    let program = ktx.package.join(Platform::LinuxArm64.program_path());
    super::foreign::version_help_status(stage, |words| {
        Invocation::new("qemu-aarch64").arg(program.as_str()).words(words)
    })
}
