export const STYLE = `
:root { color-scheme: light dark; --line: #d5dae1; --dim: #66707d; --accent: #1f5fbf; --bad: #b3261e; --good: #1b7a3d; --panel: #f6f8fa; --page: #fff; --text: #1c2128; }
@media (prefers-color-scheme: dark) { :root { --line: #353c45; --dim: #98a2ae; --accent: #7fb2ff; --bad: #ff8a80; --good: #7ddc9a; --panel: #1b2027; --page: #12161b; --text: #e4e8ee; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
header { display: flex; gap: 1.5rem; align-items: baseline; padding: .8rem 1.5rem; border-bottom: 1px solid var(--line); background: var(--panel); }
header strong { font-size: 1.05rem; }
header form { margin-left: auto; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
.bar { display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; margin-bottom: 1rem; }
.bar .bar, .bar h1 { margin-bottom: 0; }
.bar .end { margin-left: auto; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .45rem .8rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
th { font-weight: 600; color: var(--dim); background: var(--panel); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.id, p.id { font: 13px ui-monospace, monospace; }
label { display: block; margin: 0 0 .25rem; font-weight: 600; }
.field { margin-bottom: 1rem; max-width: 26rem; }
input { width: 100%; padding: .45rem .6rem; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 5px; }
.bar input { width: 16rem; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
button, .button { display: inline-block; padding: .45rem .9rem; font: inherit; color: #fff; background: #1f5fbf; border: 0; border-radius: 5px; cursor: pointer; }
.button:hover { text-decoration: none; }
button.plain { color: var(--accent); background: none; padding: 0; }
button.danger { background: #b3261e; }
.dim, .help { color: var(--dim); }
.help { font-size: .9rem; }
.problem { color: var(--bad); }
.done { color: var(--good); }
.notice { padding: .6rem .9rem; margin-bottom: 1rem; border-left: 3px solid var(--accent); background: var(--panel); }
.login { max-width: 22rem; margin: 12vh auto 0; }
`;
