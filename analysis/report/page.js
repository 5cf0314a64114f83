"use strict";
/* Draws the report from the numbers in #data.  No network, no state but the colour scheme. */
(function () {
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

  const groups = (column("run_groups", "group") || []).map((name, index) => ({
    name, index, attacker: column("run_groups", "attacker")[index] === 1,
  }));
  const colourOf = (group) => {
    const colours = scheme();
    const list = group.attacker ? colours.attackers : colours.groups;
    const rank = groups.filter((g) => g.attacker === group.attacker).indexOf(group);
    return list[rank % list.length];
  };

  /* ---- time plots */

  const timed = known(column("run_epochs", "time"));
  const xKey = timed ? "time" : "block";
  const xLabel = timed ? "simulated time (hours)" : "block";

  /* The twin's values at the run's x: both are sorted, the nearest is taken. */
  function alignTwin(values) {
    const x = column("run_epochs", xKey), tx = column("twin_epochs", xKey);
    if (!tx || !values) return null;
    let at = 0;
    return x.map((value) => {
      while (at + 1 < tx.length && Math.abs(tx[at + 1] - value) <= Math.abs(tx[at] - value)) at++;
      const step = tx.length > 1 ? Math.abs(tx[1] - tx[0]) : Infinity;
      return Math.abs(tx[at] - value) <= step ? values[at] : null;
    });
  }

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

  function tooltip(area, lines, print) {
    const tip = element("div", "tip");
    area.appendChild(tip);
    return (u) => {
      const { idx, left, top } = u.cursor;
      if (idx === null || idx === undefined || left < 0) {
        tip.style.display = "none";
        return;
      }
      tip.textContent = "";
      tip.appendChild(element("div", "", `${timed ? "hour" : "block"} ${compact(u.data[0][idx])}`));
      lines.forEach((line, i) => {
        const value = u.data[i + 1][idx];
        if (line.hidden || value === null) return;
        const row = element("div", "");
        const swatch = element("i");
        swatch.style.background = line.colour();
        row.appendChild(swatch);
        row.appendChild(document.createTextNode(`${line.name}: ${print(value)}`));
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

  /* plot: {title, note, lines: [{name, label, values, colour(), dash, fill...}], yLabel, print,
   * marks, bands, bars, yRange, log} */
  function timePlot(plot) {
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
        cursor: { sync: { key: "taosim" }, drag: { x: true, y: false }, points: { size: 6 } },
        scales: { x: { time: false }, y: plot.log ? { distr: 3 } : { range: plot.yRange } },
        axes: [axis(xLabel, { size: 30 }), axis(plot.yLabel, {
          size: 58, values: (u, ticks) => ticks.map((v) => (v === null ? "" : short(plot.print(v)))) })],
        series: [{}].concat(lines.map((line) => ({
          label: line.name, stroke: line.hidden ? "transparent" : line.colour(),
          width: line.width || 2, dash: line.dash, points: { show: !line.hidden && line.values.length <= 40, size: 5 }, spanGaps: false,
          fill: line.bars ? line.colour() + "88" : undefined,
          paths: line.bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
        }))),
        bands,
        hooks: {
          draw: [(u) => { levels(u, plot.marks || []); endLabels(u, lines); }],
          setCursor: [tooltip(area, lines, plot.print)],
        },
      };
      return new uPlot(options, [column("run_epochs", xKey)].concat(lines.map((l) => l.values)), area);
    };
    return { build, area };
  }

  /* ---- what is plotted */

  const padded = (least) => (u, low, high) => {
    if (low === null) return [0, 1];
    const room = Math.max((high - low) * 0.08, least);
    return [low - room, high + room];
  };
  const fromZero = (u, low, high) => [0, high === null || high <= 0 ? 1 : high * 1.06];
  const run = (key) => column("run_epochs", key);
  const twin = (key) => alignTwin(column("twin_epochs", key));
  const attackers = groups.filter((g) => g.attacker);
  const dashed = [6, 4];

  function attackPlot() {
    const lines = [];
    for (const group of attackers) {
      const values = (from) => from(`group${group.index}_emission_share`);
      lines.push({ name: group.name, label: group.name, values: values(run), width: 2.5,
        colour: () => colourOf(group) });
      lines.push({ name: `${group.name}, twin`, label: "same, twin", values: values(twin), width: 1.5,
        dash: dashed, colour: () => colourOf(group) });
    }
    lines.push({ name: "slots held by attackers", label: "their slots", width: 1.5, dash: [2, 3],
      values: run("attacker_slot_share"), colour: () => scheme().soft });
    return { title: "What attackers are paid", lines, print: percent, yRange: fromZero,
      note: "Share of each epoch's emission" + (data.has_twin ? "; dashed: the same group in the honest twin" : "") +
        ". Dotted: share of all slots that attackers hold. Above it, a slot of theirs is paid more than the mean of all slots.",
      yLabel: "share of emission" };
  }

  function honestPlot() {
    const lines = [];
    for (const group of groups.filter((g) => !g.attacker)) {
      const values = (from) => from(`group${group.index}_emission_share`);
      lines.push({ name: group.name, label: group.name, values: values(run),
        colour: () => colourOf(group) });
      lines.push({ name: `${group.name}, twin`, values: values(twin), width: 1.5, dash: dashed,
        colour: () => colourOf(group) });
    }
    return { title: "What honest neurons are paid", lines, print: percent, yRange: fromZero,
      note: "Share of each epoch's emission by group" + (data.has_twin ? "; dashed: in the twin." : "."),
      yLabel: "share of emission" };
  }

  function lossPlot() {
    const lines = [], bands = [];
    for (const group of groups) {
      const colour = () => colourOf(group);
      const at = (p) => run(`group${group.index}_loss_p${p}`);
      lines.push({ name: group.name, label: group.name, values: at(50), colour });
      lines.push({ name: `${group.name} 90 %`, values: at(90), colour, hidden: true });
      lines.push({ name: `${group.name} 10 %`, values: at(10), colour, hidden: true });
      bands.push([`${group.name} 90 %`, `${group.name} 10 %`]);
    }
    const marks = [];
    if (data.unigram_entropy_nats)
      marks.push({ value: data.unigram_entropy_nats, text: "unigram entropy of the text" });
    if (data.bigram_entropy_nats)
      marks.push({ value: data.bigram_entropy_nats, text: "bigram entropy" });
    if (data.exact_entropy_nats)
      marks.push({ value: data.exact_entropy_nats, text: "entropy of the source" });
    const levelsToShow = marks.map((m) => m.value);
    return { title: "What the models have learnt", lines, bands, marks, print: compact,
      note: "Held-out loss by group: median, band from 10 to 90 %. Lower is better.",
      yLabel: "loss (nat a symbol)",
      yRange: (u, low, high) => padded(0.02)(u, Math.min(low ?? Infinity, ...levelsToShow),
        Math.max(high ?? -Infinity, ...levelsToShow)) };
  }

  const pairPlot = (title, note, yLabel, print, yRange, key) => ({
    title, note, yLabel, print, yRange,
    lines: [
      { name: "by slot", label: "by slot", values: run(`${key}_uid`), colour: () => scheme().honest },
      { name: "by owner", label: "by owner", values: run(`${key}_owner`), colour: () => scheme().attack },
      { name: "by owner, twin", label: "owner, twin", values: twin(`${key}_owner`), dash: dashed,
        width: 1.5, colour: () => scheme().attack }],
  });
  const singlePlot = (title, note, yLabel, key, extra) => Object.assign({
    title, note, yLabel, print: compact, yRange: fromZero,
    lines: [{ name: "run", label: data.has_twin ? "run" : "", values: run(key),
      colour: () => scheme().honest },
    { name: "twin", label: "twin", values: twin(key), dash: dashed, width: 1.5,
      colour: () => scheme().soft }] }, extra);

  /* ---- incentive against quality, on a canvas of our own */

  function scatter() {
    const loss = column("points", "loss"), incentive = column("points", "incentive");
    if (!loss || !incentive) return null;
    const group = column("points", "group"), uid = column("points", "uid");
    const owner = column("points", "owner"), model = column("points", "model");
    const box = element("section", "plot");
    box.appendChild(element("h2", "", "Does pay follow quality?"));
    box.appendChild(element("p", "note",
      "Miners at the last epoch: incentive against true quality (held-out loss, better to the right)."));
    const legend = element("p", "legend");
    box.appendChild(legend);
    const area = element("div", "area");
    const canvas = element("canvas", "own");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "Incentive of each miner against its held-out loss");
    area.appendChild(canvas);
    const tip = element("div", "tip");
    area.appendChild(tip);
    box.appendChild(area);
    plots.appendChild(box);
    const present = groups.filter((g) => group.includes(g.index));
    const highest = Math.max(...incentive, 1e-12);
    const power = Math.floor(Math.log10(highest) / 3) * 3;
    const scale = 10 ** -power;
    let placed = [];

    function build() {
      const colours = scheme(), ratio = devicePixelRatio;
      const width = area.clientWidth, height = 262;
      const frame = { left: 58, right: 12, top: 8, bottom: 42 };
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      canvas.style.height = `${height}px`;
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      let low = Math.min(...loss), high = Math.max(...loss);
      const room = Math.max((high - low) * 0.05, 0.01);
      low -= room;
      high += room;
      const x = (v) => frame.left + ((high - v) / (high - low)) * (width - frame.left - frame.right);
      const y = (v) => height - frame.bottom - (v / (highest * 1.06)) * (height - frame.top - frame.bottom);
      context.font = "11px system-ui, sans-serif";
      context.fillStyle = colours.soft;
      context.strokeStyle = colours.line;
      context.lineWidth = 1;
      const rule = (x0, y0, x1, y1) => {
        context.beginPath();
        context.moveTo(x0, y0);
        context.lineTo(x1, y1);
        context.stroke();
      };
      context.textAlign = "right";
      context.textBaseline = "middle";
      for (const v of nice(0, highest * scale * 1.06, 5)) {
        rule(frame.left, y(v / scale), width - frame.right, y(v / scale));
        context.fillText(short(compact(v)), frame.left - 7, y(v / scale));
      }
      context.textAlign = "center";
      context.textBaseline = "top";
      for (const v of nice(low, high, width > 500 ? 7 : 4)) {
        rule(x(v), frame.top, x(v), height - frame.bottom);
        context.fillText(String(+v.toPrecision(4)), x(v), height - frame.bottom + 6);
      }
      context.font = "12px system-ui, sans-serif";
      context.fillText("held-out loss (nat a symbol), better \u2192",
        (frame.left + width - frame.right) / 2, height - 17);
      context.save();
      context.translate(12, (frame.top + height - frame.bottom) / 2);
      context.rotate(-Math.PI / 2);
      context.textBaseline = "middle";
      context.fillText(power ? `incentive (10${superscript(power)} of all)` : "incentive (share of all)", 0, 0);
      context.restore();
      placed = loss.map((v, i) => [x(v), y(incentive[i])]);
      context.globalAlpha = loss.length > 1500 ? 0.5 : 0.75;
      for (const g of present) {
        context.fillStyle = colourOf(g);
        placed.forEach(([px, py], i) => {
          if (group[i] !== g.index) return;
          context.beginPath();
          if (g.attacker) {
            context.moveTo(px, py - 4.5);
            context.lineTo(px + 4, py + 3);
            context.lineTo(px - 4, py + 3);
          } else context.arc(px, py, 2.6, 0, 7);
          context.fill();
        });
      }
      context.globalAlpha = 1;
      legend.textContent = "";
      for (const g of present) {
        const item = element("span");
        const mark = element("i", g.attacker ? "triangle" : "round");
        mark.style.background = colourOf(g);
        item.appendChild(mark);
        item.appendChild(document.createTextNode(g.name));
        legend.appendChild(item);
      }
    }
    canvas.addEventListener("mousemove", (event) => {
      let best = -1, distance = 15 * 15;
      placed.forEach(([px, py], i) => {
        const d = (px - event.offsetX) ** 2 + (py - event.offsetY) ** 2;
        if (d < distance) [best, distance] = [i, d];
      });
      tip.style.display = best < 0 ? "none" : "block";
      if (best < 0) return;
      const name = data.models[model[best]];
      tip.textContent = `uid ${uid[best]}, ${groups[group[best]].name}${name ? ", " + name : ""}, owner ${owner[best]}: ` +
        `loss ${loss[best].toFixed(3)}, incentive ${incentive[best].toExponential(2)}`;
      const right = event.offsetX > area.clientWidth / 2;
      tip.style.left = right ? "" : `${event.offsetX + 12}px`;
      tip.style.right = right ? `${area.clientWidth - event.offsetX + 12}px` : "";
      tip.style.top = `${event.offsetY + 10}px`;
    });
    canvas.addEventListener("mouseleave", () => { tip.style.display = "none"; });
    return { build, area };
  }

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

  function groupTable() {
    const at = (key) => column("run_groups", key) || [];
    const twinShare = column("twin_groups", "emission_share");
    const head = [["group", "", true], ["strategy", "", true], ["model", "", true],
      ["slots", "at the end"], ["stake", "TAO, end"], ["emission", "share, whole run"]];
    if (twinShare) head.push(["in the twin", "share"]);
    head.push(["median loss", "nat, end"], ["training", "steps"], ["answered", "queries"],
      ["timed out", "queries"], ["sent", "bytes"], ["received", "bytes"]);
    const rows = groups.map((g) => {
      const i = g.index;
      const cells = [g.name + (g.attacker ? " \u25b2" : ""), at("strategy")[i], at("model")[i],
        compact(at("slots_at_end")[i]), compact(at("stake_at_end")[i]), percent(at("emission_share")[i])];
      if (twinShare) cells.push(percent(twinShare[i]));
      for (const key of ["median_loss_at_end", "training_steps", "queries_answered",
        "queries_timed_out", "bytes_up", "bytes_down"]) cells.push(compact(at(key)[i]));
      return { cells, className: g.attacker ? "attacker" : "" };
    });
    dataTable("Groups", "\u25b2 = not honest. Sums are over the whole run.", head, rows);
  }

  function agreementTable() {
    const t = table("agreement");
    if (!t) return;
    const at = (key, i) => t.columns[key].values[i];
    const rows = at("scope", 0) === undefined ? [] : t.columns.scope.values.map((scope, i) => ({
      cells: [scope, compact(at("neurons", i)), compact(at("kendall_tau", i)),
        `${compact(at("kendall_tau_low", i))} to ${compact(at("kendall_tau_high", i))}`,
        compact(at("spearman_rho", i))] }));
    dataTable("Incentive against true quality",
      "Rank agreement over honest miners at the last epoch; intervals by bootstrap over neurons.",
      [["miners", "", true], ["number"], ["Kendall's tau"], ["95 % interval"], ["Spearman's rho"]], rows);
  }

  function failureTable() {
    const t = table("faults");
    if (!t) return;
    const at = (key, i) => compact(t.columns[key].values[i]);
    dataTable("What went wrong",
      "Faults of the scenario. Hours are summed over the neurons struck.",
      [["fault", "", true], ["began", "times"], ["neurons", "struck"], ["held", "h"], ["first", "h"]],
      t.columns.fault.values.map((name, i) => ({
        cells: [name, at("began", i), at("neurons", i), at("held", i), at("first", i)] })));
  }

  function changeTable() {
    const t = table("changes");
    if (!t) return;
    const at = (key, i) => t.columns[key].values[i];
    dataTable("What was changed", "Set by the scenario's schedule while it ran.",
      [["key", "", true], ["at", "h"], ["value", ""]],
      t.columns.path.values.map((path, i) => ({
        cells: [path, compact(at("time", i)), at("value", i)] })));
  }

  /* ---- all of it */

  /* A price that never moves is none that a run asked for, unless no other does. */
  const moves = (values) => known(values) && values.some((v) => v !== values[0]);
  const burned = moves(column("run_epochs", "burn"));
  const worked = !burned || moves(column("run_epochs", "difficulty"));

  cards();
  const drawn = [
    attackers.length ? timePlot(attackPlot()) : null, timePlot(honestPlot()), scatter(), timePlot(lossPlot()),
    timePlot(pairPlot("Concentration of emission: Gini coefficient",
      "0 = all equal, 1 = one takes all. Slots of one owner count once by owner.",
      "Gini coefficient", compact, (u, low, high) => padded(0.02)(u, low, high), "gini")),
    timePlot(pairPlot("Concentration of emission: Nakamoto coefficient",
      "The fewest slots, or owners, that together take more than half.",
      "number", compact, fromZero, "nakamoto")),
    !worked ? null : timePlot(singlePlot("Price of a slot: difficulty", "Hashes that a registration by proof of work takes, on average.",
      "difficulty (hashes)", "difficulty")),
    !burned ? null : timePlot(singlePlot("Price of a slot: burn", "What a registration by burning balance costs.",
      "burn (TAO)", "burn")),
    timePlot(singlePlot("Registrations", "New neurons an epoch.", "registrations an epoch", "registrations")),
  ].filter((plot) => plot !== null);
  groupTable();
  agreementTable();
  changeTable();
  failureTable();
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
})();
