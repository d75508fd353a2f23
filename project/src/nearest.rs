//! "Did you mean …": the known names closest to a mistyped one.

/// At most three names, the closest first; none that is further away than a third of the word.
pub fn among<'n>(wanted: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let wanted_lower = wanted.to_lowercase();
    let mut scored: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let distance = strsim::damerau_levenshtein(&wanted_lower, &lower);
            let related = lower.contains(&wanted_lower) || wanted_lower.contains(&lower);
            let close = distance <= 1 + wanted.chars().count() / 3;
            (close || (related && wanted.len() > 2)).then_some((distance, name))
        })
        .collect();
    scored.sort();
    scored.dedup();
    scored
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// The hint that offers them, if there are any.
pub fn hint(names: &[String]) -> Option<String> {
    match names {
        [] => None,
        names => {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            Some(format!("did you mean {}?", quoted.join(" or ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::among;

    #[test]
    fn offers_close_names_and_nothing_far_fetched() {
        let known = ["contracts", "accounts", "invoices", "contract_lines"];
        for (wanted, offered) in [
            ("contarcts", vec!["contracts"]),
            ("CONTRACTS", vec!["contracts"]),
            ("invoice", vec!["invoices"]),
            ("weather", vec![]),
        ] {
            assert_eq!(among(wanted, known), offered, "{wanted}");
        }
    }
}
