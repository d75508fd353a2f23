//! `ktx connection add`: writes a connection into ktx.yaml and tries it.

use clap::Args;
use ktx_app::tools::connections;
use ktx_app::{Python, Workspace};
use ktx_project::config::{Driver, NewConnection};

use crate::arguments::PolicyArguments;
use crate::failure::{AlreadyReported, Usage};
use crate::session::Session;

#[derive(Debug, Args)]
pub struct AddArguments {
    /// The name of the connection
    #[arg(value_name = "CONNECTION")]
    connection: String,
    /// The kind of database: clickhouse, duckdb, mysql, postgres or sqlite; asked for on a terminal
    #[arg(long, value_name = "DRIVER")]
    driver: Option<String>,
    /// The address of a server; `env:NAME` or `file:/PATH` keep its password out of ktx.yaml
    #[arg(long, value_name = "URL", conflicts_with = "path")]
    url: Option<String>,
    /// The file of a SQLite database; the database file, data file or folder of DuckDB
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// A schema to look at, can be repeated
    #[arg(long = "schema", value_name = "SCHEMA")]
    schemas: Vec<String>,
    /// Write it without trying it
    #[arg(long)]
    no_test: bool,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// Exit 1 when it is written and does not work, with the reason.
pub fn run(arguments: AddArguments, session: &Session) -> anyhow::Result<()> {
    let policy = arguments.policy.policy()?;
    let wanted = wanted(&arguments, session)?;
    let id = connections::add(&session.app, &arguments.connection, &wanted)?;
    session
        .printer
        .line(&format!("Added the connection {id} to ktx.yaml"));
    if arguments.no_test {
        return Ok(());
    }
    let workspace = Workspace::open(&session.app)?;
    let python = Python::new(&session.app, policy)?;
    let tested = session.terminal.during("Connecting", || {
        connections::test(&session.app, &workspace, &python, id.as_str())
    })?;
    super::test::show(&tested, session);
    if !tested.ok {
        return Err(AlreadyReported.into());
    }
    session.printer.diagnostic(&format!("Next: ktx ingest {id}"));
    Ok(())
}

/// What the flags say; on a terminal, the rest is asked for.
fn wanted(arguments: &AddArguments, session: &Session) -> anyhow::Result<NewConnection> {
    let ask = |question: &str| -> anyhow::Result<Option<String>> {
        let answer = match arguments.policy.no_input {
            true => None,
            false => session.terminal.ask_line(question),
        };
        session.app.interrupt.check()?;
        Ok(answer.filter(|answer| !answer.is_empty()))
    };
    let mut new = NewConnection {
        driver: match &arguments.driver {
            Some(driver) => driver.clone(),
            None => ask("Which driver (clickhouse, duckdb, mysql, postgres, sqlite)?")?.ok_or_else(|| {
                Usage(
                    "ktx connection add requires --driver: clickhouse, duckdb, mysql, postgres or sqlite"
                        .to_owned(),
                )
            })?,
        },
        url: arguments.url.clone(),
        path: arguments.path.clone(),
        schemas: arguments.schemas.clone(),
    };
    if new.url.is_none() && new.path.is_none() {
        match Driver::parse(&new.driver) {
            Driver::Duckdb => new.path = ask("Which database file, data file or folder of data files?")?,
            Driver::Sqlite => new.path = ask("Which database file?")?,
            Driver::Clickhouse | Driver::Mysql | Driver::Postgres => {
                new.url =
                    ask("Which URL (env:NAME or file:/PATH, which keep its password out of ktx.yaml)?")?;
            }
            Driver::Other(_) => {}
        }
    }
    Ok(new)
}
