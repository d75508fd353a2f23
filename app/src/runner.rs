//! How this program was called, so that the commands it proposes are called the same way: a program that `npx` or its
//! peers downloaded for a single run is not on `PATH`.

use std::path::{Path, PathBuf};

use fs_err as fs;
use ktx_runtime::Environment;
use serde_json::Value;

const PACKAGE: &str = "@kaelio/ktx";

/// The words to call `ktx` with; `ktx` alone where no runner of packages made itself known.
pub fn command(environment: &Environment) -> String {
    let text = |name| environment.text(name).unwrap_or_default();
    let root = PathBuf::from(text("KTX_PACKAGE_ROOT"));
    let executes = text("npm_command") == "exec";
    match text("npm_config_user_agent")
        .split('/')
        .next()
        .unwrap_or_default()
    {
        "npm" if executes => {
            let requested = manifest_around(&root, |folder| folder == "_npx", 2)
                .and_then(|manifest| Some(manifest["_npx"]["packages"][0].as_str()?.to_owned()));
            format!("npx {}", package(requested))
        }
        "pnpm" => match manifest_around(&root, |folder| folder == "dlx", 3) {
            Some(manifest) => format!(
                "pnpm dlx {}",
                package(dependency(&manifest).filter(|named| !is_stable(named)))
            ),
            None if executes => "pnpm exec ktx".to_owned(),
            None => "ktx".to_owned(),
        },
        "bun" if text("npm_lifecycle_event") == "bunx" => {
            format!("bunx {}", package(Some(text("npm_lifecycle_script").to_owned())))
        }
        // Without -q it reports its installation on standard output.
        "yarn" => match manifest_around(&root, |folder| folder.starts_with("dlx-"), 1) {
            Some(manifest) => format!("yarn dlx -q {}", package(dependency(&manifest))),
            None => "ktx".to_owned(),
        },
        // A run without a project has the package in deno's own cache, where no folder is named node_modules.
        "deno" if root.components().all(|part| part.as_os_str() != "node_modules") => {
            format!("deno run --allow-all npm:{PACKAGE}")
        }
        _ => "ktx".to_owned(),
    }
}

/// pnpm notes the version that it found, whatever was requested: a stable one is most likely what `latest` means.
fn is_stable(requested: &str) -> bool {
    requested.rsplit_once('@').is_some_and(|(_, version)| {
        version
            .chars()
            .all(|letter| letter.is_ascii_digit() || letter == '.')
    })
}

/// The package as it was requested, if that was by a tag or an exact version; else the package alone.
fn package(requested: Option<String>) -> String {
    requested
        .filter(|requested| {
            requested
                .strip_prefix(PACKAGE)
                .and_then(|rest| rest.strip_prefix('@'))
                .is_some_and(|tag| {
                    tag.chars().any(char::is_alphanumeric)
                        && tag
                            .chars()
                            .all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
                })
        })
        .unwrap_or_else(|| PACKAGE.to_owned())
}

/// What a project that was made for one run depends on.
fn dependency(manifest: &Value) -> Option<String> {
    Some(format!(
        "{PACKAGE}@{}",
        manifest["dependencies"][PACKAGE].as_str()?
    ))
}

/// A message whose commands can be pasted: each is spelled as `ktx` was called.
pub fn spelled(message: &str, environment: &Environment) -> String {
    let called = command(environment);
    if called == "ktx" {
        return message.to_owned();
    }
    [
        "Run: ",
        "run: ",
        "Run `",
        "run `",
        "or with `",
        "retry: ",
        "Preview with: ",
    ]
    .iter()
    .fold(message.to_owned(), |message, before| {
        message.replace(&format!("{before}ktx "), &format!("{before}{called} "))
    })
}

/// The package.json of a project that was made for one run: `depth` folders from the one that `is_store` knows, which is
/// counted, above the package. An object even when it cannot be read.
fn manifest_around(root: &Path, is_store: impl Fn(&str) -> bool, depth: usize) -> Option<Value> {
    let parts: Vec<_> = root.components().collect();
    let store = parts
        .iter()
        .rposition(|part| part.as_os_str().to_str().is_some_and(&is_store))?;
    let project: PathBuf = parts.iter().take(store + depth).collect();
    let manifest = fs::read(project.join("package.json")).unwrap_or_default();
    Some(serde_json::from_slice(&manifest).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::package;

    #[test]
    fn only_tags_and_exact_versions_are_repeated() {
        for (requested, named) in [
            ("@kaelio/ktx", "@kaelio/ktx"),
            ("@kaelio/ktx@next", "@kaelio/ktx@next"),
            ("@kaelio/ktx@0.1.0-rc.0", "@kaelio/ktx@0.1.0-rc.0"),
            ("@kaelio/ktx@^0.1.0", "@kaelio/ktx"),
            ("@kaelio/ktx@next; rm -rf .", "@kaelio/ktx"),
            ("@kaelio/ktx@", "@kaelio/ktx"),
            ("@kaelio/ktx@file:/x/ktx.tgz", "@kaelio/ktx"),
            ("@kaelio/ktx-other@next", "@kaelio/ktx"),
            ("/x/ktx.tgz", "@kaelio/ktx"),
            ("ktx", "@kaelio/ktx"),
        ] {
            assert_eq!(package(Some(requested.to_owned())), named, "{requested}");
        }
    }
}
