/** In the panel's variables, so that both themes have it right. */
export const STYLES = `
.optimistic-inspector { padding-block: calc(var(--base) * 1.5) calc(var(--base) * 4); }
.optimistic-inspector h2 { margin: calc(var(--base) * 2) 0 calc(var(--base) * 0.6); }
.optimistic-inspector__head { display: flex; flex-wrap: wrap; align-items: center; gap: calc(var(--base) * 0.8); }
.optimistic-inspector__head h1 { margin: 0; }
.optimistic-inspector__figures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: calc(var(--base) * 0.6);
  margin: calc(var(--base) * 1.2) 0 calc(var(--base) * 0.6);
}
.optimistic-inspector__figures > div, .optimistic-inspector__chart {
  background: var(--theme-elevation-50); border: 1px solid var(--theme-elevation-100);
  border-radius: var(--style-radius-m); padding: calc(var(--base) * 0.6) calc(var(--base) * 0.8); margin: 0;
}
.optimistic-inspector dt, .optimistic-inspector figcaption, .optimistic-inspector__span {
  color: var(--theme-elevation-500);
}
.optimistic-inspector dd {
  margin: 0; font-size: 1.35em; line-height: 1.4; color: var(--theme-text); white-space: nowrap;
}
.optimistic-inspector dd small { font-size: 0.65em; color: var(--theme-elevation-500); }
.optimistic-inspector__charts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: calc(var(--base) * 0.6);
}
.optimistic-inspector figcaption {
  display: flex; justify-content: space-between; margin-bottom: calc(var(--base) * 0.5);
}
.optimistic-inspector figcaption strong { color: var(--theme-text); }
.optimistic-inspector__plot { position: relative; padding-inline-start: 64px; height: 120px; }
.optimistic-inspector__plot svg { display: block; width: 100%; height: 100%; overflow: visible; }
.optimistic-inspector__plot line { stroke: var(--theme-elevation-150); vector-effect: non-scaling-stroke; }
.optimistic-inspector__line {
  fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round;
  vector-effect: non-scaling-stroke;
}
.optimistic-inspector__area { fill: currentColor; opacity: 0.12; }
.optimistic-inspector__most, .optimistic-inspector__least {
  position: absolute; inset-inline-start: 0; font-size: 0.85em; line-height: 1; color: var(--theme-elevation-500);
}
.optimistic-inspector__most { top: 0; }
.optimistic-inspector__least { bottom: 0; }
.optimistic-inspector__span {
  display: flex; justify-content: space-between; padding-inline-start: 64px; font-size: 0.85em;
  margin-top: calc(var(--base) * 0.3);
}
.optimistic-inspector__filters {
  display: flex; flex-wrap: wrap; align-items: end; gap: calc(var(--base) * 0.6); margin-bottom: calc(var(--base) * 0.6);
}
.optimistic-inspector__filters label { display: grid; gap: 4px; flex: 1 1 180px; color: var(--theme-elevation-500); }
.optimistic-inspector__filters label:nth-child(3) { flex: 0 1 170px; }
.optimistic-inspector__filters input, .optimistic-inspector__filters select {
  width: 100%; height: 40px; padding: 0 calc(var(--base) * 0.6); font: inherit; color: var(--theme-elevation-800);
  background: var(--theme-input-bg); border: 1px solid var(--theme-elevation-150); border-radius: var(--style-radius-s);
}
.optimistic-inspector__filters input:focus-visible, .optimistic-inspector__filters select:focus-visible {
  outline: var(--accessibility-outline); outline-offset: var(--accessibility-outline-offset);
}
.optimistic-inspector__filters .btn { margin: 0; height: 40px; }
.optimistic-inspector .table { margin-bottom: calc(var(--base) * 0.4); }
.optimistic-inspector .table table { width: 100%; }
.optimistic-inspector .table th, .optimistic-inspector .table td { min-width: 0; white-space: nowrap; }
.optimistic-inspector .table .optimistic-inspector__wide {
  min-width: 240px; white-space: normal; overflow-wrap: anywhere;
}
.optimistic-inspector .table code { font-size: 0.9em; }
.optimistic-inspector__number { text-align: end; font-variant-numeric: tabular-nums; }
.optimistic-inspector .table thead th.optimistic-inspector__number { text-align: end; }
.optimistic-inspector__tags { display: flex; flex-wrap: wrap; gap: 4px; min-width: 180px; }
.optimistic-inspector__tags .pill { cursor: pointer; border: 0; font: inherit; font-size: 0.9em; }
.optimistic-inspector__pages {
  display: flex; align-items: center; justify-content: space-between; gap: calc(var(--base) * 0.6);
}
.optimistic-inspector__pages .btn { margin: 0; }
.optimistic-inspector__pages > div { display: flex; gap: calc(var(--base) * 0.4); }
.optimistic-inspector__none { color: var(--theme-elevation-500); }
`
