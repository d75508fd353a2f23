//! `entry_points.txt`: which commands a wheel installs. Format: the [specification].
//!
//! [specification]: https://packaging.python.org/en/latest/specifications/entry-points/

use std::collections::BTreeMap;

/// Groups of entry points: names and the objects that they start.
pub type Groups = BTreeMap<String, BTreeMap<String, String>>;

/// The file's text: groups and names sorted.
pub fn render(groups: &Groups) -> String {
    let mut text = String::new();
    for (group, points) in groups {
        text.push_str(&format!("[{group}]\n"));
        for (name, object) in points {
            text.push_str(&format!("{name} = {object}\n"));
        }
        text.push('\n');
    }
    text
}

/// One sentence for each name or reference that an installer could not use.
pub fn refusals(groups: &Groups) -> Vec<String> {
    let mut refusals = Vec::new();
    for (group, points) in groups {
        if group.split('.').any(|word| !is_word(word)) {
            refusals.push(format!("{group:?} is not the name of a group"));
        }
        for (name, object) in points {
            if !is_command(name) {
                refusals.push(format!(
                    "{name:?} is not a name of letters, digits, `-`, `_` and `.`"
                ));
            }
            let is_script = ["console_scripts", "gui_scripts"].contains(&group.as_str());
            if is_script && !is_reference(object) {
                refusals.push(format!("{object:?} of {name:?} is not `package.module:object`"));
            } else if !is_script && !is_reference(object) && !is_dotted(object) {
                let either = "neither `package.module:object` nor `package.module`";
                refusals.push(format!("{object:?} of {name:?} is {either}"));
            }
        }
    }
    refusals
}

/// The module that a reference imports: `ktx_daemon.__main__` of `ktx_daemon.__main__:main`.
pub fn module(object: &str) -> &str {
    object.split([':', '[']).next().unwrap_or(object).trim()
}

/// Whether a name is one that Python can import; ASCII only, as all of ours are.
pub fn is_identifier(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit()) && is_word(name)
}

fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_command(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// `module:object`, both of dotted identifiers. Extras after it are refused: the specification retired them.
fn is_reference(object: &str) -> bool {
    object
        .split_once(':')
        .is_some_and(|(module, object)| is_dotted(module) && is_dotted(object))
}

/// A whole module, which is an entry point except where an installer writes a script that calls something.
fn is_dotted(path: &str) -> bool {
    path.split('.').all(is_identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(name: &str, object: &str) -> Groups {
        let points = BTreeMap::from([(name.to_owned(), object.to_owned())]);
        BTreeMap::from([("console_scripts".to_owned(), points)])
    }

    #[track_caller]
    fn check(name: &str, object: &str, refused: usize) {
        assert_eq!(
            refusals(&groups(name, object)).len(),
            refused,
            "{name} = {object}"
        );
    }

    #[test]
    fn names_and_references_are_those_that_installers_accept() {
        check("ktx-daemon", "ktx_daemon.__main__:main", 0);
        check("ktx", "a:b.c", 0);
        check("../ktx", "a:b", 1);
        check("ktx daemon", "a:b", 1);
        check("", "a:b", 1);
        check("-ktx", "a:b", 1);
        check("ktx", "a", 1);
        check("ktx", "a:b [extra]", 1);
        check("ktx", "a.1:b", 1);
        check("ktx", "a:b\n[other]", 1);
        check("k=x", "import os; x:y", 2);
    }

    #[test]
    fn a_module_is_an_entry_point_of_any_group_but_scripts() {
        for (group, object, refused) in [
            ("pytest11", "pkg.mod", 0),
            ("pytest11", "pkg", 0),
            ("pytest11", "pkg.mod:object", 0),
            ("pytest11", "pkg.1", 1),
            ("pytest11", "pkg:", 1),
            ("pytest11", "", 1),
            ("console_scripts", "pkg.mod", 1),
            ("gui_scripts", "pkg.mod", 1),
        ] {
            let points = BTreeMap::from([("name".to_owned(), object.to_owned())]);
            let groups = BTreeMap::from([(group.to_owned(), points)]);
            assert_eq!(refusals(&groups).len(), refused, "{group}: {object}");
        }
    }

    #[test]
    fn groups_are_sections_in_order() {
        let mut all = groups("ktx-daemon", "ktx_daemon.__main__:main");
        all.insert(
            "a.group".to_owned(),
            BTreeMap::from([("x".to_owned(), "y:z".to_owned())]),
        );
        assert_eq!(
            render(&all),
            "[a.group]\nx = y:z\n\n[console_scripts]\nktx-daemon = ktx_daemon.__main__:main\n\n"
        );
    }
}
