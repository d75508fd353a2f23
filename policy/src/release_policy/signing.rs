//! The list `signing`.

use ktx_names::{Finding, Platform};

use super::values::{Findings, Section};

/// The platforms whose programs can be signed.
pub const SIGNABLE: [Platform; 3] = [Platform::DarwinX64, Platform::DarwinArm64, Platform::Win32X64];

pub(super) fn read<'text>(
    root: &Section<'_, 'text>,
    findings: &mut Findings<'_, 'text>,
) -> Option<Vec<Platform>> {
    let names = root.strings("signing", findings)?;
    let mut platforms = Vec::new();
    for name in &names {
        let platform = SIGNABLE.into_iter().find(|platform| platform.as_str() == name);
        let message = match platform {
            None => format!("Release policy signing cannot list {name}"),
            Some(platform) if platforms.contains(&platform) => {
                format!("Release policy signing lists {name} twice")
            }
            Some(platform) => {
                platforms.push(platform);
                continue;
            }
        };
        let known = SIGNABLE.map(Platform::as_str).join(", ");
        let hint = format!("programs can be signed for {known}");
        root.refuse_with(
            "signing",
            Finding::error("policy-signing", message).with_hint(hint),
            findings,
        );
    }
    Some(platforms)
}
