//! The page's style: light and dark, from 360 pixels up.

pub const CSS: &str = "
:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e6e8eb);
  --quiet: light-dark(#57606a, #a0a8b2);
  --line: light-dark(#d0d7de, #3a424c);
  --ground: light-dark(#ffffff, #14181d);
  --raised: light-dark(#f3f5f7, #1e242b);
  --good: light-dark(#116329, #6fd083);
  --bad: light-dark(#b01c1c, #ff9a90);
  --warn: light-dark(#7a5200, #e3b341);
  --bar: light-dark(#2f6fbf, #6aa5ee);
  --before: light-dark(#9aa4af, #6b7480);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 72rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground);
}
h1 { font-size: 1.6rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); padding-bottom: 0.25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 0.25rem; }
p { margin: 0.5rem 0; }
code { font-family: ui-monospace, monospace; font-size: 0.875em; overflow-wrap: anywhere; }
ul { margin: 0.25rem 0; padding-left: 1.25rem; }
ul.gates { list-style: none; padding: 0; }
ul.gates > li { padding: 0.25rem 0; }
li { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0.5rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.good, .bad, .warn { font-weight: 600; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.warn { color: var(--warn); }
.quiet { color: var(--quiet); }
.way-out { margin-left: 1.25rem; }
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.9375rem; }
th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
tbody th { font-weight: 400; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bars { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr max-content; gap: 0.25rem 0.75rem; align-items: center; margin: 0.5rem 0; padding: 0; list-style: none; }
.bars li { display: contents; }
.track { background: var(--raised); border-radius: 0.25rem; overflow: hidden; }
.fill { display: block; height: 0.875rem; min-width: 2px; background: var(--bar); border-radius: 0.25rem; }
.fill.before { background: var(--before); }
@media (max-width: 30rem) {
  .bars { display: block; }
  .bars li { display: grid; grid-template-columns: 1fr max-content; gap: 0 0.75rem; margin-bottom: 0.5rem; }
  .bars .track { grid-column: 1 / -1; grid-row: 2; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 0.5rem; }
}
";
