//! The walk of the package's README, block by block and in its order, as a new user pastes it.
//!
//! `npx @kaelio/ktx` is the program under test here; that the package brings it is what the smoke scenarios prove.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::cargo::cargo_bin;

use crate::sandbox::{Sandbox, python};

const SHOP: &str = "
create table customers (id integer primary key, region text, referrer_id integer references customers (id));
create table orders (id integer primary key, customer_id integer references customers (id), status text, amount numeric);
insert into customers values (1, 'North', null), (2, 'South', 1);
insert into orders values (1, 1, 'paid', 30), (2, 1, 'open', 5), (3, 2, 'paid', 12);
";

/// A fenced block: its language and its lines.
struct Block {
    language: String,
    text: String,
}

fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block {
            language: language.to_owned(),
            text: text.join("\n"),
        });
    }
    blocks
}

#[test]
#[cfg(unix)]
fn every_block_of_the_walk_works_as_written() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(Sandbox::new());
    let readme = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../npm/README.md"))
        .expect("reads");
    let walk = readme
        .split("## First use")
        .nth(1)
        .expect("the walk")
        .split("### Installed")
        .next()
        .expect("its end");
    let mut working = sandbox.project();
    let mut ran = 0;
    for block in blocks(walk) {
        match block.language.as_str() {
            "sh" => working = paste(&sandbox, &working, &block.text),
            "yaml" | "lookml" => {
                let name = block
                    .text
                    .lines()
                    .next()
                    .and_then(|line| line.strip_prefix("# "))
                    .expect("names its file");
                let file = working.join(name);
                fs_err::create_dir_all(file.parent().expect("a folder")).expect("makes");
                fs_err::write(file, &block.text).expect("writes");
                if name == "ktx.yaml" && !working.join("shop.db").exists() {
                    rusqlite::Connection::open(working.join("shop.db"))
                        .and_then(|shop| shop.execute_batch(SHOP))
                        .expect("a shop");
                }
            }
            "json" => serve(&sandbox, &working, &block.text),
            language => panic!("a block that nothing runs: {language}"),
        }
        ran += 1;
    }
    assert!(ran >= 17, "the walk has {ran} blocks");
}

/// Runs a block in a shell; gives the folder it ends in.
fn paste(sandbox: &Sandbox, working: &Path, block: &str) -> PathBuf {
    let script = block.replace("npx @kaelio/ktx", &cargo_bin!("ktx").display().to_string());
    let ended = sandbox.root().join("working-folder");
    let mut command = std::process::Command::new("sh");
    command.args(["-e", "-c", &format!("{script}\npwd > '{}'\n", ended.display())]);
    let output = command
        .env_clear()
        .envs(sandbox.environment())
        .current_dir(working)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{script}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    PathBuf::from(fs_err::read_to_string(ended).expect("reads").trim_end())
}

/// Starts the server of an MCP client's settings and says hello to it.
fn serve(sandbox: &Sandbox, working: &Path, settings: &str) {
    let settings: serde_json::Value = serde_json::from_str(settings).expect("JSON");
    let server = &settings["mcpServers"]["ktx"];
    let arguments = server["args"].as_array().expect("arguments").iter();
    let arguments: Vec<String> = arguments
        .filter_map(|argument| argument.as_str())
        .map(|argument| argument.replace("/path/to", &working.display().to_string()))
        .collect();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let called: Vec<&str> = arguments.drain(..2).collect();
    assert_eq!(
        (server["command"].as_str(), called.as_slice()),
        (Some("npx"), &["-y", "@kaelio/ktx"][..])
    );
    let mut command = sandbox.command(&arguments);
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"readme","version":"1"}}}"#;
    let run = command
        .current_dir(working)
        .write_stdin(format!("{hello}\n"))
        .assert();
    let answer: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).expect("one message");
    assert_eq!(answer["result"]["serverInfo"]["name"], "ktx");
}
