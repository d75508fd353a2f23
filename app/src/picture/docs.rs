//! The layer as pages to browse: an index to search, the picture, and a page for each source and wiki page.

use std::collections::BTreeMap;
use std::path::Path;

use ktx_project::SourceName;
use ktx_project::config::AdapterName;
use ktx_project::ingest::{self, TableUsage};
use ktx_project::knowledge::PageFile;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Form, Member, Model, Read, SourceNode, written};
use crate::tools::wiki;
use crate::{App, Error, Workspace};

const STYLE: &str = ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;\
padding:0 1rem}table{border-collapse:collapse}td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}\
pre{white-space:pre-wrap}a{color:inherit}input{font:inherit;padding:.4rem;width:20rem}";
const SEARCH: &str = "const box=document.getElementById('search');const rows=[...document.querySelectorAll('[data-words]')];\
const find=()=>{const asked=box.value.toLowerCase().split(/\\s+/);for(const row of rows)\
row.hidden=!asked.every((word)=>row.dataset.words.includes(word));};box.addEventListener('input',find);\
box.value=new URLSearchParams(location.search).get('q')||'';find();";

/// Writes the pages, and gives how many there are. Pages of an earlier run that are not written again are removed,
/// unless they were changed; other files in the folder stay.
///
/// # Errors
/// When a page cannot be written.
pub fn write(app: &App, workspace: &Workspace, user: &str, output: &Path) -> Result<usize, Error> {
    let model = Model::of(app, workspace, None)?;
    let pages = wiki::pages(app, workspace, user)?;
    let mut calls: BTreeMap<&str, f64> = BTreeMap::new();
    for id in workspace.config.connections.keys() {
        let sync = ingest::previous(&workspace.folder, id, AdapterName::HistoricSql.as_str())?;
        let Some(usage) = sync.map(|sync| TableUsage::read(&sync)) else {
            continue;
        };
        let own = model
            .sources
            .iter()
            .filter(|source| source.connection == id.as_str());
        calls.extend(own.map(|source| (source.id.as_str(), usage.of(&source.table))));
    }
    let mut written = BTreeMap::from([
        ("index.html".to_owned(), index(&model, &pages).into_string()),
        ("graph.html".to_owned(), model.drawn(Form::Html)),
    ]);
    for source in &model.sources {
        let calls = calls.get(source.id.as_str()).copied().unwrap_or_default();
        let page = page_of_source(&model, source, calls, &pages);
        written.insert(address(source), page.into_string());
    }
    let about = |page: &PageFile| (address_of_page(page), page_of_wiki(&model, page).into_string());
    written.extend(pages.iter().map(about));
    written::replace(output, &written)?;
    Ok(written.len())
}

/// Warehouses allow any name for a table; what is not a file name of ours is spelled in hexadecimal.
fn address(source: &SourceNode) -> String {
    let name = match SourceName::parse(&source.name) {
        Ok(name) => name.to_string(),
        Err(_) => {
            source
                .name
                .bytes()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                + "-"
        }
    };
    format!("sources/{}/{name}.html", source.connection)
}

fn address_of_page(page: &PageFile) -> String {
    format!("pages/{}/{}.html", page.scope, page.key)
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

fn index(model: &Model, pages: &[PageFile]) -> Markup {
    let words = |source: &SourceNode| {
        let members = [&source.columns, &source.measures, &source.segments];
        let names = members.into_iter().flatten().map(|member| member.name.as_str());
        let texts = [source.id.as_str(), &source.description, &source.table];
        texts
            .into_iter()
            .chain(names)
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };
    let body = html! {
        h1 { (model.project) }
        p { input id="search" type="search" placeholder="Search" aria-label="Search"; " " a href="graph.html" { "Picture" } }
        h2 { "Sources" }
        table {
            @for source in &model.sources {
                tr data-words=(words(source)) {
                    td { a href=(address(source)) { (source.name) } }
                    td { (source.connection) }
                    td { (source.description) }
                }
            }
        }
        @if !pages.is_empty() {
            h2 { "Pages" }
            table {
                @for page in pages {
                    tr data-words=(format!("{} {}", page.key, page.page.front.summary).to_lowercase()) {
                        td { a href=(address_of_page(page)) { (page.key) } }
                        td { (page.page.front.summary) }
                    }
                }
            }
        }
        script { (PreEscaped(SEARCH)) }
    };
    document(&model.project, &body)
}

fn page_of_source(model: &Model, source: &SourceNode, calls: f64, pages: &[PageFile]) -> Markup {
    let find = |id: &str| model.sources.iter().find(|other| other.id == id);
    let joins = |own: bool| {
        let of = move |join: &&super::Arrow| {
            if own {
                join.from == source.id
            } else {
                join.to == source.id
            }
        };
        model.joins.iter().filter(of).filter_map(move |join| {
            let other = find(if own { &join.to } else { &join.from })?;
            Some((join, other))
        })
    };
    let named = pages.iter().filter(|page| {
        page.page.front.sl_refs.iter().any(|reference| {
            let name = reference
                .split_once('/')
                .map_or(reference.as_str(), |(_, name)| name);
            name.split_once('.').map_or(name, |(name, _)| name) == source.name
        })
    });
    let named: Vec<&PageFile> = named.collect();
    let body = html! {
        p { a href="../../index.html" { (model.project) } " / " (source.connection) }
        h1 { (source.name) }
        p { (source.description) }
        table {
            @if source.table.is_empty() { tr { th { "SQL" } td { pre { (source.sql) } } } }
            @else { tr { th { "Table" } td { code { (source.table) } } } }
            tr { th { "Key" } td { (source.grain.join(", ")) } }
            @if calls > 0.0 { tr { th { "Used by" } td { (format!("{calls:.0}")) " calls of the query history" } } }
        }
        (members(model, "Measures", &source.measures))
        (members(model, "Columns", &source.columns))
        (members(model, "Segments", &source.segments))
        @for (heading, own) in [("Joins", true), ("Joined by", false)] {
            @if joins(own).next().is_some() {
                h2 { (heading) }
                table {
                    @for (join, other) in joins(own) {
                        tr {
                            td { a href=(format!("../../{}", address(other))) { (other.name) } }
                            td { (join.role) }
                            td { (join.relationship.as_str()) @if join.ambiguous { " (on an ambiguous path)" } }
                            td { code { (join.on) } }
                        }
                    }
                }
            }
        }
        @if !named.is_empty() {
            h2 { "Pages" }
            ul {
                @for page in named {
                    li { a href=(format!("../../{}", address_of_page(page))) { (page.key) } ": " (page.page.front.summary) }
                }
            }
        }
    };
    document(&source.name, &body)
}

fn members(model: &Model, heading: &str, members: &[Member]) -> Markup {
    html! {
        @if !members.is_empty() {
            h2 { (heading) }
            table {
                @for member in members {
                    tr {
                        td { (member.name) }
                        td {
                            code { (member.what) }
                            @if !member.reads.is_empty() { br; "reads " (reads(model, &member.reads)) }
                        }
                        td { (member.description) }
                    }
                }
            }
        }
    }
}

/// Where a measure comes from, each with the page of its source.
fn reads(model: &Model, reads: &[Read]) -> Markup {
    html! {
        @for (place, read) in reads.iter().enumerate() {
            @if place > 0 { ", " }
            @match model.sources.iter().find(|source| source.id == read.source) {
                Some(source) => { a href=(format!("../../{}", address(source))) { (read.place) } }
                None => { (read.place) }
            }
        }
    }
}

fn page_of_wiki(model: &Model, page: &PageFile) -> Markup {
    let front = &page.page.front;
    let body = html! {
        p { a href="../../index.html" { (model.project) } }
        h1 { (page.key) }
        p { (front.summary) }
        @if !front.tags.is_empty() { p { "Tags: " (front.tags.join(", ")) } }
        @if !front.sl_refs.is_empty() { p { "About: " (front.sl_refs.join(", ")) } }
        pre { (page.page.content) }
    };
    document(&page.key, &body)
}
