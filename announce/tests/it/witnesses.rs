//! Which registry a release page is a witness of.

use ktx_announce::github::{GithubRelease, notes_on};
use ktx_policy::RegistryUrl;
use ktx_policy::guard::Released;
use serde_json::json;

fn page(tag: &str, body: Option<String>) -> GithubRelease {
    let page = json!({
        "id": 1, "tag_name": tag, "draft": false, "prerelease": false,
        "html_url": "", "upload_url": "", "body": body,
    });
    serde_json::from_value(page).unwrap()
}

#[test]
fn a_page_is_a_witness_of_the_registry_that_it_names() {
    let own: RegistryUrl = "https://registry.example/".parse().unwrap();
    let other: RegistryUrl = "https://other.example/npm/".parse().unwrap();
    let pages = [
        page("v0.1.0", Some(notes_on(&own, "### Fixed\n\n- A fault.\n"))),
        page("v0.2.0", Some(notes_on(&other, ""))),
        page("v0.3.0", None),
        page("v0.4.0", Some("Published on: `nowhere`".to_owned())),
    ];
    let released = Released {
        git_tags: Vec::new(),
        pages: pages.iter().filter_map(GithubRelease::witness).collect(),
    };
    let versions = |registry: &RegistryUrl| -> Vec<String> {
        let pages = released.about(registry).pages;
        pages.iter().map(|page| page.version.to_string()).collect()
    };
    assert_eq!(versions(&own), ["0.1.0", "0.3.0", "0.4.0"]);
    assert_eq!(versions(&other), ["0.2.0", "0.3.0", "0.4.0"]);
}
