//! The model as resources: `ktx://overview`, and `ktx://<connection>/<source>` for each source.

use ktx_app::tools::{overview, sizes, sources};
use ktx_app::{App, Error, Workspace};
use rmcp::model::{ListResourcesResult, Resource, ResourceContents, ResourceTemplate};

const OVERVIEW: &str = "ktx://overview";
const SCHEME: &str = "ktx://";
const YAML: &str = "application/yaml";
const MARKDOWN: &str = "text/markdown";

/// A page of them, the overview first.
pub fn list(app: &App, cursor: Option<&str>) -> Result<ListResourcesResult, Error> {
    let mut resources = vec![
        Resource::new(OVERVIEW, "overview")
            .with_description("Every source on one page: measures, segments, joins, columns")
            .with_mime_type(MARKDOWN),
    ];
    if !Workspace::open(app)?.config.connections.is_empty() {
        let listed = sources::list(app, None, None)?.sources;
        resources.extend(listed.into_iter().map(|source| {
            let uri = format!("{SCHEME}{}/{}", source.connection_id, source.name);
            let resource = Resource::new(uri, source.name).with_mime_type(YAML);
            match source.description {
                Some(description) => resource.with_description(description),
                None => resource,
            }
        }));
    }
    let page = sizes::page(resources, cursor)?;
    Ok(ListResourcesResult {
        resources: page.items,
        next_cursor: page.next_cursor,
        ..ListResourcesResult::default()
    })
}

/// The form of a source's address.
pub fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new("ktx://{connection}/{source}", "source")
            .with_description("A source of the semantic layer as YAML")
            .with_mime_type(YAML),
    ]
}

/// The text of one; None when there is no such resource.
pub fn read(app: &App, uri: &str) -> Result<Option<ResourceContents>, Error> {
    if uri == OVERVIEW {
        let text = overview::overview(app, &Workspace::open(app)?)?;
        return Ok(Some(ResourceContents::text(text, uri).with_mime_type(MARKDOWN)));
    }
    let address = uri
        .strip_prefix(SCHEME)
        .and_then(|address| address.split_once('/'));
    let Some((connection, source)) = address else {
        return Ok(None);
    };
    let text = sources::read(app, Some(connection), source)?;
    Ok(Some(ResourceContents::text(text.yaml, uri).with_mime_type(YAML)))
}
