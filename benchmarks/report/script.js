"use strict";
for (const button of document.querySelectorAll(".sortable thead button")) button.onclick = () => {
  const head = button.parentElement, column = head.cellIndex, body = head.closest("table").tBodies[0];
  const about = head.textContent.trim() === "difference" ? head.previousElementSibling : head;
  const sorted = head.getAttribute("aria-sort");  // the best first: the highest only where ↑ says so
  const down = sorted ? sorted !== "descending" : about.textContent.includes("↑");
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = row => row.cells[column].dataset.value;
  const compare = (a, b) => isNaN(a) || isNaN(b) ? String(a).localeCompare(String(b)) : a - b;
  const rows = [...body.rows].sort((one, two) => {
    const a = key(one), b = key(two);
    if (a === "" || b === "") return (a === "") - (b === "");
    return down ? compare(b, a) : compare(a, b);
  });
  body.append(...rows);
};
for (const mark of document.querySelectorAll("sup a")) mark.onclick = () => {  // a note leads back to where one came from
  const note = document.getElementById(mark.hash.slice(1)), first = `${note.id}-read-from`;
  document.getElementById(first)?.removeAttribute("id");
  mark.id ||= first;
  note.querySelector("a").hash = mark.id;
};
function draw(source) {
  const root = getComputedStyle(document.documentElement), colour = name => root.getPropertyValue(name).trim();
  const fore = colour("--fore"), line = colour("--line"), back = colour("--back"), card = colour("--card");
  const chart = document.getElementById(source.dataset.chart);
  if (chart.closest("details:not([open])")) return;  // folded: drawn when it is opened
  const {data, layout} = JSON.parse(source.textContent);
  for (const trace of data) for (const part of [trace.line, trace.marker]) if (part && part.color === "#000000") part.color = fore;
  for (const name of Object.keys(layout).filter(name => /^[xy]axis/.test(name)))
    Object.assign(layout[name], {gridcolor: line, linecolor: line, zeroline: false, automargin: true});
  if (layout.coloraxis) layout.coloraxis.colorscale = [[0, card], [1, colour("--link")]];
  const axis = chart.previousElementSibling, buttons = axis && axis.matches(".axis") ? [...axis.children] : [];
  const pressed = buttons.findIndex(button => button.getAttribute("aria-pressed") === "true");
  if (buttons.length) {
    layout.xaxis.title = {text: layout.meta[pressed]};
    for (const trace of data) {
      trace.x = trace.customdata.map(point => point[pressed]);
      if (trace.error_x) trace.error_x.array = trace.customdata.map(point => point[buttons.length + pressed]);
    }
  }
  for (const button of buttons) button.onclick = () => {
    for (const other of buttons) other.setAttribute("aria-pressed", other === button);
    draw(source);
  };
  Object.assign(layout, {paper_bgcolor: back, plot_bgcolor: back, font: {color: fore, family: "system-ui, sans-serif", size: 13}, hoverlabel: {bgcolor: card, bordercolor: line, font: {color: fore}}});
  Plotly.react(chart, data, layout, {responsive: true, displayModeBar: false});
}
const drawAll = within => within.querySelectorAll("[data-chart]").forEach(draw);
drawAll(document);
for (const folded of document.querySelectorAll("details")) folded.addEventListener("toggle", () => drawAll(folded));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
if (matchMedia("(max-width: 70rem)").matches) document.getElementById("contents").open = false;
