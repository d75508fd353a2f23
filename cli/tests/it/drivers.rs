//! Databases behind drivers that a feature of the runtime brings: installed with the first command that needs one,
//! scanned, and queried.

use serde_json::json;

use crate::sandbox::clickhouse::Clickhouse;
use crate::sandbox::mariadb::Mariadb;
use crate::sandbox::{Sandbox, execute, python};

const LAKE: &str = "project: shop\nconnections:\n  lake: {driver: duckdb, path: data, readonly: true}\n";

/// Two CSV files as tables.
fn lake() -> Sandbox {
    let sandbox = Sandbox::with_config(LAKE);
    sandbox.write("data/customers.csv", "id,region\n1,North\n2,South\n");
    sandbox.write(
        "data/orders.csv",
        "id,customer_id,amount,placed_on\n1,1,10.50,2024-01-31\n2,1,4.50,2024-02-01\n3,2,25,2024-02-02\n",
    );
    sandbox
}

#[test]
fn a_driver_is_installed_with_consent_and_named_without() {
    let Some(sandbox) = python::installable(lake()) else {
        return;
    };
    let refused = sandbox.run(&["connection", "test", "lake", "--no-input"]);
    assert_eq!(refused.output.status.code(), Some(1), "{refused}");
    let said =
        "KTX Python runtime is required for this command. Run: ktx runtime install --feature duckdb --yes";
    assert!(refused.stderr().contains(said), "{refused}");
    let tested = sandbox.run(&["connection", "test", "lake", "--yes"]).succeeds();
    assert_eq!(tested.stdout(), "lake: ok, 2 tables (duckdb)\n");
    assert!(
        tested
            .stderr()
            .contains("Installing KTX Python runtime (duckdb) with uv..."),
        "{tested}"
    );
    let status = sandbox.run(&["runtime", "status", "--json"]).succeeds().json();
    assert_eq!(status["manifest"]["features"], json!(["core", "duckdb"]));
    let _ = sandbox.run(&["runtime", "stop"]);
}

#[test]
fn files_are_scanned_and_queried_through_duckdb() {
    let Some(shared) = python::with_drivers() else {
        return;
    };
    let sandbox = shared.sandbox(lake());
    let scanned = sandbox
        .run(&[
            "dev",
            "scan",
            "lake",
            "--detect-relationships",
            "--json",
            "--no-input",
        ])
        .succeeds()
        .json();
    assert_eq!(scanned["diffSummary"]["tablesAdded"], 2);
    assert_eq!(scanned["driver"], "duckdb");
    let shard = sandbox.read("semantic-layer/lake/_schema/main.yaml");
    assert!(shard.contains("table: main.orders"), "{shard}");
    let query = [
        "sl",
        "query",
        "--measure",
        "sum(orders.amount)",
        "--dimension",
        "orders.customer_id",
        "--order-by",
        "orders.customer_id",
        "--execute",
        "--max-rows",
        "10",
        "--no-input",
    ];
    let answer = sandbox.run(&query).succeeds().json();
    assert_eq!(answer["rows"], json!([[1, 15.0], [2, 25.0]]), "{answer}");
    assert_eq!(answer["plan"]["execution"]["driver"], "duckdb");
    sandbox.write(
        "q.sql",
        "select region, count(*) as n from customers group by all order by 1",
    );
    let rows = sandbox.run(&execute("lake", "q.sql", "10")).succeeds().json();
    assert_eq!(rows["rows"], json!([["North", 1], ["South", 1]]));
    sandbox.write("q.sql", "select * from read_csv('/etc/passwd')");
    let refused = sandbox.run(&execute("lake", "q.sql", "10"));
    assert!(refused.to_string().contains("read_csv"), "{refused}");
}

#[test]
fn a_mysql_server_is_scanned_and_queried() {
    let (Some(shared), Some(server)) = (python::with_drivers(), Mariadb::start()) else {
        return;
    };
    server.sql(
        "create database shop character set utf8mb4; use shop;
         create table customers (id int primary key, region varchar(20) not null comment 'of the world');
         create table orders (id int primary key, customer_id int, amount decimal(8, 2), `placed on` datetime);
         create table `order lines` (id int primary key, order_id int, foreign key (order_id) references orders (id));
         insert into customers values (1, 'North'), (2, 'South');
         insert into orders values (1, 1, 10.50, '2024-01-31 10:00'), (2, 1, 4.50, null), (3, 2, 25, '2024-02-02');",
    );
    let sandbox = shared
        .sandbox(Sandbox::with_config(
            "project: shop\nconnections:\n  wh: {driver: mysql, url: env:SHOP_URL, readonly: true}\n",
        ))
        .variable("SHOP_URL", server.url("shop"));
    let scanned = sandbox
        .run(&[
            "dev",
            "scan",
            "wh",
            "--detect-relationships",
            "--json",
            "--no-input",
        ])
        .succeeds()
        .json();
    assert_eq!(scanned["diffSummary"]["tablesAdded"], 3);
    assert_eq!(scanned["relationships"]["accepted"], 1, "{scanned}");
    let shard = sandbox.read("semantic-layer/wh/_schema/shop.yaml");
    for part in ["source: formal", "source: inferred", "of the world"] {
        assert!(shard.contains(part), "{shard}");
    }
    let query = [
        "sl",
        "query",
        "--measure",
        "sum(orders.amount)",
        "--dimension",
        "customers.region",
        "--order-by",
        "customers.region",
        "--execute",
        "--max-rows",
        "10",
        "--no-input",
    ];
    let answer = sandbox.run(&query).succeeds().json();
    assert_eq!(answer["rows"], json!([["North", 15], ["South", 25]]), "{answer}");
    let tested = sandbox.run(&["connection", "test", "wh"]).succeeds();
    assert_eq!(tested.stdout(), "wh: ok, 3 tables (mysql)\n");
    assert!(
        tested.stderr().contains("so give it a user that cannot write"),
        "{tested}"
    );
    sandbox.write(
        "q.sql",
        "select `placed on` from orders where \"North\" = 'North' order by id",
    );
    let rows = sandbox.run(&execute("wh", "q.sql", "2")).succeeds().json();
    assert_eq!(rows["rows"], json!([["2024-01-31T10:00:00"], [null]]));
}

#[test]
fn a_clickhouse_server_is_scanned_and_queried() {
    let (Some(shared), Some(server)) = (python::with_drivers(), Clickhouse::start()) else {
        return;
    };
    server.sql(
        "create database shop;
         create table shop.customers (id UInt32, region LowCardinality(String) comment 'of the world') order by id;
         create table shop.orders (id Int64, customer_id UInt32, amount Decimal(8, 2), `placed ``on` Nullable(DateTime))
         order by id;
         insert into shop.customers values (1, 'North'), (2, 'South');
         insert into shop.orders values (1, 1, 10.50, '2024-01-31 10:00:00'), (2, 1, 4.50, null), (3, 2, 25, null)",
    );
    let sandbox = shared
        .sandbox(Sandbox::with_config(
            "project: shop\nconnections:\n  wh: {driver: clickhouse, url: env:SHOP_URL, readonly: true}\n",
        ))
        .variable("SHOP_URL", server.url("shop"));
    let scanned = sandbox
        .run(&["dev", "scan", "wh", "--json", "--no-input"])
        .succeeds()
        .json();
    assert_eq!(scanned["diffSummary"]["tablesAdded"], 2);
    let shard = sandbox.read("semantic-layer/wh/_schema/shop.yaml");
    for part in ["of the world", "type: number", "type: time"] {
        assert!(shard.contains(part), "{shard}");
    }
    assert!(!shard.contains("pk: true"), "its keys are not unique: {shard}");
    sandbox.write(
        "semantic-layer/wh/customers.yaml",
        "name: customers\ngrain: [id]\n",
    );
    sandbox.write(
        "semantic-layer/wh/orders.yaml",
        "name: orders\ngrain: [id]\njoins:\n  - {to: customers, on: customer_id = customers.id, relationship: many_to_one}\n",
    );
    let query = [
        "sl",
        "query",
        "--measure",
        "sum(orders.amount)",
        "--dimension",
        "customers.region",
        "--order-by",
        "customers.region",
        "--execute",
        "--max-rows",
        "10",
        "--no-input",
    ];
    let answer = sandbox.run(&query).succeeds().json();
    assert_eq!(answer["rows"], json!([["North", 15], ["South", 25]]), "{answer}");
    let tested = sandbox.run(&["connection", "test", "wh"]).succeeds();
    assert_eq!(tested.stdout(), "wh: ok, 2 tables (clickhouse)\n");
    assert!(
        tested.stderr().contains("so give it a user that cannot write"),
        "{tested}"
    );
    sandbox.write("q.sql", "select `placed ``on` from shop.orders order by id");
    let rows = sandbox.run(&execute("wh", "q.sql", "2")).succeeds().json();
    assert_eq!(rows["rows"], json!([["2024-01-31T10:00:00"], [null]]));
    sandbox.write(
        "q.sql",
        "select * from url('http://127.0.0.1:1/x', 'CSV', 'a Int32')",
    );
    let refused = sandbox.run(&execute("wh", "q.sql", "2"));
    assert!(refused.to_string().contains("url"), "{refused}");
}

/// The first block of a driver's page, line by line in a shell; gives what its last line printed.
#[cfg(unix)]
fn first_query(sandbox: &Sandbox, page: &str) -> serde_json::Value {
    let path = format!("{}/../docs/drivers/{page}", env!("CARGO_MANIFEST_DIR"));
    let page = fs_err::read_to_string(path).expect("the page");
    let block = page
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let lines: Vec<&str> = block.expect("a block").lines().collect();
    assert_eq!(lines.len(), 5, "the first query takes five lines");
    let program = assert_cmd::cargo::cargo_bin!("ktx").display().to_string();
    let mut printed = String::new();
    for line in lines {
        let output = std::process::Command::new("sh")
            .args(["-e", "-c", &line.replacen("ktx ", &format!("{program} "), 1)])
            .env_clear()
            .envs(sandbox.environment())
            .current_dir(sandbox.project())
            .output()
            .expect("a shell");
        assert!(output.status.success(), "{line}\n{output:?}");
        printed = String::from_utf8(output.stdout).expect("text");
    }
    serde_json::from_str(&printed).expect("JSON")
}

#[test]
#[cfg(unix)]
fn the_first_query_of_each_page_works_as_written() {
    let (Some(shared), Some(server), Some(clickhouse)) =
        (python::with_drivers(), Mariadb::start(), Clickhouse::start())
    else {
        return;
    };
    let files = shared.sandbox(Sandbox::new());
    files.write("data/orders.csv", "id,customer_id,amount\n1,1,10\n2,1,5\n3,2,7\n");
    assert_eq!(
        first_query(&files, "duckdb.md")["rows"].as_array().map(Vec::len),
        Some(2)
    );
    server.sql(
        "create database shop; use shop; create table orders (id int primary key, customer_id int, amount int);
         insert into orders values (1, 1, 10), (2, 1, 5), (3, 2, 7)",
    );
    let shop = shared
        .sandbox(Sandbox::new())
        .variable("SHOP_URL", server.url("shop"));
    assert_eq!(
        first_query(&shop, "mysql.md")["rows"].as_array().map(Vec::len),
        Some(2)
    );
    clickhouse.sql(
        "create database shop; create table shop.orders (id Int64, customer_id Int64, amount Int64) order by id;
         insert into shop.orders values (1, 1, 10), (2, 1, 5), (3, 2, 7)",
    );
    let shop = shared
        .sandbox(Sandbox::new())
        .variable("SHOP_URL", clickhouse.url("shop"));
    assert_eq!(
        first_query(&shop, "clickhouse.md")["rows"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[test]
fn a_connection_is_added_tried_and_removed() {
    let sandbox = Sandbox::with_config("project: shop # mine\n");
    sandbox.database("shop.db", "create table t (a integer)");
    let commands: [&[&str]; 11] = [
        &[
            "connection",
            "add",
            "wh",
            "--driver",
            "sqlite",
            "--path",
            "shop.db",
        ],
        &["connection", "list", "--json"],
        &[
            "connection",
            "add",
            "wh",
            "--driver",
            "sqlite",
            "--path",
            "shop.db",
        ],
        &["connection", "add", "x", "--driver", "oracle", "--url", "env:X"],
        &[
            "connection",
            "add",
            "x",
            "--driver",
            "snowflake",
            "--url",
            "env:X",
        ],
        &["connection", "add", "x", "--driver", "duckdb"],
        &["connection", "add", "x", "--driver", "mysql"],
        &[
            "connection",
            "add",
            "x",
            "--driver",
            "postgres",
            "--url",
            "postgres://me:hunter22@h/d",
        ],
        &[
            "connection",
            "add",
            "gone",
            "--driver",
            "sqlite",
            "--path",
            "gone.db",
        ],
        &["connection", "remove", "gone"],
        &["connection", "remove", "gone"],
    ];
    let transcript: String = commands
        .iter()
        .map(|arguments| sandbox.run(arguments).to_string())
        .collect();
    insta::assert_snapshot!(transcript);
    assert_eq!(
        sandbox.read("ktx.yaml"),
        "project: shop # mine\nconnections:\n  wh:\n    driver: sqlite\n    path: shop.db\n    readonly: true\n"
    );
}
