//! A real Postgres behind the real daemon: scan, query, history, and what goes wrong.

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::postgres::Postgres;
use crate::sandbox::python::{self, SharedPython};
use crate::sandbox::{Sandbox, execute, wait_until};

const CONFIG: &str = "project: zoo
connections:
  pg:
    driver: PostgreSQL
    url: env:ZOO_URL
    readonly: true
    historicSql: {enabled: true, minCalls: 2}
";

/// How many statements the daemon has running; it fetches through a cursor, so the text does not tell them.
const RUNNING: &str =
    "select count(*) from pg_stat_activity where application_name like 'ktx-daemon%' and state = 'active'";

const TABLES: &str = "
create table owners (id int primary key, name text not null);
create table pets (id int primary key, owner_id int references owners (id), vet_id int, weight numeric(6, 2), born date);
create table vets (id int primary key);
comment on table pets is 'animals';
comment on column pets.weight is 'in kilograms';
insert into owners values (1, 'Ann'), (2, 'Bo');
insert into vets values (7);
insert into pets values (1, 1, 7, 3.25, '2020-01-02'), (2, 1, 7, 900.10, null), (3, 2, 7, null, null);
create extension pg_stat_statements;
";

/// Runs the statement in `query.sql`.
const EXECUTE: [&str; 10] = execute("pg", "query.sql", "2");

/// Longer than any test waits.
const SLOW: &str = "select count(*) from generate_series(1, 1000000000) as slow_query";

pub fn zoo(shared: &SharedPython, server: &Postgres) -> Sandbox {
    server.sql(TABLES);
    shared
        .sandbox(Sandbox::with_config(CONFIG))
        .variable("ZOO_URL", server.url())
}

#[test]
fn is_scanned_queried_and_its_history_read() {
    let (Some(shared), Some(server)) = (python::shared(), Postgres::start()) else {
        return;
    };
    let sandbox = zoo(&shared, &server);
    let scanned = sandbox
        .run(&[
            "dev",
            "scan",
            "pg",
            "--detect-relationships",
            "--json",
            "--no-input",
        ])
        .succeeds();
    assert!(
        scanned.stderr().contains("KTX Python daemon: http://127.0.0.1:"),
        "{scanned}"
    );
    assert_eq!(
        scanned.stderr().lines().count(),
        1,
        "one resolver for all ports: {scanned}"
    );
    let report = scanned.json();
    assert_eq!(report["diffSummary"]["tablesAdded"], 3);
    assert_eq!(report["relationships"]["accepted"], 1, "{report}");
    assert_snapshot!(sandbox.read("semantic-layer/pg/_schema/public.yaml"), @r#"
    tables:
      owners:
        table: public.owners
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: name
            type: string
            nullable: false
        joins:
          - to: pets
            "on": owners.id = pets.owner_id
            relationship: one_to_many
            source: formal
      pets:
        table: public.pets
        descriptions:
          db: animals
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: owner_id
            type: number
          - name: vet_id
            type: number
          - name: weight
            type: number
            descriptions:
              db: in kilograms
          - name: born
            type: time
        joins:
          - to: owners
            "on": pets.owner_id = owners.id
            relationship: many_to_one
            source: formal
          - to: vets
            "on": pets.vet_id = vets.id
            relationship: many_to_one
            source: inferred
      vets:
        table: public.vets
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
        joins:
          - to: pets
            "on": vets.id = pets.vet_id
            relationship: one_to_many
            source: inferred
    "#);
    let again = sandbox.run(&["dev", "scan", "pg", "--json"]).succeeds().json();
    assert_eq!(
        (&again["syncId"], &again["diffSummary"]["tablesUnchanged"]),
        (&report["syncId"], &json!(3))
    );
    let tested = sandbox.run(&["connection", "test", "pg"]).succeeds();
    assert_eq!(tested.stdout(), "pg: ok, 3 tables (postgres)\n");

    sandbox.write(
        "semantic-layer/pg/pets.yaml",
        "name: pets\nmeasures:\n  - {name: heaviest, expr: max(weight)}\n  - {name: n, expr: count(id)}\n",
    );
    let query = [
        "sl",
        "query",
        "--measure",
        "pets.n",
        "--measure",
        "pets.heaviest",
        "--dimension",
        "owners.name",
        "--execute",
    ];
    let answer = sandbox.run(&query).succeeds().json();
    assert_eq!(answer["headers"], json!(["name", "n", "heaviest"]));
    assert_eq!(
        (&answer["rows"][0][0], &answer["rows"][0][1]),
        (&json!("Ann"), &json!(2))
    );
    assert_eq!(answer["plan"]["execution"]["driver"], "postgres");

    for _ in 0..3 {
        server.sql("select name from owners where id = 1");
    }
    let history = [
        "dev",
        "ingest",
        "run",
        "--connection-id",
        "pg",
        "--adapter",
        "historic-sql",
        "--json",
    ];
    let ingested = sandbox.run(&history).succeeds().json();
    let sync = format!(
        "raw-sources/pg/historic-sql/{}",
        ingested["syncId"].as_str().expect("an id")
    );
    assert!(
        sandbox.read(&format!("{sync}/manifest.json")).contains("owners"),
        "{ingested}"
    );
    server.sql("drop extension pg_stat_statements");
    let refused = sandbox.run(&history).stderr();
    assert!(
        refused.contains("\nhint: run `create extension pg_stat_statements` in the database of `pg`"),
        "{refused}"
    );
}

#[test]
fn keys_that_cross_schemas_or_have_several_columns_become_joins() {
    let (Some(shared), Some(server)) = (python::shared(), Postgres::start()) else {
        return;
    };
    server.sql(
        "create schema sales; create table owners (id int primary key);
         create table sales.owners (id int, year int, primary key (id, year));
         create table pets (id int primary key, owner int, year int, keeper int references owners,
             foreign key (owner, year) references sales.owners (id, year))",
    );
    let config = CONFIG.replace(
        "readonly: true\n",
        "readonly: true\n    schemas: [public, sales]\n",
    );
    let sandbox = shared
        .sandbox(Sandbox::with_config(&config))
        .variable("ZOO_URL", server.url());
    let _ = sandbox.run(&["dev", "scan", "pg"]).succeeds();
    let joins = |name: &str| {
        let source = sandbox.run(&["sl", "read", name]).succeeds().stdout();
        let on = source.lines().filter(|line| line.contains("\"on\":"));
        on.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        joins("pets"),
        [
            "\"on\": pets.keeper = owners.id",
            "\"on\": pets.owner = sales_owners.id AND pets.year = sales_owners.year"
        ]
    );
    assert_eq!(
        joins("sales_owners"),
        ["\"on\": sales_owners.id = pets.owner AND sales_owners.year = pets.year"]
    );
}

#[test]
fn refuses_what_writes_and_hides_the_password() {
    let (Some(shared), Some(server)) = (python::shared(), Postgres::start()) else {
        return;
    };
    let sandbox = zoo(&shared, &server);
    let execute = |sql: &str| {
        sandbox.write("query.sql", sql);
        sandbox.run(&EXECUTE)
    };
    let rows = execute("select id, weight, born from pets order by id")
        .succeeds()
        .json();
    assert_eq!(rows["rowCount"], 2, "{rows}");
    for sql in [
        "with gone as (delete from pets returning id) select * from gone",
        "select 1; drop table pets",
        "select * into copy from pets",
    ] {
        let refused = execute(sql);
        assert_eq!(refused.output.status.code(), Some(1), "{refused}");
    }
    assert_eq!(server.ask("select count(*) from pets"), "3\n");

    let unreachable = sandbox.variable("ZOO_URL", "postgresql://ann:hunter2@127.0.0.1:9/zoo");
    let transcript = unreachable.run(&["dev", "scan", "pg"]);
    assert_eq!(transcript.output.status.code(), Some(1));
    assert!(!transcript.to_string().contains("hunter2"), "{transcript}");
    let blank = unreachable.variable("ZOO_URL", " ");
    let transcript = blank.run(&["dev", "scan", "pg"]);
    assert!(
        transcript
            .stderr()
            .starts_with("Local live-database ingest requires connections.pg.url.\n"),
        "{transcript}"
    );
}

#[test]
#[cfg(unix)]
fn ctrl_c_cancels_the_statement_on_the_server() {
    let (Some(shared), Some(server)) = (python::shared(), Postgres::start()) else {
        return;
    };
    let sandbox = zoo(&shared, &server);
    sandbox.write("query.sql", SLOW);
    let mut child = sandbox
        .process(&EXECUTE)
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    wait_until("the statement runs", || server.ask(RUNNING) != "0\n");
    let _ = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    wait_until("the statement is cancelled", || server.ask(RUNNING) == "0\n");
}

/// In its own runtime: the daemon that is killed here would be other tests' too.
#[test]
#[cfg(unix)]
fn a_daemon_that_dies_in_the_middle_is_started_again_once() {
    let Some(sandbox) = python::installable(Sandbox::with_config(CONFIG)) else {
        return;
    };
    let Some(server) = Postgres::start() else { return };
    let sandbox = sandbox.variable("ZOO_URL", server.url());
    let _ = sandbox.run(&["runtime", "start"]).succeeds();
    sandbox.write("query.sql", SLOW);
    let mut command = sandbox.process(&EXECUTE);
    let child = command
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let mut killed = String::new();
    for _ in 0..2 {
        let daemon = || {
            let status = sandbox.run(&["runtime", "status", "--json"]).json();
            let state = fs_err::read(status["layout"]["daemonStatePath"].as_str().expect("a path")).ok()?;
            let state: serde_json::Value = serde_json::from_slice(&state).ok()?;
            Some(state["pid"].to_string())
        };
        wait_until("another daemon runs the statement", || {
            server.ask(RUNNING) != "0\n" && daemon().is_some_and(|pid| pid != killed)
        });
        killed = daemon().expect("a daemon");
        let _ = std::process::Command::new("kill")
            .args(["-KILL", &killed])
            .status();
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ktx-daemon%'");
        wait_until("its statement is gone", || server.ask(RUNNING) == "0\n");
    }
    let output = child.wait_with_output().expect("ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("ended while it answered, twice: ")
            && stderr.contains("(daemon log: ")
            && stderr.contains("daemon.stderr.log)"),
        "{stderr}"
    );
    let _ = sandbox.run(&["runtime", "stop"]).succeeds();
}

#[test]
fn an_explicit_url_never_touches_the_managed_runtime() {
    let Some(sandbox) = python::installable(Sandbox::with_config(CONFIG)) else {
        return;
    };
    let sandbox = sandbox.variable("ZOO_URL", "postgresql://nobody@127.0.0.1:9/zoo");
    for command in [
        &["dev", "scan", "pg", "--yes"][..],
        &[
            "dev",
            "ingest",
            "run",
            "--connection-id",
            "pg",
            "--adapter",
            "live-database",
            "--yes",
        ],
    ] {
        let arguments = [command, &["--database-introspection-url", "http://127.0.0.1:9"]].concat();
        let transcript = sandbox.run(&arguments);
        assert_eq!(transcript.output.status.code(), Some(1), "{transcript}");
        assert!(!sandbox.root().join("runtime").exists(), "{transcript}");
    }
}
