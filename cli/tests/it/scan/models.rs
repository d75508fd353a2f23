//! Schemas as real projects have them: what a scan makes of each answers queries without repair by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::schemas::{MUSIC, RENTAL, Schema, TRADING};
use crate::sandbox::postgres::Postgres;
use crate::sandbox::python;
use crate::sandbox::{Sandbox, execute};

/// A measure by a dimension, and the SQL that somebody would write by hand for the same.
type Question = (&'static [&'static str], &'static str);

const RENTAL_QUESTIONS: &[Question] = &[
    (
        &[
            "--measure",
            "sum(payment.amount)",
            "--dimension",
            "staff.address.district",
        ],
        "select a.district, sum(p.amount) from payment p left join staff s on s.staff_id = p.staff_id
         left join address a on a.address_id = s.address_id group by 1",
    ),
    (
        &[
            "--measure",
            "count(payment.payment_id)",
            "--dimension",
            "customer.address.district",
        ],
        "select a.district, count(*) from payment p left join customer c on c.customer_id = p.customer_id
         left join address a on a.address_id = c.address_id group by 1",
    ),
    (
        &[
            "--measure",
            "count(customer.customer_id)",
            "--dimension",
            "address.district",
        ],
        "select a.district, count(*) from customer c left join address a on a.address_id = c.address_id group by 1",
    ),
    (
        &[
            "--measure",
            "count(rental.rental_id)",
            "--dimension",
            "customer.last_name",
        ],
        "select c.last_name, count(*) from rental r left join customer c on c.customer_id = r.customer_id group by 1",
    ),
];

const TRADING_QUESTIONS: &[Question] = &[
    (
        &[
            "--measure",
            "sum(\"Order Details\".\"Quantity\")",
            "--dimension",
            "\"Products\".\"ProductName\"",
        ],
        "select p.\"ProductName\", sum(d.\"Quantity\") from \"Order Details\" d
         left join \"Products\" p on p.\"ProductID\" = d.\"ProductID\" group by 1",
    ),
    (
        &[
            "--measure",
            "count(\"Orders\".\"OrderID\")",
            "--dimension",
            "\"Customers\".\"Company Name\"",
        ],
        "select c.\"Company Name\", count(*) from \"Orders\" o
         left join \"Customers\" c on c.\"CustomerID\" = o.\"CustomerID\" group by 1",
    ),
    (
        &[
            "--measure",
            "count(\"Orders\".\"OrderID\")",
            "--dimension",
            "\"order\".label",
        ],
        "select x.label, count(*) from \"Orders\" o left join \"order\" x on x.id = o.\"Kind\" group by 1",
    ),
    (
        &[
            "--measure",
            "sum(\"Order Details\".\"Quantity\")",
            "--dimension",
            "\"Orders\".\"Customers\".\"Company Name\"",
        ],
        "select c.\"Company Name\", sum(d.\"Quantity\") from \"Order Details\" d
         left join \"Orders\" o on o.\"OrderID\" = d.\"OrderID\"
         left join \"Customers\" c on c.\"CustomerID\" = o.\"CustomerID\" group by 1",
    ),
];

const MUSIC_QUESTIONS: &[Question] = &[
    (
        &["--measure", "count(\"Employee\".\"EmployeeId\")", "--dimension", "\"ReportsTo\".\"LastName\""],
        "select b.\"LastName\", count(*) from \"Employee\" e
         left join \"Employee\" b on b.\"EmployeeId\" = e.\"ReportsTo\" group by 1",
    ),
    (
        &["--measure", "count(\"Customer\".\"CustomerId\")", "--dimension", "\"Employee\".\"LastName\""],
        "select e.\"LastName\", count(*) from \"Customer\" c
         left join \"Employee\" e on e.\"EmployeeId\" = c.\"SupportRepId\" group by 1",
    ),
    (
        &["--measure", "count(\"Track\".\"TrackId\")", "--dimension", "\"Album\".\"Title\""],
        "select a.\"Title\", count(*) from \"Track\" t left join \"Album\" a on a.\"AlbumId\" = t.\"AlbumId\" group by 1",
    ),
    (
        &["--measure", "count(\"Customer\".\"CustomerId\")", "--dimension", "\"Employee\".\"ReportsTo\".\"LastName\""],
        "select b.\"LastName\", count(*) from \"Customer\" c left join \"Employee\" e on e.\"EmployeeId\" = c.\"SupportRepId\"
         left join \"Employee\" b on b.\"EmployeeId\" = e.\"ReportsTo\" group by 1",
    ),
];

const SCHEMAS: [(&str, &Schema, &[Question]); 3] = [
    ("rental", &RENTAL, RENTAL_QUESTIONS),
    ("trading", &TRADING, TRADING_QUESTIONS),
    ("music", &MUSIC, MUSIC_QUESTIONS),
];

/// Rows as a set of texts: neither their order nor how a number is written matters.
fn bag(rows: &Value) -> BTreeMap<String, usize> {
    let mut bag = BTreeMap::new();
    for row in rows.as_array().expect("rows") {
        let cells = row.as_array().expect("a row").iter();
        let cells: Vec<String> = cells
            .map(
                |cell| match (cell, cell.as_str().and_then(|text| text.parse::<f64>().ok())) {
                    (_, Some(number)) => number.to_string(),
                    (Value::Number(number), _) => number
                        .as_f64()
                        .map_or_else(String::new, |number| number.to_string()),
                    (cell, _) => cell.to_string(),
                },
            )
            .collect();
        *bag.entry(cells.join("|")).or_default() += 1;
    }
    bag
}

#[track_caller]
fn check(sandbox: &Sandbox, (flags, by_hand): &Question) {
    let query = [
        "sl",
        "query",
        "--connection-id",
        "wh",
        "--no-include-empty",
        "--execute",
        "--yes",
    ];
    // Rows without a partner are part of the SQL by hand.
    let query: Vec<&str> = query
        .iter()
        .copied()
        .filter(|word| *word != "--no-include-empty")
        .chain(flags.iter().copied())
        .collect();
    let answer = sandbox.run(&query).succeeds().json();
    sandbox.write("by_hand.sql", by_hand);
    let expected = sandbox
        .run(&[&execute("wh", "by_hand.sql", "1000")[..], &["--yes"]].concat())
        .succeeds()
        .json();
    let mut rows = bag(&answer["rows"]);
    // Groups without facts are there by default, and are not part of the SQL by hand.
    rows.retain(|row, _| !row.ends_with("|0") && !row.ends_with("|null"));
    let expected = bag(&expected["rows"]);
    assert_eq!(rows, expected, "{flags:?}: {}", answer["sql"]);
}

/// Also without its foreign keys: then detection has to find them.
#[test]
fn a_sqlite_file_answers_as_it_was_scanned() {
    let Some(shared) = python::shared() else { return };
    for (name, schema, questions) in SCHEMAS {
        let sandbox = shared.sandbox(Sandbox::with_config(
            "project: p\nconnections:\n  wh: {driver: sqlite, path: wh.db, readonly: true}\n",
        ));
        sandbox.database("wh.db", &schema.sql());
        let scan = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
        assert_eq!(scan["warnings"], json!([]), "{name}");
        for question in questions {
            check(&sandbox, question);
        }
    }
}

#[test]
fn a_postgres_database_answers_as_it_was_scanned() {
    let (Some(shared), Some(server)) = (python::shared(), Postgres::start()) else {
        return;
    };
    for (name, schema, questions) in SCHEMAS {
        server.sql(&format!(
            "create schema {name}; set search_path = {name}; {}",
            schema.sql()
        ));
        let sandbox = shared
            .sandbox(Sandbox::with_config(&format!(
                "project: p\nconnections:\n  wh: {{driver: postgres, url: env:WH, readonly: true, schemas: [{name}]}}\n"
            )))
            .variable("WH", server.url());
        let scan = sandbox
            .run(&["dev", "scan", "wh", "--json", "--yes"])
            .succeeds()
            .json();
        assert_eq!(scan["warnings"], json!([]), "{name}");
        for (flags, by_hand) in questions {
            let by_hand = schema.qualified(by_hand, name);
            let by_hand: &'static str = Box::leak(by_hand.into_boxed_str());
            check(&sandbox, &(flags, by_hand));
        }
    }
}

#[test]
fn joins_are_found_where_no_key_is_declared() {
    for (name, schema, expected) in [
        (
            "music",
            &MUSIC,
            &[
                "Album.ArtistId -> Artist.ArtistId",
                "Customer.SupportRepId -> Employee.EmployeeId",
                "Employee.ReportsTo -> Employee.EmployeeId",
                "Track.AlbumId -> Album.AlbumId",
                "Track.MediaTypeId -> MediaType.MediaTypeId",
            ][..],
        ),
        (
            "trading",
            &TRADING,
            &[
                "Order Details.OrderID -> Orders.OrderID",
                "Order Details.ProductID -> Products.ProductID",
                "Orders.CustomerID -> Customers.CustomerID",
                "Orders.ShipVia -> Shippers.ShipperID",
            ],
        ),
    ] {
        let sandbox = Sandbox::with_config(
            "project: p\nconnections:\n  wh: {driver: sqlite, path: wh.db, readonly: true}\n",
        );
        sandbox.database("wh.db", &schema.without_keys());
        let scan = sandbox
            .run(&["dev", "scan", "wh", "--detect-relationships", "--json"])
            .succeeds()
            .json();
        let artifact = scan["artifactPaths"]["enrichmentArtifacts"][0]
            .as_str()
            .expect("a path");
        let found: Value = serde_json::from_str(&sandbox.read(artifact)).expect("json");
        let accepted: Vec<String> = found
            .as_array()
            .expect("a list")
            .iter()
            .filter(|found| found["decision"] == "accepted")
            .map(|found| {
                let text = |key: &str| found[key].as_str().expect("a text").to_owned();
                format!(
                    "{}.{} -> {}.{}",
                    text("fromTable"),
                    text("fromColumn"),
                    text("toTable"),
                    text("toColumn")
                )
            })
            .collect();
        for wanted in expected {
            assert!(
                accepted.iter().any(|found| found == wanted),
                "{name}: {wanted} is not in {accepted:?}"
            );
        }
        assert!(
            !accepted.iter().any(|found| {
                let (from, to) = found.split_once(" -> ").expect("an arrow");
                from == to
            }),
            "{name}: a key onto itself: {accepted:?}"
        );
    }
}
