//! Three-way merge of a draft: as it was written, as people edited it, and as it would be now.

use crate::yaml::{Key, Node, Value};

/// Members that tell the items of a list apart; the first that an item has counts.
const IDENTITY: [&str; 3] = ["name", "alias", "to"];

/// What people changed stays, whatever the fresh draft says there; everything else is the fresh draft's. Without a
/// `base` everything that is there counts as changed.
pub fn merged(base: Option<&Node>, current: &Node, fresh: &Node) -> Node {
    if base.is_some_and(|base| base.same_as(current)) {
        return fresh.clone();
    }
    let value = match (&current.value, &fresh.value) {
        (Value::Map(now), Value::Map(new)) => Value::Map(merged_map(base, now, new)),
        (Value::List(now), Value::List(new)) if is_named(now) && is_named(new) => {
            Value::List(merged_list(base, now, new))
        }
        _ => current.value.clone(),
    };
    Node {
        value,
        place: current.place,
    }
}

fn merged_map(base: Option<&Node>, current: &[(Key, Node)], fresh: &[(Key, Node)]) -> Vec<(Key, Node)> {
    let find = |entries: &[(Key, Node)], key: &Key| {
        entries
            .iter()
            .find(|(known, _)| known.name == key.name)
            .map(|(_, node)| node.clone())
    };
    let before = |key: &Key| base.and_then(|base| base.get(&key.name));
    let stays = |(key, now): &(Key, Node)| {
        let node = choose(before(key), Some(now), find(fresh, key).as_ref())?;
        Some((key.clone(), node))
    };
    let mut entries: Vec<(Key, Node)> = current.iter().filter_map(stays).collect();
    for (key, new) in fresh {
        if find(current, key).is_none()
            && let Some(node) = choose(before(key), None, Some(new))
        {
            entries.push((key.clone(), node));
        }
    }
    entries
}

fn merged_list(base: Option<&Node>, current: &[Node], fresh: &[Node]) -> Vec<Node> {
    let nothing = Vec::new();
    let old = match base.map(|base| &base.value) {
        Some(Value::List(items)) => items,
        _ => &nothing,
    };
    let find = |items: &[Node], name: &str| items.iter().position(|item| identity(item) == Some(name));
    let mut items = Vec::new();
    for now in current {
        let name = identity(now).unwrap_or_default();
        let before = find(old, name).map(|place| &old[place]);
        let new = find(fresh, name).map(|place| &fresh[place]);
        items.extend(choose(before, Some(now), new));
    }
    for new in fresh {
        let name = identity(new).unwrap_or_default();
        if find(current, name).is_none() {
            items.extend(choose(find(old, name).map(|place| &old[place]), None, Some(new)));
        }
    }
    items
}

/// One entry of the three, each of which may be missing.
fn choose(base: Option<&Node>, current: Option<&Node>, fresh: Option<&Node>) -> Option<Node> {
    match (base, current, fresh) {
        (_, Some(now), Some(new)) => Some(merged(base, now, new)),
        // Gone from the origin: only an untouched one goes.
        (Some(before), Some(now), None) => (!before.same_as(now)).then(|| now.clone()),
        (None, Some(now), None) => Some(now.clone()),
        // Removed by people: it stays away.
        (Some(_), None, _) => None,
        (None, None, new) => new.cloned(),
    }
}

fn is_named(items: &[Node]) -> bool {
    items.iter().all(|item| identity(item).is_some())
}

fn identity(node: &Node) -> Option<&str> {
    IDENTITY
        .iter()
        .find_map(|member| node.get(member).and_then(Node::as_text))
}

#[cfg(test)]
mod tests {
    use super::merged;
    use crate::yaml::{parse, to_text};

    #[track_caller]
    fn check(base: Option<&str>, current: &str, fresh: &str, expected: &str) {
        let read = |text: &str| parse(text).expect("yaml");
        let base = base.map(read);
        let result = merged(base.as_ref(), &read(current), &read(fresh));
        assert!(result.same_as(&read(expected)), "{}", to_text(&result));
    }

    #[test]
    fn what_people_changed_added_or_removed_stays() {
        let base =
            "{description: a, grain: [id], columns: [{name: x, type: string}, {name: y, type: number}]}";
        check(
            Some(base),
            base,
            "{description: b, columns: []}",
            "{description: b, columns: []}",
        );
        let edited = "{description: mine, grain: [id], columns: [{name: x, type: string, description: words}, {name: z, type: time}]}";
        let fresh = "{description: b, grain: [k], columns: [{name: x, type: number}, {name: y, type: number}, {name: w, type: time}]}";
        check(
            Some(base),
            edited,
            fresh,
            "{description: mine, grain: [k], columns: [{name: x, type: number, description: words}, {name: z, type: time}, {name: w, type: time}]}",
        );
        check(
            None,
            edited,
            fresh,
            "{description: mine, grain: [id], columns: [{name: x, type: string, description: words}, {name: z, type: time}, {name: y, type: number}, {name: w, type: time}]}",
        );
    }

    #[test]
    fn what_the_origin_lost_goes_unless_people_changed_it() {
        let base = "{measures: [{name: a, expr: one}, {name: b, expr: two}]}";
        let edited = "{measures: [{name: a, expr: one}, {name: b, expr: three}]}";
        check(
            Some(base),
            edited,
            "{measures: []}",
            "{measures: [{name: b, expr: three}]}",
        );
    }
}
