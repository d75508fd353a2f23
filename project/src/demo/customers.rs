//! Who buys: accounts, their users, contracts and invoices.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use rusqlite::{Connection, Statement, params};

use super::company::{EMPLOYEES, FAMILY_NAMES, PLANS, person};
use super::random::Random;

/// The demo's present. Fixed, so that the rows do not depend on when it is set up.
pub const TODAY: Date = date(2025, 12, 31);

const ACCOUNTS: i64 = 420;

const SCHEMA: &str = "
create table accounts (
    id integer primary key, name text not null, industry text not null, size text not null,
    region_id integer not null references regions (id), owner_id integer not null references employees (id),
    success_manager_id integer references employees (id), created_on date not null, churned_on date
);
create table users (
    id integer primary key, account_id integer not null references accounts (id), name text not null,
    role text not null, is_active boolean not null, invited_on date not null
);
create table contracts (
    id integer primary key, account_id integer not null references accounts (id),
    plan_id integer not null references plans (id), signed_by_id integer not null references employees (id),
    status text not null, seats integer not null, arr integer not null, starts_on date not null, ends_on date not null
);
create table invoices (
    id integer primary key, contract_id integer not null references contracts (id), status text not null,
    amount integer not null, issued_on date not null, due_on date not null, paid_on date
);
";

const INDUSTRIES: [(&str, i64); 7] = [
    ("manufacturing", 20),
    ("retail", 18),
    ("logistics", 15),
    ("health", 14),
    ("finance", 13),
    ("education", 10),
    ("energy", 10),
];
const SIZES: [((&str, i64, i64), i64); 4] = [
    (("small", 5, 25), 45),
    (("medium", 20, 90), 35),
    (("large", 80, 300), 15),
    (("enterprise", 250, 900), 5),
];
const ENDINGS: [&str; 10] = [
    "Works",
    "Logistics",
    "Foods",
    "Systems",
    "Health",
    "Labs",
    "Energy",
    "Retail",
    "Academy",
    "Mobility",
];
const ROLES: [(&str, i64); 3] = [("admin", 12), ("member", 68), ("viewer", 20)];

/// What later tables need to know about an account.
pub struct Account {
    pub id: i64,
    pub created: Date,
    pub churned: Option<Date>,
    pub users: Vec<i64>,
    /// How busy it is, from 1 to 10.
    pub activity: i64,
}

struct Inserts<'c> {
    account: Statement<'c>,
    user: Statement<'c>,
    contract: Statement<'c>,
    invoice: Statement<'c>,
    next_user: i64,
    next_contract: i64,
    next_invoice: i64,
}

pub fn write(connection: &Connection, random: &mut Random) -> rusqlite::Result<Vec<Account>> {
    connection.execute_batch(SCHEMA)?;
    let mut inserts = Inserts {
        account: connection.prepare("insert into accounts values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?,
        user: connection.prepare("insert into users values (?1, ?2, ?3, ?4, ?5, ?6)")?,
        contract: connection.prepare("insert into contracts values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?,
        invoice: connection.prepare("insert into invoices values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?,
        next_user: 1,
        next_contract: 1,
        next_invoice: 1,
    };
    (1..=ACCOUNTS)
        .map(|id| write_account(&mut inserts, random, id))
        .collect()
}

fn write_account(inserts: &mut Inserts<'_>, random: &mut Random, id: i64) -> rusqlite::Result<Account> {
    let (size, low, high) = *random.weighted(&SIZES);
    let created = random.later(date(2022, 1, 3), 0, 1_380);
    let churned = random
        .chance(14)
        .then(|| random.later(created, 200, 900))
        .filter(|day| *day < TODAY);
    let name = format!("{} {}", random.pick(&FAMILY_NAMES), random.pick(&ENDINGS));
    let success_manager = random.chance(80).then(|| random.between(8, EMPLOYEES));
    inserts.account.execute(params![
        id,
        name,
        random.weighted(&INDUSTRIES),
        size,
        random.between(1, 6),
        random.between(8, EMPLOYEES),
        success_manager,
        created.to_string(),
        churned.map(|day| day.to_string()),
    ])?;
    let seats = random.between(low, high);
    let mut users = Vec::new();
    for _ in 0..(3 + seats / 12).min(25) {
        let invited = random.later(created, 0, 400).min(TODAY).to_string();
        let active = churned.is_none() && random.chance(85);
        let role = random.weighted(&ROLES);
        inserts.user.execute(params![
            inserts.next_user,
            id,
            person(random),
            role,
            active,
            invited
        ])?;
        users.push(inserts.next_user);
        inserts.next_user += 1;
    }
    write_contracts(inserts, random, id, created, churned, seats)?;
    Ok(Account {
        id,
        created,
        churned,
        users,
        activity: random.between(1, 10),
    })
}

/// Yearly contracts one after another until the account leaves or the present is reached; most grow.
fn write_contracts(
    inserts: &mut Inserts<'_>,
    random: &mut Random,
    account: i64,
    created: Date,
    churned: Option<Date>,
    mut seats: i64,
) -> rusqlite::Result<()> {
    let (mut starts, mut plan) = (created, random.between(0, 3));
    while starts <= TODAY && churned.is_none_or(|day| starts < day) {
        let ends = starts.saturating_add(1.year());
        let status = match churned {
            Some(day) if day < ends => "cancelled",
            _ if ends <= TODAY => "renewed",
            _ => "active",
        };
        let (_, _, price) = PLANS[plan.unsigned_abs() as usize];
        let arr = seats * price * 12;
        inserts.contract.execute(params![
            inserts.next_contract,
            account,
            plan + 1,
            random.between(2, EMPLOYEES),
            status,
            seats,
            arr,
            starts.to_string(),
            ends.to_string(),
        ])?;
        for quarter in 0..4 {
            let issued = starts.saturating_add((quarter * 3).months());
            if issued > TODAY || churned.is_some_and(|day| issued > day) {
                break;
            }
            write_invoice(inserts, random, issued, arr / 4)?;
        }
        inserts.next_contract += 1;
        starts = ends;
        seats = (seats * random.between(92, 130) / 100).max(3);
        plan = (plan + i64::from(random.chance(18))).min(3);
    }
    Ok(())
}

fn write_invoice(
    inserts: &mut Inserts<'_>,
    random: &mut Random,
    issued: Date,
    amount: i64,
) -> rusqlite::Result<()> {
    let due = issued.saturating_add(30.days());
    let paid = random
        .chance(93)
        .then(|| random.later(issued, 4, 52))
        .filter(|day| *day <= TODAY);
    let status = match paid {
        Some(_) => "paid",
        None if due < TODAY => "overdue",
        None => "open",
    };
    inserts.invoice.execute(params![
        inserts.next_invoice,
        inserts.next_contract,
        status,
        amount,
        issued.to_string(),
        due.to_string(),
        paid.map(|day| day.to_string()),
    ])?;
    inserts.next_invoice += 1;
    Ok(())
}
