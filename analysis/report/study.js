/* The page of a study: what is drawn, with draw.js. */
  const study = data.study;
  const most = { lines: 7, plots: 12, rows: 200 };
  const points = table("points") ? table("points").rows : 0;
  /* As many of a path's last words, two at least, as tell it from the others. */
  const shortOf = (label) => {
    const words = label.split(".");
    const end = (path, count) => path.split(".").slice(-count).join(".");
    let count = 2;
    while (count < words.length && study.parameters.some((other) => other.label !== label &&
      end(other.label, count) === end(label, count))) count++;
    return end(label, count);
  };
  const parameters = study.parameters.map((parameter, i) => Object.assign({
    values: column("points", `parameter${i}`), short: shortOf(parameter.label) }, parameter));
  const metrics = study.metrics.map((metric, i) => Object.assign({ index: i,
    mean: column("points", `metric${i}_mean`), low: column("points", `metric${i}_low`),
    high: column("points", `metric${i}_high`) }, metric));
  const units = (of) => (of.units && of.units !== "1" ? ` (${of.units})` : "");
  const distinct = (values) => values.filter((value, i) => values.indexOf(value) === i);
  const word = (value) => (typeof value === "number" ? compact(value) : String(value));

  /* ---- designs of given values: a line for each combination of the other parameters */

  /* Equal ratios rather than equal steps, over more than a factor of four. */
  function isLogarithmic(values) {
    if (values.length < 3 || values[0] <= 0 || values[values.length - 1] / values[0] < 4) return false;
    const steps = values.slice(1).map((value, i) => value / values[i]);
    return Math.max(...steps) / Math.min(...steps) < 1.5;
  }

  function horizontal() {
    const count = (parameter) => distinct(parameter.values).length;
    const numbers = parameters.filter((parameter) => parameter.is_number);
    const among = numbers.length ? numbers : parameters;
    return among.reduce((best, one) => (count(one) > count(best) ? one : best), among[0]);
  }

  function splitBy(others) {
    const parts = new Map();
    for (let p = 0; p < points; p++) {
      const name = others.map((other) => `${other.short} ${word(other.values[p])}`).join(", ");
      if (!parts.has(name)) parts.set(name, []);
      parts.get(name).push(p);
    }
    return parts;
  }

  function bandPlot(metric) {
    const across = horizontal();
    const others = study.design === "zip" ? [] : parameters.filter((one) => one !== across);
    const parts = [...splitBy(others)], shown = parts.slice(0, most.lines);
    const levels = distinct(across.values);
    if (across.is_number) levels.sort((a, b) => a - b);
    const x = across.is_number ? levels : levels.map((_, i) => i);
    const lines = [], bands = [];
    shown.forEach(([name, members], i) => {
      const colour = () => scheme().groups[i % scheme().groups.length];
      const at = (values) => levels.map((level) => {
        const p = members.find((member) => across.values[member] === level);
        return p === undefined || !values ? null : values[p];
      });
      const called = name || "mean";
      lines.push({ name: called, label: shown.length > 1 ? called : "", values: at(metric.mean), colour,
        spans: true });
      lines.push({ name: `${called} high`, values: at(metric.high), colour, hidden: true, spans: true });
      lines.push({ name: `${called} low`, values: at(metric.low), colour, hidden: true, spans: true });
      bands.push([`${called} high`, `${called} low`]);
    });
    const xLog = across.is_number && isLogarithmic(levels);
    const xWord = (value) => `${across.short} ${across.is_number ? compact(value) : levels[value]}`;
    /* A logarithmic axis would leave out what is no power of ten. */
    const ticks = { splits: () => x, filter: (u, at) => at, values: (u, at) => at.map((value) =>
      (across.is_number ? short(compact(value)) : levels[value])) };
    return { title: metric.label, lines, bands, x, xLog, xWord, print: compact,
      xLabel: across.label + units(across), yLabel: metric.label.slice(0, 34) + units(metric),
      xTicks: x.length <= 12 ? ticks : undefined, yRange: padded(0),
      note: (study.replicates > 1 ? `Mean of up to ${study.replicates} runs, with its 95 % interval.`
        : "One run a point.") + (parts.length > shown.length
        ? ` ${shown.length} of ${parts.length} combinations of the other parameters; all are in the table.` : "") };
  }

  /* ---- designs that sample: a dot a point, against each parameter */

  function dotPlot(metric, parameter) {
    const order = parameter.values.map((_, p) => p).filter((p) => metric.mean[p] !== null)
      .sort((a, b) => parameter.values[a] - parameter.values[b]);
    if (order.length === 0) return null;
    const lowest = Math.min(...parameter.values), highest = Math.max(...parameter.values);
    const xLog = lowest > 0 && highest / lowest > 100;
    return { title: `${metric.label} against ${parameter.short}`, x: order.map((p) => parameter.values[p]), xLog,
      lines: [{ name: metric.label, values: order.map((p) => metric.mean[p]), dots: true,
        colour: () => scheme().honest }],
      xWord: (value) => `${parameter.short} ${compact(value)}`, print: compact, yRange: padded(0),
      xLabel: parameter.label + units(parameter), yLabel: metric.label.slice(0, 34) + units(metric),
      note: `A dot a point${study.replicates > 1 ? ": the mean of its runs" : ""}; all other parameters vary too.` };
  }

  /* ---- tables */

  const between = (low, high) => (low === null ? "\u2013" : `${compact(low)} to ${compact(high)}`);

  function indexTable() {
    const t = table("indices");
    if (!t) return;
    const at = (key, i) => t.columns[key].values[i];
    dataTable("Which parameters it depends on", study.design === "saltelli"
      ? "first: the share of the variance that the parameter explains by itself; total: with all that it does together with others (Saltelli et al. 2010)."
      : "Elementary effects in units of the parameter's whole range (Morris 1991): mu their mean, mu_star the mean of their size, sigma how much they depend on the rest.",
    [["metric", "", true], ["parameter", "", true], ["index", "", true], ["estimate"],
      ["95 % interval", "bootstrap"]],
    t.columns.metric.values.map((metric, i) => ({ cells: [metric, at("parameter", i), at("kind", i),
      compact(at("estimate", i)), between(at("low", i), at("high", i))] })));
  }

  function pointTable() {
    const head = [["point"]].concat(
      parameters.map((parameter) => [parameter.short, parameter.units === "1" ? "" : parameter.units, !parameter.is_number]),
      [["runs", `of ${study.replicates}`]]);
    for (const metric of metrics) {
      head.push([metric.label, study.replicates > 1 ? "mean" : ""]);
      if (study.replicates > 1) head.push(["95 % interval"]);
    }
    const rows = [];
    for (let p = 0; p < Math.min(points, most.rows); p++) {
      const cells = [String(column("points", "point")[p])].concat(
        parameters.map((parameter) => word(parameter.values[p])), [String(column("points", "runs")[p])]);
      for (const metric of metrics) {
        cells.push(compact(metric.mean[p]));
        if (study.replicates > 1) cells.push(between(metric.low[p], metric.high[p]));
      }
      rows.push({ cells });
    }
    dataTable("Points", points > most.rows ? `The first ${most.rows} of ${points}; the others are in the file.`
      : "Every point of the plan.", head, rows);
  }

  /* ---- all of it */

  const sampled = study.design !== "grid" && study.design !== "zip";
  const wanted = [];
  for (const metric of metrics) {
    if (parameters.length === 0) continue;
    if (!sampled) wanted.push(bandPlot(metric));
    else for (const parameter of parameters.filter((one) => one.is_number))
      wanted.push(dotPlot(metric, parameter));
  }
  const drawn = wanted.filter((plot) => plot !== null).slice(0, most.plots).map(linePlot)
    .filter((plot) => plot !== null);
  indexTable();
  pointTable();
  present(drawn);
