"""The style sheet of HTML reports: light and dark, from 360 pixels on, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #d1d9e0; --back: #fff; --soft: #f6f8fa;
  --bad: #b3261e; --ok: #17683a; --note: #7a5200; --link: #0b57b0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #9aa4ae; --line: #3a424b; --back: #14181c; --soft: #1e242a;
  --bad: #ff8a80; --ok: #6fd08c; --note: #e6b450; --link: #8ab8ff } }
* { box-sizing: border-box }
[hidden] { display: none !important }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem }
h1 { font-size: 1.6rem; margin: 0 }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem }
h3 { font-size: 1rem; margin: 0 }
h4 { font-size: .875rem; margin: .5rem 0 0; color: var(--dim); font-weight: 600 }
p { margin: .25rem 0 }
ul, ol { margin: .25rem 0; padding-left: 1.25rem }
a { color: var(--link) }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
.skip { position: absolute; left: -99rem }
.skip:focus { position: static }
.dim { color: var(--dim) } .bad { color: var(--bad) } .ok { color: var(--ok) } .note { color: var(--note) }
.verdict { font-size: 1.15rem; font-weight: 600; margin: .5rem 0 }
nav { border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; margin: 1rem 0 }
nav h2 { font-size: 1rem; margin: 0 }
nav ul ul { columns: 2 24rem; column-gap: 2rem }
form { position: sticky; top: 0; z-index: 1; background: var(--back); border-bottom: 1px solid var(--line); padding: .5rem 0;
  display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end }
label { display: flex; flex-direction: column; font-size: .875rem; color: var(--dim); flex: 1 1 11rem; min-width: 0 }
select, input, button { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--line); border-radius: 4px;
  padding: .3rem .5rem; min-width: 0; max-width: 100% }
select, input { width: 100%; height: 2.25rem; color: var(--ink) }
form button { height: 2.25rem }
button { cursor: pointer; font-size: .8125rem }
output { flex: 1 0 100%; font-size: .875rem; color: var(--dim) }
section { border: 1px solid var(--line); border-radius: 6px; padding: 1rem; margin: 0 0 1rem; scroll-margin-top: 9rem }
article { border-top: 1px solid var(--line); margin-top: .75rem; padding-top: .75rem }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: .4rem 0 }
dt { color: var(--dim) }
dd { margin: 0 }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 1.25rem }
.bar { display: flex; justify-content: space-between; align-items: end; gap: .5rem; margin-top: .4rem; min-height: 1.9rem }
pre, code { font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace }
pre { background: var(--soft); border-radius: 4px; padding: .6rem .75rem; margin: .25rem 0 .4rem; white-space: pre-wrap;
  max-height: 24rem; overflow-y: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line) }
td.n, th.n { text-align: right; white-space: nowrap }
thead th { white-space: nowrap; overflow-wrap: normal }
td.id { white-space: nowrap }
summary { cursor: pointer }
@media (max-width: 44rem) {
  main { padding: 1rem .75rem 3rem }
  section { padding: .75rem }
  form { position: static }
  section { scroll-margin-top: .5rem }
  .pair { grid-template-columns: minmax(0, 1fr) }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0 }
  dd { margin-bottom: .35rem }
  thead { position: absolute; left: -99rem }
  table, tbody, tr, td, td.n { display: block; text-align: left; white-space: normal; border: 0; padding: 0 }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0 }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--dim) }
}
@media print {
  :root { --ink: #000; --dim: #444; --line: #999; --back: #fff; --soft: #fff; --bad: #000; --ok: #000; --note: #000;
    --link: #000 }
  main { max-width: none; padding: 0 }
  form, button, .skip { display: none !important }
  pre { max-height: none; border: 1px solid var(--line) }
  article, tr { break-inside: avoid }
  h2, h3 { break-after: avoid }
}
"""
