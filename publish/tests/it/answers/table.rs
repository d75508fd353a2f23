//! The faults: a line for each.

use std::time::Duration;

use ktx_fixtures::registry_proxy::{Answer, Fault, Request};
use serde_json::{Value, json};

use super::case::Command::{self, Promote, Publish, Rollback};
use crate::support::Somebody;

/// What a registry answers.
pub fn faults() -> Vec<Fault> {
    use Answer::{
        Altered, Cut, Document, Edited, Late, Nothing, Old, Page, Redirect, Reset, Rewritten, Status,
        Trickling, Typed, With,
    };
    use Request::{Login, Read, Tags, Tarball, Write};
    let late = Late(Duration::from_millis(300));
    let elsewhere = "http://127.0.0.1:9/";
    let mut faults = Vec::new();
    let mut always = |on, answers: Vec<Answer>| {
        faults.extend(answers.into_iter().map(|answer| Fault::always(on, answer)));
    };
    always(
        Read,
        [204, 301, 401, 403, 404, 429, 500, 502, 503, 504]
            .map(Status)
            .into(),
    );
    always(Read, [200, 403, 404, 502].map(Page).into());
    let documents = ["", "{", "null", "[]", "{}", r#"{"name": "@kaelio/other"}"#];
    always(Read, documents.map(|text| Document(200, text)).into());
    always(
        Read,
        vec![
            Redirect(302, elsewhere),
            Nothing,
            Cut,
            late.clone(),
            Trickling,
            Typed("text/html"),
            Old,
        ],
    );
    always(
        Read,
        vec![
            Edited("no dist", |package| {
                each_version(package, |version| version["dist"] = Value::Null)
            }),
            Edited("no integrity", |package| {
                each_version(package, |version| version["dist"]["integrity"] = Value::Null)
            }),
            Edited("other integrity", |package| {
                each_version(package, |version| {
                    version["dist"]["integrity"] = json!("sha512-AAAA")
                })
            }),
            Edited("tarballs elsewhere", |package| {
                each_version(package, |version| {
                    version["dist"]["tarball"] = json!("http://127.0.0.1:9/x.tgz")
                })
            }),
            Edited("no times", |package| package["time"] = Value::Null),
            Edited("no versions", |package| package["versions"] = Value::Null),
            Edited("no tags", |package| package["dist-tags"] = Value::Null),
            Edited("tags to nowhere", |package| {
                package["dist-tags"] = json!({"latest": "9.9.9", "next": "9.9.9"})
            }),
            Edited("tags that are no versions", |package| {
                package["dist-tags"] = json!({"latest": "new", "next": 3})
            }),
            Edited("without 0.3.0", |package| {
                drop(package["versions"].as_object_mut().unwrap().remove("0.3.0"))
            }),
            Edited("all removed", |package| {
                package["time"]["unpublished"] = json!({"versions": ["0.3.0"]})
            }),
            Edited("all deprecated", |package| {
                each_version(package, |version| version["deprecated"] = json!("no"))
            }),
        ],
    );
    always(
        Read,
        vec![
            Status(304),
            Redirect(302, "/@kaelio%2fktx"),
            With("content-encoding", "gzip"),
            Document(200, r#"{"error": "no such package available"}"#),
            Rewritten("dist-tags twice", |text| {
                text.replacen('{', r#"{"dist-tags": {"latest": "0.3.0", "next": "0.3.0"},"#, 1)
            }),
            Rewritten("a tag twice", |text| {
                text.replacen(r#""latest":"#, r#""latest": "0.0.1", "latest":"#, 1)
            }),
            Rewritten("a tail", |text| format!("{text}{text}")),
            Edited("numbers that no machine has", |package| {
                let huge: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
                each_version(package, |version| version["dist"]["unpackedSize"] = huge.clone());
            }),
            Edited("a clock that runs ahead", |package| {
                let times = package["time"].as_object_mut().unwrap();
                times
                    .values_mut()
                    .for_each(|time| *time = json!("2999-01-01T00:00:00.000Z"));
            }),
        ],
    );
    always(Tags, vec![Status(404), Status(500), Page(200), Nothing]);
    always(
        Tags,
        vec![
            Redirect(302, "/-/package/@kaelio%2fktx/dist-tags"),
            Document(200, "{}"),
        ],
    );
    always(
        Write,
        vec![
            Redirect(307, elsewhere),
            Document(200, r#"{"error": "try later"}"#),
        ],
    );
    always(
        Tags,
        vec![Edited("done already", |tags| {
            *tags = json!({"latest": "0.3.0", "next": "0.3.0"})
        })],
    );
    always(
        Tarball,
        vec![Status(404), Status(503), Page(200), Altered, Cut, Nothing],
    );
    always(
        Write,
        [400, 401, 403, 404, 409, 429, 500, 502, 503].map(Status).into(),
    );
    always(
        Write,
        vec![
            Page(200),
            Page(502),
            Document(201, r#"{"ok": true}"#),
            Nothing,
            late,
        ],
    );
    always(
        Write,
        [401, 403, 404, 409, 500, 503]
            .map(|status| Status(status).after())
            .into(),
    );
    always(
        Write,
        vec![
            Page(502).after(),
            Nothing.after(),
            Document(200, "{").after(),
            Cut,
        ],
    );
    always(Login, [401, 403, 404, 500, 503].map(Status).into());
    always(Login, vec![Page(200), Page(502), Document(200, "{}"), Nothing]);
    faults.extend([Status(404), Page(404), Status(503)].map(|answer| Fault::once(Read, answer)));
    faults.extend([Status(404), Page(404), Status(503), Old].map(|answer| Fault::after_write(1..=2, answer)));
    faults.extend([Status(404), Old, Nothing].map(|answer| Fault::after_write(1..=1000, answer)));
    faults.push(Fault::after_write(2..=3, Status(404)));
    faults.extend([Read, Tags, Tarball, Login, Write].map(|on| Fault::always(on, Reset)));
    // What the plan is made from says that there is nothing to do.
    let done: [fn(&mut Value); 2] = [
        |package| package["dist-tags"] = json!({"latest": "0.3.0", "next": "0.3.0"}),
        |package| package["dist-tags"] = json!({"latest": "0.1.0", "next": "0.3.0"}),
    ];
    faults.extend(done.map(|edit| Fault::once(Read, Edited("done already", edit))));
    faults
}

fn each_version(package: &mut Value, edit: impl Fn(&mut Value)) {
    let versions = package["versions"].as_object_mut().unwrap();
    versions.values_mut().for_each(edit);
}

type Other = fn(&Somebody);

/// What somebody else does between the plan and the write, and in whose way it is.
pub const MEANWHILE: [(&str, Other, &[Command]); 6] = [
    (
        "publishes a higher version",
        |registry| registry.store("0.5.0", &["next"], b"higher"),
        &[Publish],
    ),
    (
        "promotes a higher version",
        |registry| {
            registry.store("0.5.0", &["latest"], b"higher");
            registry.point("next", "0.5.0");
        },
        &[Publish, Promote, Rollback],
    ),
    (
        "publishes under latest alone",
        |registry| registry.store("0.4.0", &["latest"], b"higher"),
        &[Publish, Promote, Rollback],
    ),
    (
        "publishes another line",
        |registry| registry.store("0.0.9", &["release-0.0"], b"another"),
        &[],
    ),
    (
        "moves latest down",
        |registry| registry.store("0.0.9", &["latest"], b"lower"),
        &[Promote, Rollback],
    ),
    (
        "publishes and withdraws",
        |registry| {
            registry.store("0.0.8", &["next"], b"lower");
            registry.point("next", "0.1.0");
        },
        &[],
    ),
];
