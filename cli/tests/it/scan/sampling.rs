//! Joins by sampled values: few statements, whatever the number of columns, and none asked twice.

use std::time::{Duration, Instant};

use super::CONFIG;
use crate::sandbox::{Sandbox, Transcript};

/// So many pairs of tables, in which every child has a column that names its parent.
const PAIRS: usize = 120;

fn pairs() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    let pair = |n: usize| {
        format!(
            "create table parent{n} (id integer primary key);
             create table child{n} (id integer primary key, parent{n}_id integer);
             insert into parent{n} values (1), (2), (3);
             insert into child{n} values (1, 1), (2, 2), (3, 3), (4, 1);\n"
        )
    };
    let tables: String = (0..PAIRS).map(pair).collect();
    sandbox.database("zoo.db", &format!("begin; {tables} commit;"));
    sandbox
}

fn scan(sandbox: &Sandbox) -> Transcript {
    sandbox
        .run(&["dev", "scan", "wh", "--detect-relationships"])
        .succeeds()
}

fn answers(sandbox: &Sandbox) -> String {
    let path = ".ktx/cache/scans/wh.jsonl";
    match sandbox.exists(path) {
        true => sandbox.read(path),
        false => String::new(),
    }
}

#[test]
fn many_columns_take_few_statements() {
    let sandbox = pairs();
    let scanned = scan(&sandbox).stdout();
    assert!(scanned.contains("  Accepted: 120\n"), "{scanned}");
    assert!(
        scanned.contains("  Samples: 120 columns in 3 statements\n"),
        "{scanned}"
    );
    let bytes = scanned
        .split("Catalog: ")
        .nth(1)
        .and_then(|rest| rest.split(" bytes").next());
    let bytes: usize = bytes.expect("bytes").parse().expect("a number");
    let per_table = bytes / (2 * PAIRS);
    assert!(
        scanned.contains(&format!("bytes, {per_table} per table\n")),
        "{scanned}"
    );
    assert!((100..2_000).contains(&per_table), "{scanned}");
    assert_eq!(answers(&sandbox), "");
}

/// A column of it names a parent, and its rows never end.
const ENDLESS: &str = "create view z_endless as
    with recursive n(i) as (select 1 union all select i % 3 + 1 from n) select i as parent1_id from n;";

#[test]
#[cfg(unix)]
fn a_scan_that_was_cut_off_goes_on() {
    let sandbox = pairs();
    sandbox.database("zoo.db", ENDLESS);
    let mut child = sandbox
        .process(&["dev", "scan", "wh", "--detect-relationships"])
        .spawn()
        .expect("starts");
    let deadline = Instant::now() + Duration::from_secs(120);
    while answers(&sandbox).lines().filter(|line| !line.is_empty()).count() < 100 {
        assert!(Instant::now() < deadline, "two statements were never answered");
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    // Whatever was being written when it ended is not taken for an answer.
    sandbox.write(
        ".ktx/cache/scans/wh.jsonl",
        answers(&sandbox) + "[\"count(*) as lo",
    );
    sandbox.database("zoo.db", "drop view z_endless");
    let scanned = scan(&sandbox).stdout();
    assert!(scanned.contains("  Accepted: 120\n"), "{scanned}");
    assert!(
        scanned.contains("  Samples: 120 columns in 1 statement\n"),
        "{scanned}"
    );
    assert!(
        scanned.contains("  Known from a scan that was cut off: 100\n"),
        "{scanned}"
    );
    assert_eq!(answers(&sandbox), "");
    // The next one asks again.
    assert!(scan(&sandbox).stdout().contains("in 3 statements\n"));
}

#[test]
fn columns_that_may_mean_any_of_many_tables_are_left_out() {
    let sandbox = pairs();
    sandbox.database(
        "zoo.db",
        "create table log (id integer primary key, foo_id integer)",
    );
    let scanned = scan(&sandbox).stdout();
    assert!(
        scanned.contains("  Samples: 120 columns in 3 statements\n"),
        "{scanned}"
    );
    assert!(
        scanned.contains("relationship_candidates_left_out: 1 column ends like a key and names no table"),
        "{scanned}"
    );
}

#[test]
fn tables_without_any_declared_key_have_the_one_that_their_values_show() {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.database(
        "zoo.db",
        "create table owners (id integer, name text);
         create table vets (vet_id text, name text);
         create table pets (id integer, owner_id integer, vet_id text, kind_id integer);
         create table kinds (id integer, name text);
         insert into owners values (1, 'Ann'), (2, 'Bo');
         insert into vets values ('v1', 'Cy'), ('v2', 'Di');
         insert into kinds values (1, 'cat'), (1, 'dog');
         insert into pets values (1, 1, 'v1', 1), (2, 1, 'v2', 1), (3, 2, 'v1', 1);",
    );
    let scanned = scan(&sandbox).stdout();
    // Not to kinds, whose id is there twice.
    assert!(scanned.contains("  Accepted: 2\n"), "{scanned}");
    let shard = sandbox.read("semantic-layer/wh/_schema/public.yaml");
    for join in ["pets.owner_id = owners.id", "pets.vet_id = vets.vet_id"] {
        assert!(shard.contains(join), "{shard}");
    }
    assert!(!shard.contains("kinds.id"), "{shard}");
}
