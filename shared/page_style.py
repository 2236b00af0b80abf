"""The look of all pages: colours for light and dark, tables, cards, charts; narrow screens too."""

from __future__ import annotations

from typing import Final

NUM_COLOURS: Final = 8
"""Series of a chart beyond these begin with the first colour again, dashed."""

STYLE: Final = """
:root{color-scheme:light dark;--ground:#fbfbfa;--card:#fff;--ink:#1d1f23;--faint:#5d636d;
--rule:#dcdfe4;--accent:#1a5fb4;--warm:#b3261e;--heat:26,95,180;
--c0:#1f6fb2;--c1:#c8442d;--c2:#2f8a4c;--c3:#8a4fb5;--c4:#9a6b00;--c5:#00838f;--c6:#c2185b;
--c7:#6d6d6d}
@media(prefers-color-scheme:dark){:root{--ground:#15171a;--card:#1e2125;--ink:#e8eaed;
--faint:#a3a9b3;--rule:#363b42;--accent:#8ab4f8;--warm:#f2897f;--heat:138,180,248;
--c0:#6cb2f0;--c1:#ff8a70;--c2:#6fd08c;--c3:#c99bf0;--c4:#e0b040;--c5:#4dd0e1;--c6:#f48fb1;
--c7:#b0b0b0}}
*{box-sizing:border-box}
html{scroll-padding-top:5.5rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:anywhere;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header,main{max-width:76rem;margin:0 auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25;margin:1.4rem 0 .4rem}
h2{font-size:1.25rem;margin:2.4rem 0 .5rem;padding-top:.6rem;border-top:1px solid var(--rule)}
h3{font-size:1.02rem;margin:1.5rem 0 .2rem}
p{margin:.3rem 0 .8rem;max-width:48rem}
a{color:var(--accent)}
.faint{color:var(--faint)}
.warm{color:var(--warm);font-weight:600}
nav{position:sticky;top:0;z-index:2;background:var(--ground);border-bottom:1px solid var(--rule);
padding:.5rem max(1rem,calc((100% - 74rem)/2));display:flex;gap:.4rem 1rem;align-items:center}
.links{display:flex;gap:.2rem 1rem;overflow-x:auto;white-space:nowrap;flex:1;padding:.15rem 0}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
input[type=search]{font:inherit;width:14rem;padding:.25rem .6rem;border-radius:.5rem;
border:1px solid var(--rule);background:var(--card);color:var(--ink)}
input[type=range]{width:100%;accent-color:var(--accent)}
button{font:inherit;padding:.15rem .7rem;border-radius:.5rem;border:1px solid var(--rule);
background:var(--card);color:var(--ink);cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
[hidden]{display:none!important}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:.6rem;
margin:.8rem 0;padding:0}
.facts div{background:var(--card);border:1px solid var(--rule);border-radius:.6rem;
padding:.5rem .7rem}
.facts dt{color:var(--faint);font-size:.82rem}
.facts dd{margin:0;font-size:1.05rem;font-weight:600}
.scroll{overflow-x:auto;margin:.5rem 0 1.1rem;max-width:100%}
table{border-collapse:collapse;font-size:.92rem;background:var(--card);
font-variant-numeric:tabular-nums}
th,td{padding:.28rem .65rem;border:1px solid var(--rule);text-align:left;vertical-align:top;
min-width:3.2rem;max-width:30rem}
thead th{background:var(--ground);font-weight:600;vertical-align:bottom;overflow-wrap:normal}
.number{text-align:right;white-space:nowrap}
tbody th{font-weight:600;overflow-wrap:break-word;min-width:6rem}
td.word{white-space:nowrap}
td{overflow-wrap:break-word}
.steer{white-space:nowrap}
td.prose{min-width:16rem}
.h0{background:transparent}.h1{background:rgba(var(--heat),.08)}
.h2{background:rgba(var(--heat),.15)}.h3{background:rgba(var(--heat),.22)}
.h4{background:rgba(var(--heat),.29)}.h5{background:rgba(var(--heat),.36)}
.h6{background:rgba(var(--heat),.43)}.h7{background:rgba(var(--heat),.5)}
.h8{background:rgba(var(--heat),.56)}.h9{background:rgba(var(--heat),.62)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));
gap:1rem;margin:.8rem 0}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:.6rem;
padding:.6rem .7rem;min-width:0}
figcaption{font-weight:600;font-size:.95rem;margin-bottom:.2rem}
.legend{display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.85rem;margin:.2rem 0 0;padding:0;
list-style:none;font-weight:400}
.legend svg{width:1.5rem;height:.6rem;margin-right:.35rem;vertical-align:middle}
svg{display:block;width:100%;height:auto}
.legend svg{display:inline-block}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--faint)}
.grid{stroke:var(--rule);stroke-width:1}
.curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.dashed{stroke-dasharray:6 4}.dotted{stroke-dasharray:1.5 4}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}
.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}
.f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}.f7{fill:var(--c7)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));
gap:.8rem;margin:.6rem 0 1.2rem}
.card{background:var(--card);border:1px solid var(--rule);border-radius:.6rem;padding:.6rem;
font-size:.84rem;line-height:1.4;min-width:0}
.card p{margin:.3rem 0 0}
.card b{font-size:.95rem}
.pictures{display:grid;grid-template-columns:repeat(3,1fr);gap:.35rem}
.pictures small{display:block;color:var(--faint);text-align:center;font-size:.72rem}
.pictures svg{border-radius:.3rem;background:#000}
.bone{stroke-width:2px;stroke-linecap:round;fill:none;vector-effect:non-scaling-stroke}
.tags{display:flex;flex-wrap:wrap;gap:.25rem;margin:.35rem 0 0}
.tags span{border:1px solid var(--rule);border-radius:.8rem;padding:0 .5rem;color:var(--warm)}
.right{stroke:#ff7800}.left{stroke:#0096ff}.middle{stroke:#3cdc3c}
.thumb{display:block;height:4rem;width:auto;border-radius:.2rem}
.sheets{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}
.film{display:flex;gap:.7rem;overflow-x:auto}
.film figure{flex:0 0 min(100%,42rem)}
.film img{width:100%;height:auto;display:block}
.still .film{display:block}
.steer{display:flex;gap:.8rem;align-items:center;margin:.6rem 0}
.steer output{white-space:nowrap;font-variant-numeric:tabular-nums;min-width:8.5rem}
.same td{color:var(--faint)}
details{margin:.6rem 0}
summary{cursor:pointer;font-weight:600}
@media(max-width:36rem){body{font-size:15px}h1{font-size:1.35rem}th,td{padding:.22rem .45rem}
nav{flex-direction:column;align-items:stretch}.links{flex:none}input[type=search]{width:100%}
html{scroll-padding-top:6.5rem}}
@media print{nav{position:static}figure,.card{break-inside:avoid}}
"""
"""CSS. No element has a style of its own: the page's policy allows this sheet alone."""
