//! Changes as little as possible of a text that people wrote: comments, order, quotes and layout of everything that
//! does not change are kept.
//!
//! Which texts are worth keeping is not known here; the caller reads the result, and rewrites the file if it is wrong.

use std::str::FromStr as _;

use yaml_edit::{AsYaml as _, Document, Mapping, Sequence, YamlNode};

use super::{Key, Node, Value, to_text};

/// Members that tell the items of a list apart; those that an item has count.
const IDENTITY: [&str; 3] = ["name", "to", "on"];

type Entries = [(Key, Node)];

/// The text, changed where `before`, which is how it reads now, differs from `after`. None when it cannot be changed
/// in place.
pub fn amended(text: &str, before: &Node, after: &Node) -> Option<String> {
    let document = Document::from_str(text).ok()?;
    let (Value::Map(before), Value::Map(after)) = (&before.value, &after.value) else {
        return None;
    };
    amend_map(&document.as_mapping()?, before, after)?;
    let text = document.to_string();
    Some(if text.ends_with('\n') { text } else { text + "\n" })
}

fn amend_map(written: &Mapping, before: &Entries, after: &Entries) -> Option<()> {
    for (key, _) in before {
        if find(after, &key.name).is_none() {
            written.remove(key.name.as_str())?;
        }
    }
    let mut previous = None;
    for (key, wanted) in after {
        match find(before, &key.name) {
            Some(now) if now.same_as(wanted) => {}
            Some(now) => amend_entry(written, previous, &key.name, now, wanted)?,
            None => insert(written, previous, &key.name, wanted)?,
        }
        previous = Some(key.name.as_str());
    }
    Some(())
}

fn amend_entry(
    written: &Mapping,
    previous: Option<&str>,
    key: &str,
    now: &Node,
    wanted: &Node,
) -> Option<()> {
    match (&now.value, &wanted.value, written.get(key)) {
        // A default that was not written is written once it is another.
        (_, _, None) => insert(written, previous, key, wanted),
        (Value::Map(now), Value::Map(wanted), Some(YamlNode::Mapping(inner))) => {
            amend_map(&inner, now, wanted)
        }
        (Value::List(now), Value::List(wanted), Some(YamlNode::Sequence(inner))) => {
            amend_list(&inner, now, wanted)
        }
        _ => {
            written.set(key, fragment(wanted)?);
            Some(())
        }
    }
}

/// Behind the key that it follows. Never in front of all: a comment above the first key is about that key.
fn insert(written: &Mapping, previous: Option<&str>, key: &str, wanted: &Node) -> Option<()> {
    let value = fragment(wanted)?;
    let followed = previous.filter(|previous| written.contains_key(*previous));
    match followed.map(str::to_owned).or_else(|| first_key(written)) {
        Some(followed) => written.insert_after(followed, key, value).then_some(()),
        None => {
            written.set(key, value);
            Some(())
        }
    }
}

fn first_key(written: &Mapping) -> Option<String> {
    match written.keys().next()? {
        YamlNode::Scalar(key) => Some(key.as_string()),
        _ => None,
    }
}

fn amend_list(written: &Sequence, before: &[Node], after: &[Node]) -> Option<()> {
    if written.len() != before.len() {
        return None;
    }
    let names: Vec<String> = after.iter().map(identity).collect();
    let mut now: Vec<(String, &Node)> = before.iter().map(|node| (identity(node), node)).collect();
    for position in (0..now.len()).rev() {
        if !names.contains(&now[position].0) {
            written.remove(position)?;
            now.remove(position);
        }
    }
    for (position, (wanted, name)) in after.iter().zip(&names).enumerate() {
        let found = now.iter().skip(position).position(|(known, _)| known == name);
        match found {
            Some(0) => amend_item(written, position, now[position].1, wanted)?,
            // An item that moved is written again at its place.
            Some(further) => {
                written.remove(position + further)?;
                now.remove(position + further);
                insert_item(written, &mut now, position, wanted)?;
            }
            None => insert_item(written, &mut now, position, wanted)?,
        }
    }
    for position in (after.len()..now.len()).rev() {
        written.remove(position)?;
    }
    Some(())
}

fn insert_item<'n>(
    written: &Sequence,
    now: &mut Vec<(String, &'n Node)>,
    position: usize,
    wanted: &'n Node,
) -> Option<()> {
    written.insert(position, fragment(wanted)?);
    give_comments_back(written, position)?;
    now.insert(position, (identity(wanted), wanted));
    Some(())
}

/// An item is put in directly before the next one, under the comments that are about that one: they go back to it.
fn give_comments_back(written: &Sequence, position: usize) -> Option<()> {
    let item = written.get(position)?;
    let entry = item.as_node()?.parent()?;
    let before = std::iter::successors(entry.prev_sibling_or_token(), |element| {
        element.prev_sibling_or_token()
    });
    let mut above: Vec<_> = before
        .take_while(|element| element.as_token().is_some())
        .collect();
    above.reverse();
    let is_comment = |text: &str| text.starts_with('#');
    let first = above
        .iter()
        .position(|element| element.as_token().is_some_and(|token| is_comment(token.text())));
    let Some(first) = first.filter(|_| entry.next_sibling().is_some()) else {
        return Some(());
    };
    let comments = above.split_off(first);
    for element in &comments {
        element.detach();
    }
    let indented = entry.next_sibling_or_token().filter(|next| {
        next.as_token()
            .is_some_and(|token| token.text().trim().is_empty())
    });
    let place = indented.map_or(entry.index(), |indent| indent.index()) + 1;
    entry.parent()?.splice_children(place..place, comments);
    Some(())
}

fn amend_item(written: &Sequence, position: usize, now: &Node, wanted: &Node) -> Option<()> {
    if now.same_as(wanted) {
        return Some(());
    }
    match (&now.value, &wanted.value, written.get(position)) {
        (Value::Map(now), Value::Map(wanted), Some(YamlNode::Mapping(inner))) => {
            amend_map(&inner, now, wanted)
        }
        _ => written.set(position, fragment(wanted)?).then_some(()),
    }
}

fn find<'n>(entries: &'n Entries, name: &str) -> Option<&'n Node> {
    entries
        .iter()
        .find(|(key, _)| key.name == name)
        .map(|(_, node)| node)
}

/// What an item is told by: a map by its naming members, anything else by itself.
fn identity(node: &Node) -> String {
    let named: Vec<String> = IDENTITY
        .iter()
        .filter_map(|member| node.get(member).map(|value| value.to_json().to_string()))
        .collect();
    if named.is_empty() {
        node.to_json().to_string()
    } else {
        named.join(" ")
    }
}

/// The value as this program would write it, to be put into the text.
fn fragment(node: &Node) -> Option<YamlNode> {
    let wrapped = Document::from_str(&to_text(&std::collections::BTreeMap::from([("value", node)]))).ok()?;
    wrapped.as_mapping()?.get("value")
}

#[cfg(test)]
mod tests {
    use super::amended;
    use crate::yaml;

    #[track_caller]
    fn check(text: &str, after: &str, expected: &str) {
        let (before, after) = (
            yaml::parse(text).expect("yaml"),
            yaml::parse(after).expect("yaml"),
        );
        let amended = amended(text, &before, &after).expect("it can be changed in place");
        assert_eq!(amended, expected);
        assert!(yaml::parse(&amended).expect("yaml").same_as(&after));
    }

    #[test]
    fn comments_before_beside_and_behind_keys_stay() {
        check(
            "# head\na: 1 # one\n\n# about b\nb: 'two'   # 2\nc: 3\n# end\n",
            "{a: 2, b: two, c: 3, d: {e: [4]}}",
            "# head\na: 2 # one\n\n# about b\nb: 'two'   # 2\nc: 3\nd:\n  e:\n    - 4\n# end\n",
        );
        check(
            "# head\na: 1 # one\n# about b\nb: 2 # two\n# end\n",
            "{b: 2}",
            "# head\n# about b\nb: 2 # two\n# end\n",
        );
    }

    #[test]
    fn comments_around_list_items_stay() {
        check(
            "l: # list\n  # first\n  - name: x # ex\n    v: 1\n  # second\n  - {name: y, v: 2} # why\n  # behind\n",
            "l: [{name: x, v: 3}, {name: nn, v: 4}, {name: y, v: 2, w: [5]}]",
            "l: # list\n  # first\n  - name: x # ex\n    v: 3\n  - name: nn\n    v: 4\n  # second\n  - {name: y, v: 2, w: [5]} # why\n  # behind\n",
        );
        check("l: [1, 2, 3] # few\n", "l: [1, 3, 4]", "l: [1, 3, 4] # few\n");
    }

    #[test]
    fn block_scalars_and_quotes_stay_beside_a_change() {
        check(
            "text: |\n  # no comment\n  two\nfolded: >-\n  a\n  b\nother: \"1\"\n",
            "{text: \"# no comment\\ntwo\\n\", folded: a b, other: \"2\"}",
            "text: |\n  # no comment\n  two\nfolded: >-\n  a\n  b\nother: \"2\"\n",
        );
        check(
            "text: |\n  old\n  lines\nafter: 1 # beside\n",
            "{text: new, after: 1}",
            "text: new\nafter: 1 # beside\n",
        );
    }

    #[test]
    fn an_item_that_moved_is_found_and_one_that_is_there_twice_goes_once() {
        check(
            "l:\n  - {name: a} # A\n  - {name: b} # B\n  - {name: c} # C\n",
            "l: [{name: c}, {name: a}, {name: b}]",
            "l:\n  - name: c\n  - {name: a} # A\n  - {name: b} # B\n",
        );
        check("l:\n  - x # 1\n  - x # 2\n", "l: [x]", "l:\n  - x # 1\n");
    }
}
