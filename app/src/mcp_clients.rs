//! The configuration files of MCP clients: how each registers this project's server, and how the entry is added to a
//! file that people wrote.

use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use ktx_project::files;
use ktx_runtime::Environment;
use serde_json::{Value, json};
use toml_edit::{DocumentMut, Item, Table, value};

use crate::{App, Error, runner};

/// What the server is called in every client.
const NAME: &str = "ktx";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum McpClient {
    ClaudeCode,
    Cursor,
    Vscode,
    Codex,
}

/// The program that a client starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub command: String,
    pub arguments: Vec<String>,
}

/// What adding the entry did, or would do, to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Added,
    Replaced,
    Unchanged,
}

impl Launch {
    /// The server of a project, started as this program was, from any folder.
    pub fn of_project(environment: &Environment, project: &Path) -> Self {
        let called = runner::command(environment);
        let mut words: Vec<&str> = called.split(' ').collect();
        if words.first() == Some(&"npx") {
            // A client cannot answer npm's question.
            words.insert(1, "-y");
        }
        if cfg!(windows) {
            // What runs packages is a script there, which only a shell starts.
            words.splice(0..0, ["cmd", "/c"]);
        }
        words.extend([
            "serve",
            "--mcp",
            "stdio",
            "--semantic-compute",
            "--execute-queries",
            "--yes",
        ]);
        words.push("--project-dir");
        let mut words = words.into_iter().map(str::to_owned);
        Self {
            command: words.next().unwrap_or_default(),
            arguments: words.chain([project.display().to_string()]).collect(),
        }
    }
}

impl McpClient {
    /// Where the client looks: in the folder that it is opened in, or in the user's home.
    ///
    /// # Errors
    /// When that folder is not known.
    pub fn file(self, app: &App) -> Result<PathBuf, Error> {
        let inner = match self {
            Self::ClaudeCode => ".mcp.json",
            Self::Cursor => ".cursor/mcp.json",
            Self::Vscode => ".vscode/mcp.json",
            Self::Codex => return codex_home(&app.environment).map(|home| home.join("config.toml")),
        };
        let working = app
            .environment
            .current_dir()
            .ok_or_else(|| Error::refused("failed to find the working folder: it is gone"))?;
        Ok(working.join(inner))
    }

    /// A file with only the entry.
    pub fn block(self, launch: &Launch) -> String {
        match self.merged("", launch) {
            Ok((text, _)) => text,
            // An empty file can always be added to.
            Err(error) => error.to_string(),
        }
    }

    /// The text of the file with the entry in it; everything else stays as it is.
    ///
    /// # Errors
    /// With the reason, when the text is not what the client reads.
    pub fn merged(self, text: &str, launch: &Launch) -> Result<(String, Change), Error> {
        match self {
            Self::ClaudeCode | Self::Cursor => into_json(text, "mcpServers", &entry(launch)),
            Self::Vscode => {
                let mut entry = entry(launch);
                entry["type"] = "stdio".into();
                into_json(text, "servers", &entry)
            }
            Self::Codex => into_toml(text, launch),
        }
    }

    /// Adds the entry to the client's file.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written; then it is as it was.
    pub fn register(self, file: &Path, launch: &Launch) -> Result<Change, Error> {
        let text = match fs_err::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ktx_project::Error::io("read", file, error).into()),
        };
        let (merged, change) = self.merged(&text, launch).map_err(|reason| {
            Error::hinted(
                format!("failed to change `{}`: {reason}", file.display()),
                "omit --write to print the entry, and add it by hand",
            )
        })?;
        if change != Change::Unchanged {
            files::write(file, merged.as_bytes())?;
        }
        Ok(change)
    }
}

fn codex_home(environment: &Environment) -> Result<PathBuf, Error> {
    let home = |name: &str| environment.variable(name).map(PathBuf::from);
    home("CODEX_HOME")
        .or_else(|| {
            home("HOME")
                .or_else(|| home("USERPROFILE"))
                .map(|home| home.join(".codex"))
        })
        .ok_or_else(|| Error::hinted("failed to find the home folder", "set HOME or CODEX_HOME"))
}

fn entry(launch: &Launch) -> Value {
    json!({"command": launch.command, "args": launch.arguments})
}

fn into_json(text: &str, key: &str, entry: &Value) -> Result<(String, Change), Error> {
    let text = if text.trim().is_empty() { "{\n}\n" } else { text };
    let root = CstRootNode::parse(text, &ParseOptions::default())
        .map_err(|error| Error::refused(error.to_string()))?;
    let shape = || Error::refused(format!("`{key}` is not an object"));
    let servers = root
        .object_value_or_create()
        .ok_or_else(|| Error::refused("it does not hold a JSON object"))?
        .object_value_or_create(key)
        .ok_or_else(shape)?;
    let change = match servers.get(NAME) {
        Some(known) if known.value().and_then(|known| known.to_serde_value()).as_ref() == Some(entry) => {
            Change::Unchanged
        }
        Some(known) => {
            known.set_value(input(entry));
            Change::Replaced
        }
        None => {
            servers.append(NAME, input(entry));
            Change::Added
        }
    };
    Ok((root.to_string(), change))
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(entries) => CstInputValue::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), input(value)))
                .collect(),
        ),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::Null => CstInputValue::Null,
    }
}

fn into_toml(text: &str, launch: &Launch) -> Result<(String, Change), Error> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| Error::refused(error.message().to_owned()))?;
    let mut servers = Table::new();
    servers.set_implicit(true);
    let servers = document
        .entry("mcp_servers")
        .or_insert(Item::Table(servers))
        .as_table_like_mut()
        .ok_or_else(|| Error::refused("`mcp_servers` is not a table"))?;
    let mut server = Table::new();
    server["command"] = value(&launch.command);
    server["args"] = value(launch.arguments.iter().collect::<toml_edit::Array>());
    let change = match servers.get(NAME).and_then(Item::as_table_like) {
        Some(known) => {
            let same = ["command", "args"].iter().all(|key| {
                let shown = |item: Option<&Item>| item.map(|item| item.to_string().trim().to_owned());
                shown(known.get(key)) == shown(server.get(key))
            });
            if same { Change::Unchanged } else { Change::Replaced }
        }
        None => Change::Added,
    };
    match (change, servers.get_mut(NAME).and_then(Item::as_table_like_mut)) {
        (Change::Unchanged, _) => {}
        // What people set beside these two, such as an environment, stays.
        (_, Some(known)) => {
            for key in ["command", "args"] {
                known.insert(key, server[key].clone());
            }
        }
        (_, None) => {
            servers.insert(NAME, Item::Table(server));
        }
    }
    Ok((document.to_string(), change))
}

#[cfg(test)]
mod tests {
    use super::{Change, Launch, McpClient};

    fn launch() -> Launch {
        Launch {
            command: "npx".to_owned(),
            arguments: vec!["-y".to_owned(), "it's \"here\"".to_owned()],
        }
    }

    #[test]
    fn each_client_has_a_form_of_its_own() {
        for (client, block) in [
            (
                McpClient::Cursor,
                "{\n  \"mcpServers\": {\n    \"ktx\": {\n      \"args\": [\"-y\", \"it's \\\"here\\\"\"],\n      \"command\": \"npx\"\n    }\n  }\n}\n",
            ),
            (
                McpClient::Vscode,
                "{\n  \"servers\": {\n    \"ktx\": {\n      \"args\": [\"-y\", \"it's \\\"here\\\"\"],\n      \"command\": \"npx\",\n      \"type\": \"stdio\"\n    }\n  }\n}\n",
            ),
            (
                McpClient::Codex,
                "[mcp_servers.ktx]\ncommand = \"npx\"\nargs = [\"-y\", 'it''s \"here\"']\n",
            ),
        ] {
            let written = client.block(&launch());
            if client == McpClient::Codex {
                let parsed: toml_edit::DocumentMut = written.parse().expect("TOML");
                assert_eq!(
                    parsed["mcp_servers"]["ktx"]["args"][1].as_str(),
                    Some("it's \"here\"")
                );
            } else {
                assert_eq!(written, block);
            }
        }
    }

    #[test]
    fn what_people_wrote_stays() {
        let json = "{\n  // mine\n  \"mcpServers\": {\n    \"other\": {\"command\": \"x\"}, // kept\n  },\n  \"more\": 1\n}\n";
        let toml = "# mine\nmodel = \"m\"\n\n[mcp_servers.other] # kept\ncommand = \"x\"\n\n[mcp_servers.ktx]\ncommand = \"old\"\nenv = { A = \"b\" }\n";
        for (client, text, change, kept) in [
            (
                McpClient::Cursor,
                json,
                Change::Added,
                &["// mine", "// kept", "\"more\": 1"][..],
            ),
            (
                McpClient::Codex,
                toml,
                Change::Replaced,
                &["# mine", "# kept", "model = \"m\"", "env = { A = \"b\" }"],
            ),
        ] {
            let (merged, did) = client.merged(text, &launch()).expect("merges");
            assert_eq!(did, change);
            for piece in kept {
                assert!(merged.contains(piece), "{merged}");
            }
            assert_eq!(
                client.merged(&merged, &launch()).expect("merges again"),
                (merged.clone(), Change::Unchanged),
                "adding twice is adding once"
            );
        }
    }

    #[test]
    fn a_file_of_another_shape_is_left_alone() {
        for (client, text) in [
            (McpClient::Cursor, "[]"),
            (McpClient::Cursor, "{\"mcpServers\": 1}"),
            (McpClient::Vscode, "{"),
            (McpClient::Codex, "mcp_servers = 1"),
            (McpClient::Codex, "= 1"),
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let file = folder.path().join("config");
            fs_err::write(&file, text).expect("writes");
            let error = client.register(&file, &launch()).expect_err("refused");
            assert!(error.to_string().starts_with("failed to change `"), "{error}");
            assert_eq!(fs_err::read_to_string(&file).expect("reads"), text);
        }
    }
}
