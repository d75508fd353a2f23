//! How commands of this program are written so that they can be pasted.

use ktx_runtime::Environment;

/// How this program was called, so that a command it proposes can be called alike: `npx` puts `ktx` on nobody's `PATH`.
pub fn program(environment: &Environment) -> &'static str {
    let under_npm = environment
        .text("npm_config_user_agent")
        .is_some_and(|agent| agent.starts_with("npm/"));
    if under_npm && environment.text("npm_command") == Some("exec") {
        "npx @kaelio/ktx"
    } else {
        "ktx"
    }
}
