/* The page of a run: what is drawn, with draw.js. */
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

  const timePlot = (plot) => linePlot(Object.assign({ x: column("run_epochs", xKey), xLabel,
    xWord: (x) => `${timed ? "hour" : "block"} ${compact(x)}`, sync: "taosim" }, plot));

  /* ---- what is plotted */

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
  present(drawn);
