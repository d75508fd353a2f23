//! Orbit itself: regions, people, plans and the features of its product.

use rusqlite::{Connection, params};

use super::random::Random;
use jiff::civil::date;

pub const EMPLOYEES: i64 = 60;
pub const FEATURES: i64 = 12;
/// Monthly price of a seat, by plan.
pub const PLANS: [(&str, &str, i64); 4] = [
    ("Launch", "starter", 19),
    ("Cruise", "growth", 39),
    ("Apogee", "business", 69),
    ("Station", "enterprise", 99),
];

const SCHEMA: &str = "
create table regions (id integer primary key, name text not null, continent text not null);
create table employees (
    id integer primary key, name text not null, team text not null, manager_id integer references employees (id),
    region_id integer not null references regions (id), hired_on date not null
);
create table plans (id integer primary key, name text not null, tier text not null, seat_price integer not null);
create table features (id integer primary key, name text not null, area text not null);
";

const REGIONS: [(&str, &str); 6] = [
    ("DACH", "Europe"),
    ("Nordics", "Europe"),
    ("UK and Ireland", "Europe"),
    ("North America", "Americas"),
    ("Latin America", "Americas"),
    ("Asia Pacific", "Asia"),
];
const TEAMS: [(&str, i64); 4] = [("sales", 40), ("success", 30), ("support", 25), ("finance", 5)];
const AREAS: [(&str, [&str; 3]); 4] = [
    ("planning", ["roadmaps", "forecasts", "capacity"]),
    ("delivery", ["boards", "releases", "automations"]),
    ("insight", ["dashboards", "exports", "alerts"]),
    ("platform", ["sso", "api", "audit log"]),
];
pub const GIVEN_NAMES: [&str; 20] = [
    "Ada", "Bruno", "Chiara", "Deniz", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Liam",
    "Mina", "Noor", "Otto", "Priya", "Rosa", "Sven", "Tara", "Yuki",
];
pub const FAMILY_NAMES: [&str; 16] = [
    "Adler", "Becker", "Costa", "Dahl", "Eriksen", "Fischer", "Garcia", "Hansen", "Ivanov", "Jensen", "Khan",
    "Lopez", "Meyer", "Novak", "Okafor", "Patel",
];

pub fn write(connection: &Connection, random: &mut Random) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    let mut insert = connection.prepare("insert into regions values (?1, ?2, ?3)")?;
    for (id, (name, continent)) in (1_i64..).zip(REGIONS) {
        insert.execute(params![id, name, continent])?;
    }
    let mut insert = connection.prepare("insert into employees values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for id in 1..=EMPLOYEES {
        // The first leads, the next six are managers, everybody else has one of them.
        let manager = match id {
            1 => None,
            2..=7 => Some(1),
            _ => Some(random.between(2, 7)),
        };
        let team = if id == 1 {
            "finance"
        } else {
            random.weighted(&TEAMS)
        };
        let hired = random.later(date(2019, 1, 7), 0, 1_900).to_string();
        insert.execute(params![
            id,
            person(random),
            team,
            manager,
            random.between(1, 6),
            hired
        ])?;
    }
    let mut insert = connection.prepare("insert into plans values (?1, ?2, ?3, ?4)")?;
    for (id, (name, tier, price)) in (1_i64..).zip(PLANS) {
        insert.execute(params![id, name, tier, price])?;
    }
    let mut insert = connection.prepare("insert into features values (?1, ?2, ?3)")?;
    let features = AREAS
        .iter()
        .flat_map(|(area, names)| names.iter().map(move |name| (name, area)));
    for (id, (name, area)) in (1_i64..).zip(features) {
        insert.execute(params![id, name, area])?;
    }
    Ok(())
}

pub fn person(random: &mut Random) -> String {
    format!("{} {}", random.pick(&GIVEN_NAMES), random.pick(&FAMILY_NAMES))
}
