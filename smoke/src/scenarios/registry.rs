//! The sandbox's own registry, with one user who may publish.

use std::time::Duration;

use fs_err as fs;

use crate::failure::Stop;
use crate::options::Toolchain;
use crate::sandbox::{Invocation, Running, Signal, free_port};
use crate::stage::Stage;

/// No uplink: what is not published here does not exist.
const SETTINGS: &str = "\
storage: ./storage
max_body_size: 200mb
uplinks: {}
web: {enable: false}
auth:
  htpasswd: {file: ./htpasswd}
packages:
  '**': {access: $all, publish: $authenticated, unpublish: $authenticated}
log: {type: stdout, format: pretty, level: warn}
";

/// Makes the user and prints the token, by npm's own protocol.
const MAKE_USER: &str = "
const [, url] = process.argv;
const body = JSON.stringify({ name: 'releaser', password: 'only-for-this-rehearsal' });
const headers = { 'content-type': 'application/json' };
const answer = await fetch(`${url}-/user/org.couchdb.user:releaser`, { method: 'PUT', headers, body });
console.log((await answer.json()).token);
";

/// How long it may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Registry {
    url: String,
    running: Running,
}

impl Registry {
    pub fn start(stage: &Stage<'_>, toolchain: &Toolchain) -> Result<Registry, Stop> {
        let folder = stage.sandbox.folders().at("registry");
        fs::create_dir(&folder)?;
        fs::write(folder.join("config.yaml"), SETTINGS)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let running = stage.sandbox.start(
            &Invocation::new(toolchain.registry.as_str())
                .words("--config config.yaml --listen")
                .arg(&address)
                .within(&folder),
        )?;
        stage.ensure(
            "registry.ready",
            running.says_within("http address", PATIENCE),
            || format!("the registry did not start: {}", running.stderr_so_far()),
        )?;
        let url = format!("http://{address}/");
        let token = stage
            .step(
                "registry-user",
                Invocation::new("node").args(["--input-type=module", "--eval", MAKE_USER, &url]),
            )
            .check()?;
        let credentials = format!("//{address}/:_authToken={}", token.stdout);
        fs::write(stage.sandbox.folders().at("config/npmrc"), credentials)?;
        Ok(Registry { url, running })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn stop(self, stage: &Stage<'_>) {
        stage.stop(self.running, Signal::Terminate, PATIENCE);
    }
}

/// What a command needs in order to ask this registry for packages, whatever proxy the machine has.
pub fn asking(stage: &Stage<'_>, url: &str, invocation: Invocation) -> Invocation {
    without_proxy(stage, invocation)
        .with("npm_config_registry", url)
        .with("pnpm_config_registry", url)
}

/// Loopback addresses are asked directly.
pub fn without_proxy(stage: &Stage<'_>, invocation: Invocation) -> Invocation {
    ["NO_PROXY", "no_proxy"]
        .iter()
        .fold(invocation, |invocation, name| {
            let others = stage.sandbox.environment().get(*name).map_or("", String::as_str);
            let both = format!("{others},127.0.0.1");
            invocation.in_a_shell_with(name, both.trim_start_matches(','))
        })
}
