//! `ktx dev ingest` and `ktx ingest`: every adapter on local data, what is compared, and what one bad item costs.

mod drafts;
mod history;
mod looker;
mod runs;

use crate::sandbox::Sandbox;

pub const CONFIG: &str = "project: zoo
connections:
  wh: {driver: sqlite, path: zoo.db, readonly: true}
  pg:
    driver: postgres
    url: env:NO_SUCH_URL
    readonly: true
    historicSql: {enabled: true, dialect: postgres, redactionPatterns: ['secret_[a-z]+'], serviceAccountUserPatterns: [^etl]}
";

pub fn zoo() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.database(
        "zoo.db",
        "create table pets (id integer primary key); create table owners (id integer primary key)",
    );
    sandbox
}

pub fn ingest<'a>(adapter: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let connection = if adapter == "historic-sql" { "pg" } else { "wh" };
    ingest_from(connection, adapter, more)
}

pub fn ingest_from<'a>(connection: &'a str, adapter: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &[
            "dev",
            "ingest",
            "run",
            "--connection-id",
            connection,
            "--adapter",
            adapter,
        ],
        more,
    ]
    .concat()
}
