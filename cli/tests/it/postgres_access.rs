//! `ktx connection test` says what the role of a connection could do.

use serde_json::json;

use crate::postgres::zoo;
use crate::sandbox::postgres::Postgres;
use crate::sandbox::python;

/// The layer of the read-only guard that belongs to the database's owner.
#[test]
fn a_role_that_could_write_is_named_and_the_statements_make_one_that_cannot() {
    let (Some(shared), Some(server)) = (python::shared(), Postgres::start()) else {
        return;
    };
    let sandbox = zoo(&shared, &server);
    let owner = sandbox.run(&["connection", "test", "pg"]).succeeds();
    assert_eq!(owner.stdout(), "pg: ok, 3 tables (postgres)\n");
    let said = owner.stderr();
    assert!(
        said.contains(
            "warning: role postgres is a superuser; ktx only reads, so give it a role that cannot write"
        ),
        "{said}"
    );
    let (_, grants) = said
        .split_once("hint: make a role that only reads, and name it in the URL:\n")
        .expect("the statements");
    for statement in grants.lines() {
        server.sql(statement);
    }
    let reader = server.url().replace("postgres@", "ktx_reader@");
    let sandbox = sandbox.variable("ZOO_URL", reader);
    let tested = sandbox.run(&["connection", "test", "pg"]).succeeds();
    assert_eq!(tested.stdout(), "pg: ok, 3 tables (postgres)\n");
    assert!(!tested.stderr().contains("warning"), "{tested}");
    let json = sandbox
        .run(&["connection", "test", "pg", "--json"])
        .succeeds()
        .json();
    assert_eq!((&json["warnings"], json.get("grants")), (&json!([]), None));
    server.sql("grant insert on pets to ktx_reader");
    let json = sandbox
        .run(&["connection", "test", "pg", "--json"])
        .succeeds()
        .json();
    assert!(
        json["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("ktx_reader"),
        "{json}"
    );
    assert!(json["grants"].as_array().expect("statements").len() > 3, "{json}");
}
