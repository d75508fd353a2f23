//! The everyday commands: a query with a warm daemon, a structural scan, an ingest of query history.

use std::process::Command;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::SpeedComparison;
use super::machine::{BenchMachine, clean};
use super::measure::{Contestant, compare};
use crate::session::Session;

const MANY: usize = 21;
const SOME: usize = 3;

const PROJECT: &str = "project: bench
connections:
  wh: {driver: sqlite, path: ../wide.db, readonly: true}
  pg:
    driver: postgres
    url: env:NO_SUCH_URL
    readonly: true
    historicSql: {enabled: true, dialect: postgres}
";

/// Makes a database of 1,000 tables and an export of 5,000 statements that differ in more than literals.
const MATERIAL: &str = r#"
import json, sqlite3
database = sqlite3.connect("wide.db")
for table in range(1000):
    parent = f", parent_id integer references t{table - 1} (id)" if table else ""
    columns = ", ".join(f"c{column} text" for column in range(12))
    database.execute(f"create table t{table} (id integer primary key, {columns}{parent})")
database.commit()
with open("history/statements.jsonl", "w") as export:
    for n in range(5000):
        query = (
            f"select a.c{n}, date_trunc('month', a.at) as month, sum(b.amount) as total from t{n % 97} as a "
            f"join t{n % 89} as b on a.id = b.parent_id where a.status in ('open', 'paid') and b.amount > {n} "
            f"group by a.c{n}, date_trunc('month', a.at) order by total desc limit 100"
        )
        export.write(json.dumps({"queryid": n, "query": query, "calls": 9, "usename": "ann"}) + "\n")
"#;

/// What a script would read of every table.
const PRAGMAS: &str = r#"
import sqlite3
database = sqlite3.connect("file:wide.db?mode=ro", uri=True)
for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
    for pragma in ("table_info", "foreign_key_list"):
        database.execute(f"pragma {pragma}({table})").fetchall()
"#;

/// What a script would do with every statement to tell templates apart.
const PARSE: &str = r#"
import hashlib, json, sqlglot
from sqlglot import exp
for line in open("history/statements.jsonl"):
    tree = sqlglot.parse_one(json.loads(line)["query"], read="postgres")
    for literal in list(tree.find_all(exp.Literal)):
        literal.replace(exp.Placeholder())
    hashlib.sha256(tree.sql(dialect="postgres").encode()).hexdigest()
"#;

pub fn measure(session: &Session<'_>) -> Result<Vec<SpeedComparison>> {
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let machine = BenchMachine::prepare(session, scratch)?;
    machine.done(&["runtime", "install"])?;
    machine.done(&["runtime", "start"])?;
    let python = machine.python(session)?;
    let script = |code: &str| {
        let mut command = Command::new(&python);
        command.args(["-I", "-c", code]).current_dir(scratch);
        clean(command)
    };
    fs::create_dir(scratch.join("history"))?;
    let made = script(MATERIAL).status().context("failed to make the material")?;
    anyhow::ensure!(made.success(), "failed to make the material: {made}");
    let demo = scratch.join("demo");
    machine.done(&["setup", "demo", "--project-dir", demo.as_str()])?;

    let query = compare(
        &mut [
            Contestant::new("ktx sl query", || {
                let mut query = machine.ktx(&["sl", "query", "--measure", "contracts.contract_count"]);
                query.args(["--format", "sql", "--project-dir", demo.as_str()]);
                Ok(query)
            }),
            Contestant::new("python -c 'import sqlglot, pydantic'", || {
                Ok(script("import sqlglot, pydantic"))
            }),
        ],
        MANY,
    )?;
    let scan = compare(
        &mut [
            Contestant::new("ktx dev scan, 1,000 tables", || {
                in_new_project(&machine, scratch, &["dev", "scan", "wh"])
            }),
            Contestant::new("its pragmas alone, from Python", || Ok(script(PRAGMAS))),
        ],
        SOME,
    )?;
    let ingest = [
        "dev",
        "ingest",
        "run",
        "--connection-id",
        "pg",
        "--adapter",
        "historic-sql",
    ];
    let history = compare(
        &mut [
            Contestant::new("ktx dev ingest, 5,000 templates", || {
                let mut run = in_new_project(&machine, scratch, &ingest)?;
                run.args(["--source-dir", scratch.join("history").as_str()]);
                Ok(run)
            }),
            Contestant::new("sqlglot alone, from Python", || Ok(script(PARSE))),
        ],
        SOME,
    )?;
    machine.stop()?;
    Ok(vec![
        SpeedComparison::new("query, warm daemon", "40 ms", query)?,
        SpeedComparison::new("structural scan", "2,000 ms", scan)?,
        SpeedComparison::new("query history", "10,000 ms, 150 MiB", history)?,
    ])
}

/// The command in a project that has never seen it, so that nothing is reused.
fn in_new_project(machine: &BenchMachine, scratch: &Utf8Path, arguments: &[&str]) -> Result<Command> {
    let project: Utf8PathBuf = scratch.join("project");
    if project.exists() {
        fs::remove_dir_all(&project)?;
    }
    fs::create_dir(&project)?;
    fs::write(project.join("ktx.yaml"), PROJECT)?;
    let mut command = machine.ktx(arguments);
    command.args(["--project-dir", project.as_str()]);
    Ok(command)
}
