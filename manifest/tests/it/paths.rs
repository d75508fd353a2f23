//! No text whatever becomes a path outside of the folder it is meant for.

use std::path::{Component, Path};

use ktx_manifest::ArchivePath;
use ktx_manifest::record::InstalledPath;
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, proptest};

/// Texts of pieces that mean something to some operating system, and of any characters between them.
fn texts() -> impl Strategy<Value = String> {
    let pieces = [
        "..", ".", "/", "\\", "C:", "a", "NUL", "~", "%2e", "\0", " ", "\u{202e}", "//?/", "e\u{301}",
        "$HOME",
    ];
    let piece = proptest::prop_oneof![
        6 => prop::sample::select(pieces.map(str::to_owned).to_vec()),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn is_plain(path: &Path) -> bool {
    path.components()
        .skip(1)
        .all(|component| matches!(component, Component::Normal(_)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn archive_paths_stay_below_their_folder(text in texts()) {
        if let Ok(path) = text.parse::<ArchivePath>() {
            let under = path.under(Path::new("/folder"));
            prop_assert!(under.starts_with("/folder") && is_plain(&under), "{under:?}");
            prop_assert_eq!(under.components().count(), 2 + path.names().count());
            prop_assert_eq!(path.as_str(), text);
        }
    }

    #[test]
    fn installed_paths_stay_below_the_environment(text in texts()) {
        let prefix = Path::new("/home/me/.venv");
        let site_packages = prefix.join("lib/python3.12/site-packages");
        if let Ok(path) = text.parse::<InstalledPath>() {
            prop_assert_eq!(path.to_string(), text);
            if let Some(found) = path.resolve(&site_packages, prefix) {
                prop_assert!(found.starts_with(prefix) && is_plain(&found), "{found:?}");
            }
        }
    }
}
