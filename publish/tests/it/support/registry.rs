//! A verdaccio of the test's own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_publish::artifacts::integrity_of;
use serde_json::json;
use tempfile::TempDir;

/// Registries that no test uses now. They end with the test's process, whose pipe holds them.
static IDLE: Mutex<Vec<Running>> = Mutex::new(Vec::new());

/// An empty registry with one user; another test gets it when this value goes.
pub struct LocalRegistry(Option<Running>);

struct Running {
    _process: Child,
    port: u16,
    token: String,
    _folder: TempDir,
}

impl LocalRegistry {
    /// Takes an idle one, or starts one, which takes about a second.
    pub fn start() -> Self {
        let idle = IDLE.lock().unwrap().pop();
        Self(Some(idle.unwrap_or_else(Running::start)))
    }

    fn running(&self) -> &Running {
        self.0.as_ref().unwrap()
    }

    pub fn port(&self) -> u16 {
        self.running().port
    }

    pub fn url(&self) -> RegistryUrl {
        format!("http://127.0.0.1:{}/", self.port()).parse().unwrap()
    }

    /// What an `.npmrc` needs for `url`, which is the registry itself or a proxy before it.
    pub fn credentials(&self, url: &RegistryUrl) -> String {
        format!(
            "{}:_authToken={}\n",
            url.as_str().trim_start_matches("http:"),
            self.token()
        )
    }

    pub fn token(&self) -> &str {
        &self.running().token
    }

    /// Somebody else who writes to it.
    pub fn somebody(&self) -> Somebody {
        Somebody {
            url: self.url(),
            token: self.token().to_owned(),
        }
    }

    pub fn store(&self, version: &str, tags: &[&str], tarball: &[u8]) {
        self.somebody().store(version, tags, tarball);
    }

    pub fn point(&self, tag: &str, version: &str) {
        self.somebody().point(tag, version);
    }
}

/// Another one with the same rights.
pub struct Somebody {
    url: RegistryUrl,
    token: String,
}

impl Somebody {
    /// Stores a version under `tags` with one request, as somebody else's npm would: in milliseconds.
    pub fn store(&self, version: &str, tags: &[&str], tarball: &[u8]) {
        let file = format!("{NPM_PACKAGE}-{version}.tgz");
        let tags: BTreeMap<&str, &str> = tags.iter().map(|tag| (*tag, version)).collect();
        let package = json!({
            "_id": NPM_PACKAGE,
            "name": NPM_PACKAGE,
            "dist-tags": tags,
            "versions": {version: {
                "name": NPM_PACKAGE,
                "version": version,
                "dist": {
                    "integrity": integrity_of(tarball),
                    "tarball": format!("{}{NPM_PACKAGE}/-/{file}", self.url),
                },
            }},
            "_attachments": {file: {
                "content_type": "application/octet-stream",
                "data": STANDARD.encode(tarball),
                "length": tarball.len(),
            }},
        });
        self.put("@kaelio%2fktx", &package);
    }

    /// Points a tag at a version, as somebody else's npm would.
    pub fn point(&self, tag: &str, version: &str) {
        self.put(
            &format!("-/package/@kaelio%2fktx/dist-tags/{tag}"),
            &json!(version),
        );
    }

    fn put(&self, path: &str, document: &serde_json::Value) {
        let request = ureq::put(format!("{}{path}", self.url));
        let authorization = format!("Bearer {}", self.token);
        let request = request.header("authorization", authorization);
        request.send_json(document).unwrap();
    }
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = "storage: ./storage\nmax_body_size: 200mb\nuplinks: {}\nweb:\n  enable: false\n\
                      auth:\n  htpasswd:\n    file: ./htpasswd\n\
                      packages:\n  '**':\n    access: $all\n    publish: $authenticated\n    unpublish: $authenticated\n\
                      log: {type: stdout, format: pretty, level: warn}\n";
        fs::write(folder.path().join("config.yaml"), config).unwrap();
        let (process, port) = spawn_on_a_free_port(folder.path());
        let token = create_user(port);
        Self {
            _process: process,
            port,
            token,
            _folder: folder,
        }
    }

    /// Removes the package with all its versions.
    fn empty(&self) -> Result<(), ureq::Error> {
        let address = format!("http://127.0.0.1:{}/@kaelio%2fktx/-rev/all", self.port);
        let authorization = format!("Bearer {}", self.token);
        match ureq::delete(&address)
            .header("authorization", authorization)
            .call()
        {
            Err(ureq::Error::StatusCode(404)) => Ok(()),
            answer => answer.map(drop),
        }
    }
}

/// A port that is free now may be taken by another test before verdaccio has it, which then ends; so it is verdaccio's
/// own word that counts.
fn spawn_on_a_free_port(folder: &Path) -> (Child, u16) {
    for _ in 0..20 {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        // The shell's input ends when the test's process does, however it ends.
        let keeper = "\"$@\" <&- & trap 'kill $!' EXIT; while read -r _; do :; done";
        let mut process = Command::new("sh")
            .args(["-c", keeper, "sh"])
            .arg(verdaccio())
            .args([
                "--config",
                "config.yaml",
                "--listen",
                &format!("127.0.0.1:{port}"),
            ])
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        if lines.any(|line| line.unwrap().contains("http address")) {
            std::thread::spawn(move || lines.count());
            return (process, port);
        }
        drop(process.stdin.take());
        process.wait().unwrap();
    }
    panic!("verdaccio found no free port");
}

fn create_user(port: u16) -> String {
    let address = format!("http://127.0.0.1:{port}/-/user/org.couchdb.user:releaser");
    let user = json!({"name": "releaser", "password": "only-for-this-test"});
    let mut answer = ureq::put(&address).send_json(&user).unwrap();
    let answer: serde_json::Value = answer.body_mut().read_json().unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

impl Drop for LocalRegistry {
    fn drop(&mut self) {
        if let Some(running) = self.0.take().filter(|running| running.empty().is_ok()) {
            IDLE.lock().unwrap().push(running);
        }
    }
}

fn verdaccio() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let program = workspace.join("target/tools/node/node_modules/.bin/verdaccio");
    assert!(
        program.exists(),
        "failed to find `{}`: run `cargo xtask test`, which installs it",
        program.display()
    );
    program
}
