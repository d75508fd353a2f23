//! A verdaccio of the test's own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;
use ktx_policy::RegistryUrl;
use serde_json::json;
use tempfile::TempDir;

/// A running registry with one user; it ends with this value.
pub struct LocalRegistry {
    process: Child,
    port: u16,
    token: String,
    _folder: TempDir,
}

impl LocalRegistry {
    /// Starts one, which takes about a second.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = "storage: ./storage\nmax_body_size: 200mb\nuplinks: {}\nweb:\n  enable: false\n\
                      auth:\n  htpasswd:\n    file: ./htpasswd\n\
                      packages:\n  '**':\n    access: $all\n    publish: $authenticated\n    unpublish: $authenticated\n\
                      log: {type: stdout, format: pretty, level: fatal}\n";
        fs::write(folder.path().join("config.yaml"), config).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new(verdaccio())
            .args([
                "--config",
                "config.yaml",
                "--listen",
                &format!("127.0.0.1:{port}"),
            ])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut registry = Self {
            process,
            port,
            token: String::new(),
            _folder: folder,
        };
        registry.wait();
        registry.token = registry.create_user();
        registry
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> RegistryUrl {
        format!("http://127.0.0.1:{}/", self.port).parse().unwrap()
    }

    /// What an `.npmrc` needs for `url`, which is the registry itself or a proxy before it.
    pub fn credentials(&self, url: &RegistryUrl) -> String {
        format!(
            "{}:_authToken={}\n",
            url.as_str().trim_start_matches("http:"),
            self.token
        )
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(self.process.try_wait().unwrap().is_none(), "verdaccio ended");
            assert!(Instant::now() < deadline, "verdaccio did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn create_user(&self) -> String {
        let address = format!("{}-/user/org.couchdb.user:releaser", self.url());
        let user = json!({"name": "releaser", "password": "only-for-this-test"});
        let mut answer = ureq::put(&address).send_json(&user).unwrap();
        let answer: serde_json::Value = answer.body_mut().read_json().unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for LocalRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
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
