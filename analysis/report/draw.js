/* What the pages of runs and of studies draw with, from the numbers in #data.  No network, no state
 * but the colour scheme.  The program puts this file and the page's own into one function. */
  const data = JSON.parse(document.getElementById("data").textContent);
  const plots = document.getElementById("plots");
  /* Okabe and Ito's colours, told apart by the colour-blind; lighter ones on dark paper. */
  const schemes = {
    light: { ink: "#1a1d21", soft: "#5b6470", line: "#d9dee4", paper: "#ffffff",
      attack: "#c94f00", honest: "#0068a8",
      groups: ["#0068a8", "#008f6b", "#b3568a", "#7a6a00", "#2f9bd0", "#555f6b", "#3d4fa3"],
      attackers: ["#c94f00", "#b8860b", "#8f1d14"] },
    dark: { ink: "#e7eaee", soft: "#9aa5b1", line: "#343b44", paper: "#14171b",
      attack: "#ff8a3d", honest: "#5ab4f0",
      groups: ["#5ab4f0", "#2fc79a", "#e39ac4", "#d8ca4f", "#a6d8f5", "#aab4bf", "#9aa8f0"],
      attackers: ["#ff8a3d", "#f5c542", "#ff6f61"] },
  };
  let printing = false;
  const darkQuery = window.matchMedia("(prefers-color-scheme: dark)");
  const scheme = () => schemes[darkQuery.matches && !printing ? "dark" : "light"];

  /* ---- numbers and words */

  const table = (name) => data.tables[name];
  const column = (name, key) => {
    const found = table(name) && table(name).columns[key];
    return found ? found.values : null;
  };
  const known = (values) => values !== null && values.some((v) => v !== null);
  const places = (value) => {
    const size = Math.abs(value);
    return size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4;
  };
  const compact = (value) => {
    if (value === null || value === undefined || !isFinite(value)) return "\u2013";
    const size = Math.abs(value);
    const units = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]];
    for (const [base, letter] of units)
      if (size >= base) {
        const scaled = value / (letter === "k" ? 1e3 : base);
        return scaled.toFixed(Math.abs(scaled) < 10 ? 2 : Math.abs(scaled) < 100 ? 1 : 0) + letter;
      }
    if (Number.isInteger(value)) return String(value);
    return size < 1e-3 ? value.toExponential(1) : value.toFixed(places(value));
  };
  /* "0.600" and "20.0M" on an axis are 0.6 and 20M. */
  const short = (text) => text.replace(/(\.[0-9]*?)0+(?![0-9])/, "$1").replace(/\.(?![0-9])/, "");
  const percent = (value) => (value === null ? "\u2013" : compact(100 * value) + " %");
  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  /* ---- lines */

  /* Names at the right end of each line, moved apart so that none covers another. */
  function endLabels(u, lines) {
    const ratio = devicePixelRatio, context = u.ctx, height = 14 * ratio;
    const labels = [];
    lines.forEach((line, index) => {
      if (!line.label) return;
      const values = u.data[index + 1];
      let last = values.length - 1;
      while (last >= 0 && values[last] === null) last--;
      if (last < 0) return;
      labels.push({ text: line.label, colour: line.colour(),
        y: u.valToPos(values[last], "y", true) });
    });
    labels.sort((a, b) => a.y - b.y);
    const top = u.bbox.top + height / 2, bottom = u.bbox.top + u.bbox.height - height / 2;
    labels.forEach((label, i) => {
      label.y = Math.max(label.y, i ? labels[i - 1].y + height : top);
    });
    for (let i = labels.length - 1, limit = bottom; i >= 0; i--) {
      labels[i].y = Math.min(labels[i].y, limit);
      limit = labels[i].y - height;
    }
    context.save();
    context.font = `${12 * ratio}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    for (const label of labels) {
      context.fillStyle = label.colour;
      context.fillText(label.text, u.bbox.left + u.bbox.width + 6 * ratio, label.y);
    }
    context.restore();
  }

  /* Lines across the whole plot, named at their left end. */
  function levels(u, marks) {
    const ratio = devicePixelRatio, context = u.ctx;
    context.save();
    context.font = `${11 * ratio}px system-ui, sans-serif`;
    for (const mark of marks) {
      const y = u.valToPos(mark.value, "y", true);
      if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) continue;
      context.strokeStyle = context.fillStyle = scheme().soft;
      context.setLineDash([6 * ratio, 4 * ratio]);
      context.lineWidth = ratio;
      context.beginPath();
      context.moveTo(u.bbox.left, y);
      context.lineTo(u.bbox.left + u.bbox.width, y);
      context.stroke();
      context.textAlign = "right";
      context.textBaseline = "bottom";
      context.fillText(mark.text, u.bbox.left + u.bbox.width - 4 * ratio, y - 2 * ratio);
    }
    context.restore();
  }

  function labelWidth(lines) {
    const context = document.createElement("canvas").getContext("2d");
    context.font = "12px system-ui, sans-serif";
    return Math.max(14, ...lines.map((l) => (l.label ? context.measureText(l.label).width : 0) + 12));
  }

  function tooltip(area, lines, plot) {
    const tip = element("div", "tip");
    area.appendChild(tip);
    return (u) => {
      const { idx, left, top } = u.cursor;
      if (idx === null || idx === undefined || left < 0) {
        tip.style.display = "none";
        return;
      }
      tip.textContent = "";
      tip.appendChild(element("div", "", plot.xWord(u.data[0][idx])));
      lines.forEach((line, i) => {
        const value = u.data[i + 1][idx];
        if (line.hidden || value === null) return;
        const row = element("div", "");
        const swatch = element("i");
        swatch.style.background = line.colour();
        row.appendChild(swatch);
        row.appendChild(document.createTextNode(`${line.name}: ${plot.print(value)}`));
        tip.appendChild(row);
      });
      tip.style.display = "block";
      const right = left > u.over.clientWidth / 2;
      const x = u.over.offsetLeft + left;
      tip.style.left = right ? "" : `${x + 14}px`;
      tip.style.right = right ? `${area.clientWidth - x + 14}px` : "";
      tip.style.top = `${Math.max(0, top - 10)}px`;
    };
  }

  /* plot: {title, note, x, xLabel, xWord(x), xLog, xTicks(u, ticks), sync,
   * lines: [{name, label, values, colour(), dash, bars, dots, hidden}], yLabel, print, marks, bands,
   * yRange, log} */
  function linePlot(plot) {
    const lines = plot.lines.filter((line) => known(line.values));
    if (lines.filter((line) => !line.hidden).length === 0) return null;
    const box = element("section", "plot" + (plot.wide ? " wide" : ""));
    box.appendChild(element("h2", "", plot.title));
    box.appendChild(element("p", "note", plot.note));
    const area = element("div", "area");
    area.setAttribute("role", "img");
    area.setAttribute("aria-label", `${plot.title}. ${plot.note}`);
    box.appendChild(area);
    plots.appendChild(box);
    const build = () => {
      area.textContent = "";
      const colours = scheme();
      const axis = (label, extra) => Object.assign({
        label, labelSize: 18, labelFont: "12px system-ui, sans-serif", font: "11px system-ui, sans-serif",
        stroke: colours.soft, grid: { stroke: colours.line, width: 1 },
        ticks: { stroke: colours.line, width: 1, size: 5 },
      }, extra);
      const bands = (plot.bands || []).map(([high, low]) => {
        const find = (name) => lines.findIndex((line) => line.name === name) + 1;
        return { series: [find(high), find(low)], fill: lines[find(high) - 1].colour() + "26" };
      }).filter((band) => band.series[0] > 0 && band.series[1] > 0);
      const options = {
        width: area.clientWidth, height: plot.wide ? 330 : 270,
        padding: [8, labelWidth(lines), 0, 0],
        cursor: { sync: plot.sync ? { key: plot.sync } : undefined, drag: { x: true, y: false }, points: { size: 6 } },
        scales: { x: Object.assign({ time: false }, plot.xLog ? { distr: 3 } : {}), y: plot.log ? { distr: 3 } : { range: plot.yRange } },
        axes: [axis(plot.xLabel, Object.assign({ size: 30 }, plot.xTicks || {})), axis(plot.yLabel, {
          size: 58, values: (u, ticks) => ticks.map((v) => (v === null ? "" : short(plot.print(v)))) })],
        series: [{}].concat(lines.map((line) => ({
          label: line.name, stroke: line.hidden ? "transparent" : line.colour(),
          width: line.width || 2, dash: line.dash, points: { show: !line.hidden && (line.dots || line.values.length <= 40), size: 5 },
          spanGaps: Boolean(line.spans),
          fill: line.bars ? line.colour() + "88" : undefined,
          paths: line.dots ? () => null : line.bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
        }))),
        bands,
        hooks: {
          draw: [(u) => { levels(u, plot.marks || []); endLabels(u, lines); }],
          setCursor: [tooltip(area, lines, plot)],
        },
      };
      return new uPlot(options, [plot.x].concat(lines.map((l) => l.values)), area);
    };
    return { build, area };
  }

  const padded = (least) => (u, low, high) => {
    if (low === null) return [0, 1];
    const room = Math.max((high - low) * 0.08, least);
    return [low - room, high + room];
  };
  const fromZero = (u, low, high) => [0, high === null || high <= 0 ? 1 : high * 1.06];

  /* ---- axes of our own canvases */

  const superscript = (n) => String(n).replace(/./g, (c) =>
    "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"["-0123456789".indexOf(c)]);

  /* Round numbers between two. */
  function nice(low, high, count) {
    const raw = (high - low) / count, base = 10 ** Math.floor(Math.log10(raw));
    const step = base * [1, 2, 2.5, 5, 10].find((m) => m * base >= raw);
    const ticks = [];
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) ticks.push(+v.toPrecision(12));
    return ticks;
  }

  /* ---- cards and tables */

  function cards() {
    const to = document.getElementById("headline"), t = table("headline");
    for (let i = 0; t && i < t.rows; i++) {
      const at = (key) => t.columns[key].values[i];
      const card = element("div", "card");
      card.appendChild(element("div", "label", at("label")));
      const value = element("div", "value", compact(at("value")));
      if (at("units")) value.appendChild(element("small", "", ` ${at("units")}`));
      card.appendChild(value);
      const range = [];
      const band = at("note").includes("10-90");
      if (at("low") !== null)
        range.push(`${band ? "" : "95 %: "}${compact(at("low"))} to ${compact(at("high"))}`);
      if (at("twin") !== null) range.push(`twin: ${compact(at("twin"))}`);
      if (range.length) card.appendChild(element("div", "range", range.join(" \u00b7 ")));
      card.appendChild(element("div", "note", at("note")));
      to.appendChild(card);
    }
  }

  function dataTable(title, note, head, rows) {
    const to = document.getElementById("tables");
    to.appendChild(element("h2", "", title));
    to.appendChild(element("p", "question", note)).style.fontSize = ".9rem";
    const scroll = element("div", "scroll"), made = element("table", "data");
    const headRow = element("tr");
    for (const [name, units, text] of head) {
      const cell = element("th", text ? "text" : "", name);
      if (units) cell.appendChild(element("small", "", units));
      headRow.appendChild(cell);
    }
    made.appendChild(headRow);
    for (const row of rows) {
      const line = element("tr", row.className || "");
      row.cells.forEach((cell, i) => line.appendChild(element("td", head[i][2] ? "text" : "", cell)));
      made.appendChild(line);
    }
    scroll.appendChild(made);
    to.appendChild(scroll);
  }

  /* ---- the page */

  /* Draws all plots, and again when the paper or the colour scheme changes. */
  function present(drawn) {
    let charts = [];
    const redraw = () => {
      charts.forEach((chart) => chart && chart.destroy());
      charts = drawn.map((plot) => plot.build());
    };
    redraw();
    darkQuery.addEventListener("change", redraw);
    const print = (on) => {
      printing = on;
      document.body.classList.toggle("printing", on);
      redraw();
    };
    window.addEventListener("beforeprint", () => print(true));
    window.addEventListener("afterprint", () => print(false));
    let wait = 0, width = window.innerWidth;
    window.addEventListener("resize", () => {
      if (window.innerWidth === width) return;
      width = window.innerWidth;
      clearTimeout(wait);
      wait = setTimeout(redraw, 120);
    });
  }
