//! The packaged text files, carried in the program itself so that the demo works everywhere.

/// How the demo's `ktx.yaml` begins, which identifies it.
pub const CONFIG_START: &str = "project: orbit-demo\n";

const CONFIG: &str = include_str!("../../../npm/assets/demo/ktx.yaml");

macro_rules! sources {
    ($($name:literal),+ $(,)?) => {
        /// Name and text of every source.
        pub const SOURCES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../npm/assets/demo/semantic-layer/orbit_demo/", $name, ".yaml")))),+
        ];
    };
}

sources!(
    "account_revenue",
    "accounts",
    "contracts",
    "employees",
    "features",
    "invoices",
    "plans",
    "product_usage",
    "regions",
    "tickets",
    "users",
);

/// Key and text of every page of the wiki.
pub const PAGES: &[(&str, &str)] = &[
    (
        "arr-contract",
        include_str!("../../../npm/assets/demo/knowledge/global/arr-contract.md"),
    ),
    (
        "churn",
        include_str!("../../../npm/assets/demo/knowledge/global/churn.md"),
    ),
];

/// Path in the project and text of every file.
pub fn all() -> impl Iterator<Item = (String, &'static str)> {
    let source =
        |(name, text): &(&str, &'static str)| (format!("semantic-layer/orbit_demo/{name}.yaml"), *text);
    let page = |(key, text): &(&str, &'static str)| (format!("knowledge/global/{key}.md"), *text);
    SOURCES
        .iter()
        .map(source)
        .chain(PAGES.iter().map(page))
        .chain([("ktx.yaml".to_owned(), CONFIG)])
}

#[cfg(test)]
mod tests {
    use super::{CONFIG, CONFIG_START, SOURCES};
    use crate::semantic;

    #[test]
    fn every_packaged_source_has_the_shape_of_one() {
        assert!(CONFIG.starts_with(CONFIG_START));
        for (name, text) in SOURCES {
            let definition =
                semantic::validate_text(text).unwrap_or_else(|findings| panic!("{name}: {findings:?}"));
            assert_eq!(definition.name(), *name);
        }
    }
}
