//! `cargo xtask notes`: the notes of a release.

use crate::releaser::Releaser;

#[test]
fn notes_are_the_section_of_the_changelog_and_the_facts() {
    let releaser = Releaser::new("0.1.0");
    insta::assert_snapshot!(releaser.prints(&["notes"]), @r"
    exit 0
    --- stdout
    ### Fixed

    - A fault.
    --- stderr
    there are no verified artifacts of 0.1.0, so the notes do not describe them
    ");
    insta::assert_snapshot!(releaser.prints(&["notes", "0.2.0"]), @r"
    exit 3
    --- stdout
    --- stderr
    error: CHANGELOG.md has no section for 0.2.0: its heading would be `## [0.2.0] - YYYY-MM-DD`
    hint: write what changed into CHANGELOG.md, then run the same command again
    ");
    insta::assert_snapshot!(releaser.prints(&["notes", "1"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: invalid value '1' for '[VERSION]': Invalid public npm package version: 1

    For more information, try '--help'.
    ");
    releaser.checkout.write("CHANGELOG.md", "## 0.1.0\n- x\n");
    insta::assert_snapshot!(releaser.prints(&["notes"]), @r"
    exit 3
    --- stdout
    --- stderr
    error: CHANGELOG.md:1: expected `## [0.1.0] - YYYY-MM-DD`, found `## 0.1.0`
    hint: write what changed into CHANGELOG.md, then run the same command again
    ");
    releaser.publish("0.1.0");
    releaser.checkout.build(&["version", "set", "0.1.1"]);
    releaser.build("0.1.1");
    releaser.prove();
    let said = releaser.prints(&["notes"]);
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{64}", "[SHA256]"),
        (r"[0-9a-f]{40}", "[REVISION]"),
        (r"sha512-[^`]+", "[INTEGRITY]"),
        (r"[\d.]+ (B|kB|MB)\b", "[SIZE]"),
    ]}, { insta::assert_snapshot!(said, @r"
    exit 0
    --- stdout
    ### Fixed

    - A fault.

    ### Files

    | file | size | sha256 |
    | --- | ---: | --- |
    | `kaelio-ktx-0.1.1.tgz` | [SIZE] | `[SHA256]` |
    | `kaelio_ktx-0.1.1-py3-none-any.whl` | [SIZE] | `[SHA256]` |

    Integrity: `[INTEGRITY]`
    Built from: `[REVISION]`

    ### Sizes compared with 0.1.0

    | | before | after | |
    | --- | ---: | ---: | ---: |
    | tarball | [SIZE] | [SIZE] | ±0 % |
    | unpacked | [SIZE] | [SIZE] | ±0 % |
    | [PLATFORM] | [SIZE] | [SIZE] | ±0 % |

    ### Dependencies

    The same as in 0.1.0.

    ### Proven

    - [PLATFORM]: 2 scenarios passed in 2 s
    --- stderr
    ") });
    let json = releaser.prints(&["notes", "--json"]);
    assert!(
        json.starts_with("exit 0\n--- stdout\n{\n  \"version\": \"0.1.1\",\n  \"hasArtifacts\": true,"),
        "{json}"
    );
}
