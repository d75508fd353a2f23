//! A real PostgreSQL: ingested, scanned and queried through the managed daemon.

mod server;

use fs_err as fs;
use serde_json::json;

use self::server::Server;
pub use self::server::{give_to_nobody, programs, unprivileged};
use crate::failure::Stop;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "postgres",
    proves: "a PostgreSQL database is ingested and scanned through the daemon, and queries on it give rows",
    set: Set::Standard,
    needs: &[Need::Program("npm"), Need::Program("uv"), Need::Postgres],
    run,
};

const SCHEMA: &str = "\
create table owners (id integer primary key, name text not null);
comment on table owners is 'People who keep pets';
create table pets (id integer primary key, owner_id integer not null references owners (id), born date);
comment on column pets.owner_id is 'who owns it';
insert into owners values (1, 'Ada'), (2, 'Grace');
insert into pets values (1, 1, '2020-01-01'), (2, 1, null), (3, 2, '2021-06-01');
";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let server = Server::start(stage)?;
    server.execute(stage, SCHEMA)?;
    let ktx = stage.installed()?;
    let url = server.url();
    fs::write(
        ktx.project.join("ktx.yaml"),
        format!(
            "project: smoke\nconnections:\n  warehouse:\n    driver: postgres\n    url: {url}\n    readonly: true\n\
             ingest:\n  adapters: [live-database]\n"
        ),
    )?;
    ktx.install_runtime()?;
    let started = stage
        .step("start", ktx.ktx("runtime start"))
        .stdout_has("Started KTX Python daemon\n")
        .check()?;
    let daemon = started.value_of("url: ");
    stage
        .step(
            "ingest",
            ktx.ktx("dev ingest run --connection-id warehouse --adapter live-database --plain --no-input")
                .arg(format!("--database-introspection-url={daemon}")),
        )
        .stdout_has("Status: done")
        .stdout_has("Adapter: live-database")
        .stdout_has("Diff: +4/~0/-0/=0\n")
        .stdout_has("Work units: 2")
        .check()?;
    ktx.scan_server("public", &["who owns it", "owners"])?;
    stage
        .step(
            "query",
            ktx.ktx("sl query --execute --max-rows 10 --no-input --measure count(pets.id)"),
        )
        .json("/rows", json!([[3]]))
        .json("/plan/execution/driver", "postgres")
        .check()?;
    stage.step("stop", ktx.ktx("runtime stop")).check()?;
    server.stop(stage);
    Ok(())
}
