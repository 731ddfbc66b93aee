/** Light and dark, on paper, and on a screen of 360 pixels. Colours of a contrast of 4.5 and more (WCAG 2.2, 1.4.3). */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#57606a;--page:#fff;--line:#d0d7de;--soft:#f6f8fa;--good:#116329;--bad:#a40e26;--warn:#7d4e00;--accent:#0550ae}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9da7b1;--page:#0d1117;--line:#30363d;--soft:#161b22;--good:#56d364;--bad:#ff7b72;--warn:#e3b341;--accent:#79c0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
p{margin:.25rem 0;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.state{font-size:1.1rem;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
td.number,th.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}th,.verdict{white-space:nowrap;overflow-wrap:normal}
pre,code{font:.85rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--soft);padding:.5rem .75rem;border-radius:6px;margin:.25rem 0}
summary{cursor:pointer}
svg{display:block;margin:.5rem 0}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}
svg .line{fill:none;stroke:var(--accent);stroke-width:1.5;vector-effect:non-scaling-stroke}svg .bar{fill:var(--accent)}svg .failed{fill:var(--bad)}svg .window{fill:var(--warn);fill-opacity:.15}
@media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}th,td{padding-right:.35rem}}
@media print{:root{color-scheme:light;--ink:#000;--quiet:#333;--page:#fff;--line:#d0d7de;--soft:#f6f8fa;--good:#116329;--bad:#a40e26;--warn:#7d4e00;--accent:#0550ae}details::details-content{display:block;content-visibility:visible}main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}}
`;
