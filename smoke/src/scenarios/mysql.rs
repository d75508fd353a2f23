//! A real MariaDB: scanned and queried through the driver that the runtime is installed with.

use std::time::Duration;

use camino::Utf8PathBuf;
use fs_err as fs;
use serde_json::json;

use super::postgres::{give_to_nobody, unprivileged};
use crate::failure::Stop;
use crate::sandbox::{Running, Signal};
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{INSTALL_DEADLINE, Stage};

pub const SCENARIO: Scenario = Scenario {
    name: "mysql",
    proves: "a MariaDB database is scanned through the mysql feature, and queries on it give rows",
    set: Set::Standard,
    needs: &[Need::Program("npm"), Need::Program("uv"), Need::Mariadb],
    run,
};

const PATIENCE: Duration = Duration::from_secs(30);

const SCHEMA: &str = "\
create database smoke character set utf8mb4;
use smoke;
create table owners (id integer primary key, name varchar(20) not null) comment 'People who keep pets';
create table pets (id integer primary key, owner_id integer not null, foreign key (owner_id) references owners (id));
insert into owners values (1, 'Ada'), (2, 'Grace');
insert into pets values (1, 1), (2, 1), (3, 2);
";

/// A program of the server, which Debian keeps off the `PATH` of users.
pub fn program(name: &str) -> Option<Utf8PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
    folders
        .iter()
        .map(|folder| Utf8PathBuf::from(folder).join(name))
        .find(|file| file.is_file())
}

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let (server, socket) = start(stage)?;
    let ktx = stage.installed()?;
    fs::write(
        ktx.project.join("ktx.yaml"),
        format!(
            "project: smoke\nconnections:\n  warehouse:\n    driver: mysql\n    \
             url: mysql://root@localhost/smoke?unix_socket={socket}\n    readonly: true\n"
        ),
    )?;
    stage.warm_uv_cache()?;
    stage
        .step(
            "install",
            ktx.ktx("runtime install --feature mysql --yes")
                .deadline_of(INSTALL_DEADLINE),
        )
        .stdout_has("features: core, mysql\n")
        .check()?;
    ktx.scan_server("smoke", &["People who keep pets"])?;
    stage
        .step(
            "query",
            ktx.ktx("sl query --measure count(pets.id) --dimension owners.name --order-by owners.name")
                .words("--execute --max-rows 10 --no-input"),
        )
        .json("/rows", json!([["Ada", 2], ["Grace", 1]]))
        .json("/plan/execution/driver", "mysql")
        .check()?;
    stage.step("stop", ktx.ktx("runtime stop")).check()?;
    stage.stop(server, Signal::Terminate, PATIENCE);
    Ok(())
}

/// Starts a server that only listens on a socket of the sandbox, and fills it.
fn start(stage: &Stage<'_>) -> Result<(Running, Utf8PathBuf), Stop> {
    let folder = stage.sandbox.folders().at("mariadb");
    fs::create_dir(&folder)?;
    give_to_nobody(&folder)?;
    let data = format!("--datadir={}", folder.join("data"));
    let socket = folder.join("s");
    let install = program("mariadb-install-db").unwrap_or_default();
    stage
        .step(
            "install-db",
            unprivileged(install)
                .words("--no-defaults --auth-root-authentication-method=normal --skip-test-db")
                .arg(&data)
                .with("TMPDIR", folder.as_str())
                .within(&folder),
        )
        .check()?;
    // It reads the statements from a file, once, as it starts.
    let filled = folder.join("fill.sql");
    fs::write(&filled, SCHEMA)?;
    let server = stage.sandbox.start(
        &unprivileged(program("mariadbd").unwrap_or_default())
            .words("--no-defaults --skip-networking --innodb-doublewrite=0")
            .args([
                &data,
                &format!("--socket={socket}"),
                &format!("--init-file={filled}"),
            ])
            .with("TMPDIR", folder.as_str())
            .within(&folder),
    )?;
    let ready = server.says_within("ready for connections", PATIENCE);
    stage.ensure("mariadb.ready", ready, || {
        format!("MariaDB did not start: {}", server.stderr_so_far())
    })?;
    Ok((server, socket))
}
