//! Writers of the wiki that know nothing of each other: processes at once, processes that are killed, hostile names.

use std::process::Stdio;

use serde_json::json;

use crate::sandbox::Sandbox;
use crate::sandbox::mcp::Client;

const CONFIG: &str = "project: zoo\nconnections:\n  wh: {driver: sqlite, path: zoo.db, readonly: true}\n";
const ORDERS: &str = "name: orders\ntable: orders\ngrain: [id]\ncolumns: [{name: id, type: number}]\n";

fn zoo() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.write("semantic-layer/wh/orders.yaml", ORDERS);
    sandbox
}

/// Each of two processes sets what the other leaves alone: a page has both in the end.
#[test]
fn two_processes_at_once_lose_nothing_of_a_page() {
    let sandbox = zoo();
    for round in 0..40 {
        let key = format!("page-{round}");
        let write = |more: [&str; 2]| {
            let page = ["wiki", "write", &key, "--summary", "A page", "--content", "Text"];
            let mut command = sandbox.process(&[&page, &more[..]].concat());
            command.stdout(Stdio::null()).spawn().expect("starts")
        };
        let writers = [write(["--tag", "zoo"]), write(["--sl-ref", "orders"])];
        for mut writer in writers {
            assert!(writer.wait().expect("ends").success(), "{key}");
        }
        assert_eq!(
            sandbox.read(&format!("knowledge/global/{key}.md")),
            "---\nsummary: A page\ntags:\n  - zoo\nsl_refs:\n  - orders\n---\n\nText\n"
        );
    }
}

/// Wherever a writer is killed, the page is whole, the one before or the new one, and the next writer goes on.
#[test]
fn a_writer_that_is_killed_leaves_a_whole_page() {
    let sandbox = zoo();
    let text = |round: u64| format!("{round} ").repeat(300_000).trim().to_owned();
    let mut before = None;
    for round in 0..20 {
        sandbox.write("page.md", text(round));
        let arguments = ["wiki", "write", "long", "--summary", "Long", "--file", "page.md"];
        let mut writer = sandbox
            .process(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(std::time::Duration::from_millis(round * 3));
        // It may have ended already.
        let _ = writer.kill();
        let _ = writer.wait();
        let pages = sandbox.run(&["wiki", "validate"]).succeeds();
        assert!(pages.stderr().is_empty(), "{pages}");
        if sandbox.exists("knowledge/global/long.md") {
            let page = sandbox.read("knowledge/global/long.md");
            let (_, content) = page.rsplit_once("---\n\n").expect("a page");
            let written = [Some(round), before].into_iter().flatten();
            let whole = written.filter(|round| content.trim_end() == text(*round)).max();
            before = Some(whole.unwrap_or_else(|| panic!("torn: {} bytes", content.len())));
        } else {
            assert_eq!(before, None, "a page that was there stays");
        }
    }
    let last = ["wiki", "write", "long", "--summary", "Long", "--content", "short"];
    let _ = sandbox.run(&last).succeeds();
    assert!(
        sandbox
            .read("knowledge/global/long.md")
            .ends_with("---\n\nshort\n")
    );
}

#[test]
fn a_page_for_everyone_keeps_its_tags_beside_an_own_page_of_its_name() {
    let sandbox = zoo();
    let write = |more: &[&str]| {
        let page = ["wiki", "write", "arr", "--summary", "ARR", "--content", "Text"];
        let _ = sandbox.run(&[&page, more].concat()).succeeds();
    };
    write(&["--tag", "finance"]);
    write(&["--scope", "user", "--tag", "mine"]);
    write(&["--sl-ref", "orders"]);
    assert_eq!(
        sandbox.read("knowledge/global/arr.md"),
        "---\nsummary: ARR\ntags:\n  - finance\nsl_refs:\n  - orders\n---\n\nText\n"
    );
}

/// Neither a user nor a key leads anywhere but to its own file, by whichever way it comes.
#[test]
fn hostile_users_and_keys_are_refused_everywhere() {
    let sandbox = zoo();
    let before = sandbox.read("ktx.yaml");
    let hostile = [
        "..",
        ".",
        "",
        "../../ktx",
        "/etc/passwd",
        "a/../../b",
        "a\\b",
        "C:x",
        "con",
        "a\u{0}b",
        "a\nb",
        "~root",
        "größe",
    ];
    for name in hostile.into_iter().filter(|name| !name.contains('\0')) {
        for command in [
            ["wiki", "list", "--user-id", name].as_slice(),
            &["wiki", "read", "--user-id", name, "a"],
            &["wiki", "search", "--user-id", name, "a"],
            &["wiki", "read", "--", name],
            &[
                "wiki",
                "write",
                "--summary",
                "x",
                "--content",
                "x",
                "--user-id",
                name,
                "--scope",
                "user",
                "a",
            ],
            &["wiki", "write", "--summary", "x", "--content", "x", "--", name],
        ] {
            let refused = sandbox.run(command);
            assert_eq!(refused.output.status.code(), Some(1), "{refused}");
            assert!(
                refused
                    .stderr()
                    .starts_with(&format!("Unsafe wiki page id: {name}")),
                "{refused}"
            );
        }
    }
    let mut client = Client::start(&sandbox, &[]);
    for name in hostile {
        for (tool, arguments) in [
            ("knowledge_read", json!({"key": name})),
            (
                "knowledge_write",
                json!({"key": name, "summary": "x", "content": "x"}),
            ),
        ] {
            let refused = client.refused(tool, &arguments);
            assert!(
                refused.starts_with("Unsafe wiki page id: "),
                "{tool} {name:?}: {refused}"
            );
        }
    }
    assert!(!sandbox.exists("knowledge"), "nothing was written");
    assert_eq!(sandbox.read("ktx.yaml"), before);
}
