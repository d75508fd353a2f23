//! Rows into files: through DuckDB in the daemon, and of SQLite by the program itself.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::sandbox::{SHOP, Sandbox, Transcript, python};

/// 3000 rows, which is more than a query without a limit prints.
const SALES: &str = "create table sales (id integer, region text, note text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
    insert into sales select i, 'r' || (i % 3), case i when 1 then '' when 2 then null else 'a \"b\", c' end from n;";

const SOURCE: &str = "name: sales\ntable: sales\ngrain: [id]\ncolumns:\n  - {name: id, type: number}\n  \
    - {name: region, type: string}\nmeasures:\n  - {name: n, expr: count(id)}\n  - {name: top, expr: max(id)}\n  \
    - {name: share, expr: n / top}\n";

fn shop() -> Sandbox {
    let sandbox = Sandbox::with_config(SHOP);
    sandbox.database("shop.db", SALES);
    sandbox.write("semantic-layer/wh/sales.yaml", SOURCE);
    sandbox.write("q.sql", "select id, region, note from sales order by id");
    sandbox
}

fn into_file(sandbox: &Sandbox, connection: &str, file: &str) -> Transcript {
    sandbox.run(&[
        "agent",
        "sql",
        "execute",
        "--json",
        "--connection-id",
        connection,
        "--sql-file",
        "q.sql",
        "--output",
        file,
        "--no-input",
    ])
}

/// What a command may leave beside its file.
fn unfinished(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(sandbox.project()).expect("the project");
    let names = entries.map(|entry| entry.expect("an entry").path());
    names
        .filter(|path| path.to_string_lossy().contains(".partial-"))
        .collect()
}

#[test]
fn sqlite_rows_become_csv_and_json_lines() {
    let sandbox = shop();
    let written = into_file(&sandbox, "wh", "rows.csv").succeeds();
    assert_eq!(
        written.json(),
        json!({"file": "rows.csv", "format": "csv", "rowCount": 3000, "bytes": sandbox.read("rows.csv").len()})
    );
    let csv = sandbox.read("rows.csv");
    assert!(
        csv.starts_with("id,region,note\n1,r1,\"\"\n2,r2,\n3,r0,\"a \"\"b\"\", c\"\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 3001);
    let _ = into_file(&sandbox, "wh", "new/rows.JSONL").succeeds();
    let lines = sandbox.read("new/rows.JSONL");
    assert!(
        lines.starts_with(
            "{\"id\":1,\"region\":\"r1\",\"note\":\"\"}\n{\"id\":2,\"region\":\"r2\",\"note\":null}\n"
        ),
        "{lines}"
    );
    assert_eq!(lines.lines().count(), 3000);
}

#[test]
fn a_failure_leaves_the_old_file_and_nothing_beside_it() {
    let sandbox = shop();
    sandbox.write("rows.csv", "old");
    sandbox.write("folder.csv/x", "");
    for (sql, file, said) in [
        ("select nope from sales", "rows.csv", "no such column: nope"),
        (
            "select id, abs(-9223372036854775807 - (id > 2000)) as n from sales",
            "rows.csv",
            "integer overflow",
        ),
        ("delete from sales", "rows.csv", "Only read-only SELECT/WITH"),
        (
            "select id, id from sales",
            "rows.jsonl",
            "give one of them another name, or write .csv",
        ),
        ("select id from sales", "rows.parquet", "write .csv or .jsonl"),
        (
            "select id from sales",
            "folder.csv",
            "`folder.csv`: it is a folder",
        ),
        ("select id from sales", "q.sql/rows.csv", "`[PROJECT]/q.sql"),
        (
            "select id from sales",
            "rows.xlsx",
            "`rows.xlsx` does not end in .csv, .jsonl or .parquet",
        ),
    ] {
        sandbox.write("q.sql", sql);
        let refused = into_file(&sandbox, "wh", file);
        assert!(!refused.output.status.success(), "{refused}");
        assert!(refused.to_string().contains(said), "{refused}");
        assert_eq!(sandbox.read("rows.csv"), "old");
        assert_eq!(unfinished(&sandbox), [] as [PathBuf; 0]);
    }
}

#[test]
fn a_query_writes_the_columns_asked_for_and_every_row() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let query = |flags: &[&str]| {
        let all = [&["sl", "query", "--no-input", "--dimension", "sales.id"], flags].concat();
        sandbox.run(&all)
    };
    let written = query(&["--measure", "sales.share", "--execute", "--output", "shares.csv"]).succeeds();
    let said = written.stderr();
    assert!(said.starts_with("wrote 3000 rows to `shares.csv` ("), "{said}");
    let csv = sandbox.read("shares.csv");
    assert!(csv.starts_with("id,share\n1,1.0\n2,0.5\n"), "{csv}");
    let answer = written.json();
    assert_eq!(
        (&answer["rows"], &answer["totalRows"], &answer["plan"]["limit"]),
        (&json!([]), &json!(3000), &json!(null))
    );
    assert_eq!(answer["plan"]["execution"]["mode"], "exported");
    assert!(
        !answer["sql"].as_str().expect("SQL").contains("LIMIT"),
        "{answer}"
    );
    let pretty = query(&[
        "--limit",
        "2",
        "--execute",
        "--format",
        "pretty",
        "--output",
        "two.jsonl",
    ]);
    assert_eq!(pretty.succeeds().stdout(), "");
    assert_eq!(sandbox.read("two.jsonl"), "{\"id\":1}\n{\"id\":2}\n");
    for (flags, said) in [
        (&["--output", "a.csv"] as &[&str], "--execute"),
        (
            &["--execute", "--max-rows", "5", "--output", "a.csv"],
            "cannot be used with",
        ),
    ] {
        let refused = query(flags);
        assert_eq!(refused.output.status.code(), Some(2), "{refused}");
        assert!(refused.stderr().contains(said), "{refused}");
    }
}

const LAKE: &str = "project: shop\nconnections:\n  lake: {driver: duckdb, path: data, readonly: true}\n";

#[test]
fn duckdb_writes_every_format() {
    let Some(shared) = python::with_drivers() else {
        return;
    };
    let sandbox = shared.sandbox(Sandbox::with_config(LAKE));
    sandbox.write("data/a.csv", "id\n1\n2\n");
    sandbox.write(
        "q.sql",
        "select a.id, r.i from a, generate_series(1, 2000) as r(i) order by all",
    );
    for (file, head) in [
        ("rows.csv", "id,i\n1,1\n"),
        ("rows.jsonl", "{\"id\":1,\"i\":1}\n"),
        ("data/b.parquet", ""),
    ] {
        let written = into_file(&sandbox, "lake", file).succeeds();
        assert_eq!(written.json()["rowCount"], 4000, "{written}");
        assert!(head.is_empty() || sandbox.read(file).starts_with(head));
    }
    // What was written is a table now.
    sandbox.write("q.sql", "select count(*) as n, sum(i) as s from b");
    let _ = into_file(&sandbox, "lake", "sum.jsonl").succeeds();
    assert_eq!(sandbox.read("sum.jsonl"), "{\"n\":4000,\"s\":4002000}\n");
    sandbox.write("q.sql", "select nope from b");
    let refused = into_file(&sandbox, "lake", "sum.jsonl");
    assert!(refused.to_string().contains("nope"), "{refused}");
    assert_eq!(sandbox.read("sum.jsonl"), "{\"n\":4000,\"s\":4002000}\n");
    assert_eq!(unfinished(&sandbox), [] as [PathBuf; 0]);
}

/// Waits until something is the case; only a deadline far off ends it.
fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_nothing() {
    let Some(shared) = python::with_drivers() else {
        return;
    };
    let config = format!("{LAKE}  wh: {{driver: sqlite, path: shop.db, readonly: true}}\n");
    let sandbox = shared.sandbox(Sandbox::with_config(&config));
    sandbox.database("shop.db", "create table t (a integer)");
    sandbox.write("data/a.csv", "id\n1\n2\n");
    for (connection, sql) in [
        (
            "wh",
            "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n",
        ),
        (
            "lake",
            "select a.i from generate_series(1, 1000000) a(i), generate_series(1, 1000000) b(i)",
        ),
    ] {
        sandbox.write("q.sql", sql);
        let mut child = sandbox
            .process(&[
                "agent",
                "sql",
                "execute",
                "--json",
                "--connection-id",
                connection,
                "--sql-file",
                "q.sql",
                "--output",
                "rows.csv",
            ])
            .spawn()
            .expect("starts");
        let grows = || {
            let sizes = unfinished(&sandbox).into_iter().map(fs_err::metadata);
            sizes.flatten().any(|found| found.len() > 0)
        };
        wait_until("the file never grew", grows);
        let _ = std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert_eq!(child.wait().expect("ends").code(), Some(130));
        assert!(!sandbox.exists("rows.csv"));
        assert_eq!(unfinished(&sandbox), [] as [PathBuf; 0]);
    }
}
