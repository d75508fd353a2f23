//! What customers do: monthly use of features, and tickets.

use jiff::ToSpan as _;
use jiff::civil::date;
use rusqlite::{Connection, params};

use super::company::{EMPLOYEES, FEATURES};
use super::customers::{Account, TODAY};
use super::random::Random;

const SCHEMA: &str = "
create table product_usage (
    id integer primary key, account_id integer not null references accounts (id),
    feature_id integer not null references features (id), month date not null,
    events integer not null, active_users integer not null
);
create table tickets (
    id integer primary key, account_id integer not null references accounts (id),
    opened_by_id integer not null references users (id), assignee_id integer references employees (id),
    priority text not null, status text not null, opened_on date not null, resolved_on date,
    minutes integer not null, satisfaction integer
);
";

const PRIORITIES: [((&str, i64), i64); 4] = [
    (("low", 40), 40),
    (("normal", 70), 40),
    (("high", 150), 15),
    (("urgent", 240), 5),
];

pub fn write(connection: &Connection, random: &mut Random, accounts: &[Account]) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    let mut usage = connection.prepare("insert into product_usage values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut id = 0;
    for account in accounts {
        for month in 0..12 {
            let day = date(2025, 1, 1).saturating_add(month.months());
            if day < account.created || account.churned.is_some_and(|churned| day > churned) {
                continue;
            }
            for _ in 0..2 {
                id += 1;
                let active = random.between(1, account.users.len() as i64);
                let events = active * account.activity * random.between(3, 30);
                let feature = random.between(1, FEATURES);
                usage.execute(params![id, account.id, feature, day.to_string(), events, active])?;
            }
        }
    }
    write_tickets(connection, random, accounts)
}

fn write_tickets(connection: &Connection, random: &mut Random, accounts: &[Account]) -> rusqlite::Result<()> {
    let mut ticket =
        connection.prepare("insert into tickets values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    let mut id = 0;
    for account in accounts {
        for _ in 0..random.between(0, 4 + account.activity) {
            let opened = random.later(account.created, 3, 1_200);
            if opened > TODAY || account.churned.is_some_and(|churned| opened > churned) {
                continue;
            }
            id += 1;
            let (priority, effort) = *random.weighted(&PRIORITIES);
            let resolved = random
                .chance(92)
                .then(|| random.later(opened, 0, 20))
                .filter(|day| *day <= TODAY);
            let satisfaction = resolved.and_then(|_| random.chance(55).then(|| random.between(1, 5)));
            ticket.execute(params![
                id,
                account.id,
                random.pick(&account.users),
                resolved.map(|_| random.between(2, EMPLOYEES)),
                priority,
                if resolved.is_some() { "resolved" } else { "open" },
                opened.to_string(),
                resolved.map(|day| day.to_string()),
                random.between(effort / 3, effort * 2),
                satisfaction,
            ])?;
        }
    }
    Ok(())
}
