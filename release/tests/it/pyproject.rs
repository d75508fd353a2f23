//! `pyproject.toml`: what is malformed or incomplete is refused, all of it at once, each by name.

use crate::sources::{Sources, codes};

/// Rows of what is replaced in a sound `pyproject.toml`, with what, and the codes that it is refused with.
#[track_caller]
fn check(rows: &[(&str, &str, &[&str])]) {
    for (from, to, expected) in rows {
        let sources = Sources::new();
        assert_eq!(
            codes(sources.plan_wheel()),
            Vec::<String>::new(),
            "the twin passes"
        );
        sources.replace("python/pyproject.toml", from, to);
        assert_eq!(codes(sources.plan_wheel()), *expected, "{from:?} → {to:?}");
    }
}

const INVALID: &[&str] = &["pyproject-invalid"];
const INCOMPLETE: &[&str] = &["pyproject-incomplete"];
const MALFORMED: &[&str] = &["pyproject-malformed"];

#[test]
fn what_is_no_toml_or_has_unknown_keys_is_malformed() {
    check(&[
        ("[project]\n", "[project\n", MALFORMED),
        ("[project]\n", "[projects]\n", &["pyproject-incomplete"; 7]),
        (
            "dependencies = [\"lkml>=1.3.7,<2\"]",
            "dependancies = []",
            MALFORMED,
        ),
        (
            "dependencies = [\"lkml>=1.3.7,<2\"]",
            "dependencies = \"lkml\"",
            MALFORMED,
        ),
        (
            "module-root = \"\"\n",
            "module-root = \"\"\nnamespace = true\n",
            MALFORMED,
        ),
        (
            "[tool.uv.build-backend]",
            "[tool.ktx]\ndata = []\n[tool.uv.build-backend]",
            MALFORMED,
        ),
    ]);
}

#[test]
fn what_every_wheel_has_must_be_there() {
    for field in [
        "name",
        "version",
        "description",
        "readme",
        "license",
        "license-files",
        "requires-python",
    ] {
        check(&[(&format!("\n{field} = "), &format!("\n# {field} = "), INCOMPLETE)]);
    }
    check(&[
        ("license-files = [\"LICENSE\"]", "license-files = []", INCOMPLETE),
        ("module-name = [\"ktx_daemon\", \"semantic_layer\"]", "", INVALID),
    ]);
}

#[test]
fn names_versions_and_requirements_must_parse() {
    check(&[
        ("name = \"kaelio-ktx\"", "name = \"kaelio ktx\"", INVALID),
        ("name = \"kaelio-ktx\"", "name = \"other\"", INVALID),
        ("version = \"0.0.0\"", "version = \"0.0.0-private\"", INVALID),
        (
            "version = \"0.0.0\"",
            "version = \"1.0\"",
            &["version-not-placeholder"],
        ),
        ("version = \"0.0.0\"", "version = \"1.2.3\"", &[]),
        (">=3.11", "3.11 or so", INVALID),
        ("lkml>=1.3.7,<2", "lkml>>1.3.7", INVALID),
        ("lkml>=1.3.7,<2", "lkml>=1.3.7 ; platform == 'x'", INVALID),
        (
            "lkml>=1.3.7,<2",
            "lkml @ https://packages.example/lkml.whl",
            INVALID,
        ),
        ("torch>=2.2,<3", "torch>=2.x", INVALID),
        ("local-embeddings =", "\"local embeddings\" =", INVALID),
        (
            "local-embeddings =",
            "local_embeddings = []\nlocal-embeddings =",
            INVALID,
        ),
    ]);
}

#[test]
fn descriptive_fields_must_have_their_form() {
    check(&[
        ("\"The payload\"", "\"\"\"The\\npayload\"\"\"", INVALID),
        ("\"README.md\"", "\"README\"", INVALID),
        ("\"README.md\"", "\"../README.md\"", INVALID),
        (
            "\"README.md\"",
            "{ file = \"README.md\", content-type = \"text/html\" }",
            INVALID,
        ),
        (
            "\"README.md\"",
            "{ file = \"README.md\", content-type = \"text/markdown\" }",
            &[],
        ),
        (
            "\"README.md\"",
            "{ text = \"x\", content-type = \"text/markdown\" }",
            INVALID,
        ),
        ("\"Apache-2.0\"", "\"Apache 2\"", INVALID),
        ("\"Apache-2.0\"", "{ file = \"LICENSE\" }", INVALID),
        ("[\"LICENSE\"]", "[\"../LICENSE\"]", INVALID),
        ("[\"LICENSE\"]", "[\"/LICENSE\"]", INVALID),
        ("[\"LICENSE\"]", "[\"LICEN[SE\"]", INVALID),
        ("requires-python", "authors = [{}]\nrequires-python", INVALID),
        (
            "requires-python",
            "authors = [{ email = \"nobody\" }]\nrequires-python",
            INVALID,
        ),
        (
            "requires-python",
            "authors = [{ name = \"A\", email = \"a@b.example\" }]\nrequires-python",
            &[],
        ),
        (
            "requires-python",
            "keywords = [\"a,b\"]\nrequires-python",
            INVALID,
        ),
        (
            "requires-python",
            "classifiers = [\"License :: OSI Approved\"]\nrequires-python",
            INVALID,
        ),
        (
            "requires-python",
            "urls.Home = \"example\"\nrequires-python",
            INVALID,
        ),
        (
            "requires-python",
            "dynamic = [\"readme\"]\nrequires-python",
            INVALID,
        ),
    ]);
}

#[test]
fn entry_points_and_packages_must_be_importable() {
    check(&[
        ("ktx_daemon.__main__:main", "ktx_daemon.__main__", INVALID),
        ("ktx-daemon = ", "\"../ktx-daemon\" = ", INVALID),
        (
            "ktx_daemon.__main__:main",
            "ktx_daemon.absent:main",
            &["entry-point-missing"],
        ),
        (
            "[project.scripts]",
            "[project.entry-points.console_scripts]",
            INVALID,
        ),
        ("\"ktx_daemon\", ", "\"ktx-daemon\", ", INVALID),
        (
            "\"ktx_daemon\", ",
            "\"semantic_layer\", \"ktx_daemon\", ",
            INVALID,
        ),
        (
            "\"ktx_daemon\", ",
            "\"ktx_daemon\", \"absent\", ",
            &["package-missing"],
        ),
        ("module-root = \"\"", "module-root = \"..\"", INVALID),
        (
            "module-root = \"\"",
            "",
            &["package-missing", "package-missing", "entry-point-missing"],
        ),
    ]);
}

#[test]
fn everything_wrong_is_said_at_once_with_file_and_field() {
    let sources = Sources::new();
    sources.replace("python/pyproject.toml", "lkml>=1.3.7,<2", "lkml>>1");
    sources.replace("python/pyproject.toml", "\ndescription", "\n# description");
    sources.replace("python/pyproject.toml", ">=3.11", "three");
    let error = sources.plan_wheel().expect_err("three things are wrong");
    let path = sources.path("python/pyproject.toml").display().to_string();
    let text: String = error
        .findings()
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect();
    insta::assert_snapshot!(text.replace(&path, "[PYPROJECT]"));
    assert!(error.to_string().ends_with(": 3 findings"), "{error}");
}

#[test]
fn a_folder_without_pyproject_is_a_missing_prerequisite() {
    let sources = Sources::new();
    sources.remove("python/pyproject.toml");
    assert_eq!(codes(sources.plan_wheel()), ["missing"]);
}
