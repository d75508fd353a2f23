//! `ktx agent tools`: the tools, each with the command line that calls it.

use clap::Args;
use serde::Serialize;

use super::JsonArgument;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct ToolsArguments {
    #[command(flatten)]
    _json: JsonArgument,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolList {
    project_dir: String,
    tools: &'static [Tool],
}

/// A tool by name, and its command line.
#[derive(Debug, Serialize)]
pub struct Tool {
    name: &'static str,
    command: &'static str,
}

/// Every tool of `ktx agent`.
pub const TOOLS: &[Tool] = &[
    Tool {
        name: "context",
        command: "ktx agent context --json",
    },
    Tool {
        name: "sl.list",
        command: "ktx agent sl list --json [--connection-id <id>] [--query <text>]",
    },
    Tool {
        name: "sl.read",
        command: "ktx agent sl read <name> --json [--connection-id <id>]",
    },
    Tool {
        name: "sl.query",
        command: "ktx agent sl query --json --connection-id <id> --query-file <path> [--execute --max-rows <n>]",
    },
    Tool {
        name: "wiki.search",
        command: "ktx agent wiki search <text> --json [--limit <n>]",
    },
    Tool {
        name: "wiki.read",
        command: "ktx agent wiki read <id> --json",
    },
    Tool {
        name: "sql.execute",
        command: "ktx agent sql execute --json --connection-id <id> --sql-file <path> --max-rows <n>",
    },
];

/// Prints the list.
pub fn run(_arguments: &ToolsArguments, session: &Session) -> anyhow::Result<()> {
    let project_dir = session.app.folder()?.dir().display().to_string();
    session.printer.json(&ToolList {
        project_dir,
        tools: TOOLS,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{CommandFactory, Parser};

    use super::TOOLS;
    use crate::commands::Arguments;

    /// The command line with a value for each placeholder, with what is in brackets and without.
    fn spelled(command: &str) -> [Vec<String>; 2] {
        let mut depth = 0_i32;
        let mut forms = [Vec::new(), Vec::new()];
        for word in command.split_whitespace() {
            depth += i32::try_from(word.matches('[').count()).expect("few");
            let bare = word.trim_matches(['[', ']']);
            let value = if bare.starts_with('<') { "7" } else { bare };
            forms[0].push(value.to_owned());
            if depth == 0 {
                forms[1].push(value.to_owned());
            }
            depth -= i32::try_from(word.matches(']').count()).expect("few");
        }
        forms
    }

    #[test]
    fn every_command_line_is_one_that_clap_reads() {
        for tool in TOOLS {
            for words in spelled(tool.command) {
                if let Err(error) = Arguments::try_parse_from(&words) {
                    panic!("{}: {words:?}: {error}", tool.name);
                }
            }
        }
        assert!(
            Arguments::try_parse_from(["ktx", "agent", "context"]).is_err(),
            "the twin: what lacks --json is refused"
        );
    }

    #[test]
    fn every_command_of_the_group_is_a_tool() {
        let mut root = Arguments::command();
        root.build();
        let agent = root.find_subcommand("agent").expect("the group").clone();
        let mut leaves = BTreeSet::new();
        for command in agent
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
        {
            let inner: Vec<_> = command
                .get_subcommands()
                .filter(|command| command.get_name() != "help")
                .collect();
            match inner.as_slice() {
                [] => leaves.extend([command.get_name().to_owned()]),
                inner => leaves.extend(
                    inner
                        .iter()
                        .map(|leaf| format!("{}.{}", command.get_name(), leaf.get_name())),
                ),
            }
        }
        leaves.remove("tools");
        let listed: BTreeSet<String> = TOOLS.iter().map(|tool| tool.name.to_owned()).collect();
        assert_eq!(listed, leaves);
    }
}
