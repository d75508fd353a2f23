//! Annotated git tags.

use ktx_publish::PublishError;
use serde::{Deserialize, Serialize};

use super::client::Repository;

#[derive(Deserialize)]
struct Reference {
    object: Object,
}

#[derive(Deserialize)]
struct Tag {
    sha: String,
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    sha: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Repository {
    /// The commit that a tag leads to, through as many tag objects as there are.
    pub fn tagged_commit(&self, tag: &str) -> Result<Option<String>, PublishError> {
        let Some(Reference { mut object }) = self.find(&format!("git/ref/tags/{tag}"))? else {
            return Ok(None);
        };
        // Nobody makes a tag of a tag of a tag.
        for _ in 0..3 {
            if object.kind != "tag" {
                break;
            }
            let tag: Tag = self.get(&format!("git/tags/{}", object.sha))?;
            object = tag.object;
        }
        Ok(Some(object.sha))
    }

    /// Makes an annotated tag of a commit.
    pub fn create_tag(&self, tag: &str, message: &str, commit: &str) -> Result<(), PublishError> {
        #[derive(Serialize)]
        struct NewTag<'a> {
            tag: &'a str,
            message: &'a str,
            object: &'a str,
            #[serde(rename = "type")]
            kind: &'a str,
        }
        #[derive(Serialize)]
        struct NewReference<'a> {
            #[serde(rename = "ref")]
            name: &'a str,
            sha: &'a str,
        }
        let new = NewTag {
            tag,
            message,
            object: commit,
            kind: "commit",
        };
        let made: Tag = self.post("git/tags", &new)?;
        let name = format!("refs/tags/{tag}");
        let reference = NewReference {
            name: &name,
            sha: &made.sha,
        };
        let _: Reference = self.post("git/refs", &reference)?;
        Ok(())
    }
}
