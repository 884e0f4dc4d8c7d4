// Draws every [data-draw] with ECharts (SVG) from the JSON beside it; colors come from the tokens, so a theme switch redraws.
(() => {
  const drawn = new Map();
  const token = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const minus = text => text.replace("-", "\u2212");
  const short = value => Math.abs(value) >= 1e6 ? +(value / 1e6).toFixed(1) + "m" : Math.abs(value) >= 1e4 ? +(value / 1e3).toFixed(0) + "k" : minus(value.toLocaleString("en-US"));
  const full = spec => value => value == null ? "" : minus((value < 0 ? "-" : "") + spec.prefix + Math.abs(+value).toLocaleString("en-US", { minimumFractionDigits: spec.decimals, maximumFractionDigits: spec.decimals }) + spec.suffix);

  const falls = spec => spec.kind === "bars" && spec.series.some(one => one.values.some(value => value < 0));
  const zero = () => ({ silent: true, symbol: "none", label: { show: false }, lineStyle: { color: token("--field"), type: "solid", width: 1 }, data: [{ xAxis: 0 }] });

  function series(spec, one) {
    const color = token(one.color), line = { name: one.name, data: one.values, itemStyle: { color }, emphasis: { disabled: true }, animation: false };
    if (spec.kind === "bars") return { ...line, type: "bar", barMaxWidth: 18, markLine: falls(spec) ? zero() : undefined, label: { show: true, position: "right", color: token("--ink"), fontSize: 11, formatter: p => full(spec)(p.value) } };
    if (spec.kind === "columns") return { ...line, type: "bar", barMaxWidth: 32, stack: spec.stacked ? "all" : undefined };
    return {
      ...line, type: "line", step: spec.kind === "steps" ? "end" : false, showSymbol: false, symbolSize: 6, lineStyle: { color, width: one.role === "before" ? 1.5 : 2, type: one.role === "predicted" ? [4, 4] : "solid" },
      endLabel: { show: one.role !== "before", color: token("--ink"), fontSize: 11, formatter: p => full(spec)(p.value) }, labelLayout: { moveOverlap: "shiftY" },
      areaStyle: spec.series.length === 1 ? { color: token("--chart-1-soft"), opacity: .55 } : undefined,
    };
  }
  function option(spec) {
    const text = { color: token("--ink-3"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily };
    const names = { type: "category", data: spec.labels, axisLine: { show: !falls(spec), onZero: spec.kind !== "bars", lineStyle: { color: token("--field") } }, axisTick: { show: false }, axisLabel: { ...text, hideOverlap: true }, boundaryGap: !["line", "steps"].includes(spec.kind), inverse: spec.kind === "bars" };
    const values = { type: "value", min: spec.from_zero ? bounds => Math.min(0, bounds.min) : undefined, scale: !spec.from_zero, splitNumber: 4, splitLine: { lineStyle: { color: token("--chart-grid") } }, axisLabel: { ...text, formatter: v => spec.prefix + short(v) + spec.suffix, show: spec.kind !== "bars" } };
    return {
      animation: false, textStyle: text,
      grid: { left: 4, right: spec.kind === "columns" ? 16 : spec.kind === "bars" || spec.prefix ? 72 : 56, top: 12, bottom: 4, containLabel: true, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: spec.kind === "bars" ? { ...values, splitLine: { show: false } } : names, yAxis: spec.kind === "bars" ? names : values,
      series: spec.series.map(one => series(spec, one)),
      tooltip: { trigger: "axis", confine: true, backgroundColor: token("--surface"), borderColor: token("--edge"), textStyle: { ...text, color: token("--ink"), fontSize: 12 }, valueFormatter: full(spec), axisPointer: { lineStyle: { color: token("--field") } } },
    };
  }
  function draw(place) {
    const spec = JSON.parse(document.getElementById(place.dataset.draw).textContent);
    const chart = drawn.get(place) || echarts.init(place, null, { renderer: "svg" });
    drawn.set(place, chart); chart.setOption(option(spec), true);
  }
  // A cell that a spreadsheet would take for a formula stays text.
  const cell = text => /[",\n]/.test(text = /^[=+@\t\r-]/.test(text) && isNaN(text) ? "'" + text : String(text)) ? `"${text.replaceAll('"', '""')}"` : text;
  const csv = spec => [[spec.over, ...spec.series.map(one => one.name)], ...spec.labels.map((label, at) => [label, ...spec.series.map(one => one.values[at] ?? "")])].map(row => row.map(cell).join(",")).join("\r\n") + "\r\n";
  // ECharts' own text of the picture leaves quotes in names of fonts as they are; the browser's is XML.
  function picture(place) {
    const copy = place.querySelector("svg").cloneNode(true);
    copy.style.background = token("--surface");
    return new XMLSerializer().serializeToString(copy);
  }
  function save(kind, place) {
    const spec = JSON.parse(document.getElementById(place.dataset.draw).textContent), link = document.createElement("a");
    link.download = `${spec.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "chart"}.${kind}`;
    link.href = URL.createObjectURL(kind === "csv" ? new Blob([csv(spec)], { type: "text/csv" }) : new Blob([picture(place)], { type: "image/svg+xml" }));
    link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  document.addEventListener("click", e => { const button = e.target.closest?.("[data-save]"); if (button) save(button.dataset.save, button.closest("[data-chart]").querySelector("[data-draw]")); });
  const all = root => root.querySelectorAll("[data-draw]").forEach(draw);
  document.addEventListener("DOMContentLoaded", () => all(document));
  document.addEventListener("htmx:afterSwap", e => all(e.target));
  document.addEventListener("regulars:theme", () => drawn.forEach((_, place) => place.isConnected && draw(place)));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((_, place) => place.isConnected && draw(place)));
  new ResizeObserver(() => drawn.forEach((chart, place) => place.isConnected && place.clientWidth && chart.resize())).observe(document.body);
})();
