//! The manifest of a bundle: what contradicts itself is refused, whatever the rest of the archive says.

use ktx_manifest::runtime_bundle::BundleManifest;
use serde_json::{Value, json};

fn document() -> Value {
    let content = json!({"sha256": "a".repeat(64), "bytes": 7});
    json!({
        "schemaVersion": 1,
        "version": "0.1.0",
        "features": ["core"],
        "python": "3.13",
        "requirements": "b".repeat(64),
        "platforms": {
            "linux-x64": {
                "uv": "uv/uv-1-py3-none-any.whl",
                "wheels": ["wheels/a-1-py3-none-any.whl"],
                "interpreter": {
                    "name": "cpython-3.13.1-linux",
                    "program": "bin/python3.13",
                    "links": {"bin/python3": "python3.13", "bin/python": "python3"},
                },
            },
        },
        "files": {
            "python/linux-x64/bin/python3.13": content,
            "python/linux-x64/lib/os.py": content,
            "uv/uv-1-py3-none-any.whl": content,
            "wheels/a-1-py3-none-any.whl": content,
        },
    })
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let manifest = BundleManifest::parse(document().to_string().as_bytes()).expect("a manifest");
    let again = BundleManifest::parse(manifest.to_text().as_bytes()).expect("a manifest");
    assert_eq!(again, manifest);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let platform = "/platforms/linux-x64";
    let interpreter = "/platforms/linux-x64/interpreter";
    let content = json!({"sha256": "a".repeat(64), "bytes": 7});
    for (pointer, value) in [
        ("/schemaVersion".to_owned(), json!(2)),
        ("/version".to_owned(), json!("")),
        ("/python".to_owned(), json!("3")),
        ("/python".to_owned(), json!("3.13.1")),
        ("/python".to_owned(), json!("../3.13")),
        ("/requirements".to_owned(), json!("B".repeat(64))),
        ("/platforms".to_owned(), json!({})),
        (
            "/platforms/plan9-x64".to_owned(),
            json!({"uv": "uv/x.whl", "wheels": []}),
        ),
        ("/unknown".to_owned(), json!(1)),
        (format!("{platform}/uv"), json!("uv/uv-2-py3-none-any.whl")),
        (format!("{platform}/uv"), json!("wheels/a-1-py3-none-any.whl")),
        (
            format!("{platform}/uv"),
            json!("uv/../wheels/a-1-py3-none-any.whl"),
        ),
        (format!("{platform}/wheels"), json!([])),
        (
            format!("{platform}/wheels"),
            json!(["wheels/b-1-py3-none-any.whl"]),
        ),
        (
            format!("{platform}/wheels"),
            json!(["python/linux-x64/lib/os.py"]),
        ),
        (format!("{platform}/unknown"), json!(1)),
        (format!("{interpreter}/name"), json!("a/b")),
        (format!("{interpreter}/name"), json!("..")),
        (format!("{interpreter}/program"), json!("bin/python")),
        (format!("{interpreter}/program"), json!("/bin/sh")),
        (
            format!("{interpreter}/links"),
            json!({"bin/python": "../../../bin/sh"}),
        ),
        (format!("{interpreter}/links"), json!({"bin/python": "/bin/sh"})),
        (format!("{interpreter}/links"), json!({"bin/python": "nothing"})),
        (format!("{interpreter}/links"), json!({"../python": "python3.13"})),
        (format!("{interpreter}/links"), json!({"lib": "bin"})),
        (
            format!("{interpreter}/links"),
            json!({"BIN/Python3.13": "python3.13"}),
        ),
        (interpreter.to_owned(), Value::Null),
        ("/files/uv~1uv-1-py3-none-any.whl".to_owned(), json!({"bytes": 7})),
        ("/files/more".to_owned(), content.clone()),
        (
            "/files/python~1darwin-x64~1bin~1python".to_owned(),
            content.clone(),
        ),
        ("/files/..~1more".to_owned(), content),
    ] {
        let mut document = document();
        match document.pointer_mut(&pointer) {
            Some(place) => *place = value,
            None => {
                let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
                let parent = document.pointer_mut(parent).expect("a parent");
                parent[key.replace("~1", "/")] = value;
            }
        }
        assert!(
            BundleManifest::parse(document.to_string().as_bytes()).is_err(),
            "{pointer}: {document}"
        );
    }
}
