//! The text of an asset manifest, byte for byte.

use ktx_manifest::asset_manifest::{BundledFile, BundledWheel, Requirements};
use ktx_manifest::{AssetManifest, ContentId, Sha256Digest};

fn file(name: &str, content: &str) -> BundledFile {
    BundledFile {
        file: name.parse().unwrap(),
        sha256: Sha256Digest::of(content),
        bytes: content.len() as u64,
    }
}

fn manifest() -> AssetManifest {
    let content = ContentId {
        sha256: Sha256Digest::of("wheel"),
        bytes: 5,
    };
    let wheel = BundledWheel {
        file: "kaelio_ktx-0.1.0rc0-py3-none-any.whl".parse().unwrap(),
        content,
    };
    let requirements =
        Requirements::of_each(|feature| Ok::<_, ()>(file(feature.lock_file(), feature.name()))).unwrap();
    AssetManifest::new(wheel, requirements, ">=3.11".parse().unwrap()).unwrap()
}

#[test]
fn is_written_in_one_form() {
    insta::assert_snapshot!(manifest().to_text(), @r#"
    {
      "schemaVersion": 1,
      "distributionName": "kaelio-ktx",
      "normalizedName": "kaelio_ktx",
      "version": "0.1.0rc0",
      "wheel": {
        "file": "kaelio_ktx-0.1.0rc0-py3-none-any.whl",
        "sha256": "ba59926159d2aa256eb8739b8da7e2b574b960e1202c6d624cbe981cef996c91",
        "bytes": 5
      },
      "requirements": {
        "core": {
          "file": "core.txt",
          "sha256": "0d45f5fd462b8c70bffb10021ac1bcff3f58f29b1faf7568595095427d42812c",
          "bytes": 4
        },
        "local-embeddings": {
          "file": "local-embeddings.txt",
          "sha256": "ab93b45a4a6c6bb7671bd5ce4beac991452f209fcd3c9680781c3b356de0e05a",
          "bytes": 16
        },
        "duckdb": {
          "file": "duckdb.txt",
          "sha256": "f3ebc350c88c05e1d9d045838a11cea2f3cce9a5aac4339a0f04d2c8ea41178a",
          "bytes": 6
        },
        "mysql": {
          "file": "mysql.txt",
          "sha256": "430005175c4c7810996d3481f0dbc3ec01103d6abcc5beec5db4b3f1eae35047",
          "bytes": 5
        },
        "clickhouse": {
          "file": "clickhouse.txt",
          "sha256": "7e099f39b84ea79559b3e85ea046804e63725fd1f46b37f281276aae20f86dc3",
          "bytes": 10
        }
      },
      "requiresPython": ">=3.11"
    }
    "#);
    assert!(manifest().to_text().ends_with("}\n"));
}

#[test]
fn reads_what_it_writes() {
    assert_eq!(
        serde_json::from_str::<AssetManifest>(&manifest().to_text()).unwrap(),
        manifest()
    );
}
