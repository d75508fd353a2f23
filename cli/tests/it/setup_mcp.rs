//! `ktx setup mcp --write` for each client: the entry is added to what is there, replaced when it differs, left alone when
//! it is right; and what changed is said.

use crate::sandbox::Sandbox;

/// A client, where its file is, and a file that its user has written.
const CLIENTS: [(&str, &str, &str); 4] = [
    (
        "claude-code",
        "project/.mcp.json",
        "{\n  // mine\n  \"mcpServers\": {\"other\": {\"command\": \"x\"}}\n}\n",
    ),
    (
        "cursor",
        "project/.cursor/mcp.json",
        "{\"mcpServers\": {\"other\": {\"command\": \"x\"}}, \"more\": 1}\n",
    ),
    (
        "vscode",
        "project/.vscode/mcp.json",
        "{\n  \"inputs\": [],\n  \"servers\": {\n    \"other\": {\"command\": \"x\"}, // kept\n  },\n}\n",
    ),
    (
        "codex",
        "home/.codex/config.toml",
        "# mine\nmodel = \"m\"\n\n[mcp_servers.other] # kept\ncommand = \"x\"\n",
    ),
];

/// What must be in the file however often it is changed.
fn kept(text: &str) -> impl Iterator<Item = &str> {
    let pieces = [
        "// mine",
        "// kept",
        "# mine",
        "# kept",
        "model = \"m\"",
        "\"more\": 1",
        "\"inputs\": []",
        "other",
    ];
    pieces.into_iter().filter(move |piece| text.contains(piece))
}

#[test]
fn the_entry_is_merged_into_what_each_client_has() {
    for (client, path, own) in CLIENTS {
        for own in [None, Some(own)] {
            let sandbox = Sandbox::with_config("project: shop\n");
            let file = sandbox.root().join(path);
            if let Some(own) = own {
                fs_err::create_dir_all(file.parent().expect("a parent")).expect("made");
                fs_err::write(&file, own).expect("written");
            }
            let write = ["setup", "mcp", "--client", client, "--write"];
            let shown = file.display();
            let said = |arguments: &[&str]| sandbox.run(arguments).succeeds();
            let printed = said(&write[..4]);
            assert!(
                printed.stderr().contains(&format!("add this to `{shown}`")),
                "{printed}"
            );
            assert_eq!(
                fs_err::read_to_string(&file).ok().as_deref(),
                own,
                "printing changes nothing"
            );

            assert_eq!(
                said(&write).stdout(),
                format!("Added the server `ktx` to {shown}\n")
            );
            let added = fs_err::read_to_string(&file).expect("the file");
            let project = sandbox.project().display().to_string();
            assert!(
                added.contains(&project),
                "an absolute path works from any folder: {added}"
            );
            assert!(added.contains("\"serve\""), "{added}");
            for piece in kept(own.unwrap_or_default()) {
                assert!(added.contains(piece), "{client} lost {piece}: {added}");
            }

            assert_eq!(
                said(&write).stdout(),
                format!("The server `ktx` is already in {shown}\n")
            );
            assert_eq!(fs_err::read_to_string(&file).expect("the file"), added);

            let moved = added.replace("\"serve\"", "\"old\"");
            fs_err::write(&file, &moved).expect("written");
            assert_eq!(
                said(&write).stdout(),
                format!("Replaced the server `ktx` in {shown}\n")
            );
            let replaced = fs_err::read_to_string(&file).expect("the file");
            assert!(replaced.contains("\"serve\""), "{replaced}");
            for piece in kept(own.unwrap_or_default()) {
                assert!(replaced.contains(piece), "{client} lost {piece}: {replaced}");
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_understood_stays_as_it_is() {
    for (client, path, _) in CLIENTS {
        let sandbox = Sandbox::with_config("project: shop\n");
        let file = sandbox.root().join(path);
        fs_err::create_dir_all(file.parent().expect("a parent")).expect("made");
        fs_err::write(&file, "[[[").expect("written");
        let refused = sandbox.run(&["setup", "mcp", "--client", client, "--write"]);
        assert_eq!(refused.output.status.code(), Some(1), "{refused}");
        assert!(
            refused
                .stderr()
                .contains(&format!("failed to change `{}`", file.display())),
            "{refused}"
        );
        assert_eq!(fs_err::read_to_string(&file).expect("the file"), "[[[");
    }
}
