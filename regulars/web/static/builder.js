// The segment builder: a rule as nested groups of native controls, counted while it is edited. The address holds the draft.
(() => {
  const form = document.querySelector("[data-builder]"); if (!form) return;
  const known = JSON.parse(document.getElementById("builder-known").textContent);
  const $ = (s, r = document) => r.querySelector(s), make = (tag, given = {}, ...inside) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) name in node && name !== "form" ? node[name] = value : node.setAttribute(name, value);
    node.append(...inside); return node;
  };
  const WAIT_MS = 60, AGAIN_MS = 1000, NOT_YET = "RG-1472";
  const SIGNS = [[">=", "at least"], ["<=", "at most"], [">", "more than"], ["<", "less than"], ["=", "exactly"]];
  const JOINTS = [["all", "All of"], ["any", "Any of"], ["none", "None of"]];
  const traits = new Map(known.traits.map(one => [one.name, one])), events = new Map(known.events.map(one => [one.name, one.title]));
  const columns = new Map(known.columns.map(one => [one.name, one])), scores = new Map(known.scores.map(one => [one.name, one]));
  const isGroup = part => "of" in part;
  let rule = isGroup(known.rule) ? known.rule : { kind: "all", of: [known.rule] };
  let number = 0, waiting = 0, running = null, wanted = null;
  const UNDO_LIMIT = 100, before = [];                                      // texts of earlier rules, the latest last
  const text = () => JSON.stringify(clean(rule));
  let stands = "";

  const option = ([value, text], chosen) => make("option", { value, selected: value === chosen }, text);
  const select = (label, options, chosen, change, wide = "") => {
    const node = make("select", { className: "input", "aria-label": label, style: wide }, ...options.map(one => option(one, chosen)));
    node.addEventListener("change", () => { change(node.value); edited(); }); return node;
  };
  const input = (label, value, change, given = {}) => {
    const node = make("input", { className: "input num", autocomplete: "off", value: value ?? "", "aria-label": label, ...given });
    node.addEventListener("input", () => { change(node.value); edited(); }); return node;
  };
  const button = (label, text, act, given = {}) => {
    const node = make("button", { type: "button", className: "btn quiet small", ...given }, text);
    if (label) node.setAttribute("aria-label", label);
    node.addEventListener("click", act); return node;
  };
  const day = number => new Date(number * 864e5).toISOString().slice(0, 10);
  const shown = (value, unit) => typeof value !== "number" ? value ?? "" : unit === "cents" ? String(value / 100) : unit === "share" ? String(Math.round(value * 1e8) / 1e6) : unit === "date" ? day(value) : String(value);
  function typed(text, unit, kind) {                                       // as typed: money in whole units, shares in percent
    if (kind === "text") return text;
    if (unit === "date") return text ? Math.round(Date.parse(text) / 864e5) : null;
    const digits = text.replace(/[^\d.,-]/g, "").replace(/,/g, "");
    if (!/^-?\d*\.?\d*$/.test(digits) || !/\d/.test(digits)) return null;
    const value = Number(digits);
    return unit === "cents" ? Math.round(value * 100) : unit === "share" ? Math.round(value * 1e6) / 1e8 : value;
  }
  const unitOf = unit => unit === "cents" ? known.currency : unit === "share" ? "%" : unit === "days" ? "days" : "";

  const subjects = part => {                                              // what a rule is about: one list of all that can be asked
    const group = (label, options) => make("optgroup", { label }, ...options.map(([value, text]) => option([value, text], subject(part))));
    const node = make("select", { className: "input", "aria-label": `What rule ${number} is about`, style: "max-width:17rem" },
      group("They have", [...traits.values()].map(one => [`trait ${one.name}`, one.title])),
      group("They did", [...events].map(([name, title]) => [`did ${name}`, title])),
      group("They did, and then", [...events].map(([name, title]) => [`sequence ${name}`, `${title}, and then …`])),
      group("They last", [...events].map(([name, title]) => [`last ${name}`, `last ${title}`])),
      group("They are in", known.segments.map(one => [`segment ${one.name}`, one.title])),
      group("We may, or may not", offered(known.consents, part, "consent").map(one => [`consent ${one.channel} ${one.purpose}`, one.title])),
      group("We know them by", known.identities.map(([type, title]) => [`identity ${type}`, `number of ${title}`])),
      group("They stand in", known.stages.map(([name, title]) => [`stage ${name}`, `stage ${title}`])),
      group("Their score", known.scores.flatMap(one => [[`score ${one.name}`, one.title], [`grade ${one.name}`, `${one.title}, grade`]])));
    node.addEventListener("change", () => {
      const at = node.value.indexOf(" "), kind = node.value.slice(0, at), name = node.value.slice(at + 1), fresh = blank(kind, name);
      for (const key of Object.keys(part)) delete part[key];
      Object.assign(part, fresh);
      // The list itself stays: whoever types a name into it goes on typing.
      while (node.nextSibling && !node.nextSibling.classList?.contains("size")) node.nextSibling.remove();
      node.after(...controls[part.kind](part, node.closest(".rule").dataset.leaf)); edited();
    });
    return node;
  };
  const subject = part => part.kind === "consent" ? `consent ${part.channel} ${part.purpose ?? "marketing"}` : `${part.kind} ${part.trait ?? part.event ?? part.segment ?? part.type ?? part.stage ?? part.score}`;
  // A purpose that nobody declared and nobody decided about stands in a rule all the same.
  const offered = (consents, part, kind) => part.kind !== kind || consents.some(one => one.channel === part.channel && one.purpose === (part.purpose ?? "marketing")) ? consents : [...consents, { channel: part.channel, purpose: part.purpose ?? "marketing", title: `${part.channel} for ${part.purpose ?? "marketing"}` }];
  function blank(kind, name) {
    if (kind === "trait") return { kind, trait: name, is: traits.get(name).kind === "text" ? "=" : ">=", value: traits.get(name).kind === "text" ? "" : traits.get(name).unit === "date" ? 20000 : 1 };
    if (kind === "did") return { kind, event: name, where: [], is: ">=", value: 1, days: 90 };
    if (kind === "consent") return { kind, channel: name.split(" ", 1)[0], purpose: name.slice(name.indexOf(" ") + 1), said: "yes" };
    if (kind === "sequence") return { kind, event: name, where: [], then: "Order Completed", then_where: [], within: 7, followed: false, days: 90 };
    if (kind === "identity") return { kind, type: name, is: ">=", value: 1 };
    if (kind === "stage") return { kind, stage: name };
    if (kind === "score") return { kind, score: name, is: ">=", value: scores.get(name).unit === "share" ? 0.5 : 1 };
    if (kind === "grade") return { kind, score: name, grade: scores.get(name).grades.at(-1) };
    return kind === "last" ? { kind, event: name, where: [], is: ">", days: 30 } : { kind, segment: name };
  }

  const controls = {
    trait(part, n) {
      const trait = traits.get(part.trait), isText = trait.kind === "text", set = value => { part.value = value; };
      const sign = select(`Comparison of rule ${n}`, isText ? [["=", "is"]] : SIGNS, part.is, value => { part.is = value; });
      if (part.than) return [sign, select(`Other trait of rule ${n}`, known.traits.map(one => [one.name, one.title]), part.than, value => { part.than = value; }, "max-width:14rem")];
      const field = input(`Value of rule ${n}`, shown(part.value, trait.unit), text => set(typed(text, trait.unit, trait.kind)), isText ? { style: "width:11rem;text-align:left" } : trait.unit === "date" ? { type: "date", style: "width:9rem" } : { inputMode: "decimal", style: "width:6rem" });
      return [sign, field, unitOf(trait.unit)];
    },
    did(part, n) {
      const amount = part.measure ? "cents" : "";
      return [...where(part, n),
        select(`How often of rule ${n}`, SIGNS, part.is ?? ">=", value => { part.is = value; }),
        input(`Number of rule ${n}`, shown(part.value ?? 1, part.measure?.endsWith("_cents") ? amount : ""), text => { part.value = typed(text, part.measure?.endsWith("_cents") ? "cents" : "", "whole"); }, { inputMode: "decimal" }),
        select(`Of what in rule ${n}`, [["", "times"], ...known.measures.map(one => [one.name, `total ${one.title}`])], part.measure ?? "", value => { value ? part.measure = value : delete part.measure; draw(part); }),
        "in", input(`Days of rule ${n}, empty for ever`, part.days ?? "", text => { const days = typed(text, "", "whole"); days ? part.days = days : delete part.days; }, { inputMode: "numeric", placeholder: "all" }), "days"];
    },
    last(part, n) {
      return [...where(part, n), select(`How long ago of rule ${n}`, SIGNS, part.is ?? ">", value => { part.is = value; }),
        input(`Days of rule ${n}`, part.days, text => { part.days = typed(text, "", "whole"); }, { inputMode: "numeric" }), "days ago"];
    },
    sequence(part, n) {
      return [...where(part, n), "and then, within",
        input(`Days between in rule ${n}`, part.within, text => { part.within = typed(text, "", "whole"); }, { inputMode: "numeric" }), "days",
        select(`Whether it followed in rule ${n}`, [["yes", "they"], ["no", "never"]], (part.followed ?? true) ? "yes" : "no", value => { part.followed = value === "yes"; }),
        select(`What followed in rule ${n}`, [...events], part.then, value => { part.then = value; }, "max-width:14rem"),
        ...where(part, n, "then_where", "the second of "), "in the last",
        input(`Days of rule ${n}`, part.days ?? 90, text => { part.days = typed(text, "", "whole"); }, { inputMode: "numeric" }), "days"];
    },
    segment: () => [],
    stage: () => [],
    consent: (part, n) => [select(`Answer of rule ${n}`, known.answers, part.said ?? "yes", value => { part.said = value; })],
    identity: (part, n) => [select(`Comparison of rule ${n}`, SIGNS, part.is ?? ">=", value => { part.is = value; }),
      input(`Value of rule ${n}`, part.value ?? 1, text => { part.value = typed(text, "", "whole"); }, { inputMode: "numeric" })],
    score(part, n) {
      const { unit } = scores.get(part.score);
      return [select(`Comparison of rule ${n}`, SIGNS, part.is ?? ">=", value => { part.is = value; }),
        input(`Value of rule ${n}`, shown(part.value, unit), text => { part.value = typed(text, unit, "whole"); }, { inputMode: "decimal", style: "width:6rem" }), unitOf(unit)];
    },
    grade: (part, n) => [select(`Grade of rule ${n}`, scores.get(part.score).grades.map(one => [one, one]), part.grade, value => { part.grade = value; })],
  };
  function where(part, n, field = "where", of = "") {                      // the label says of which of two events
    const conditions = (part[field] ??= []).flatMap((one, at) => {
      const column = columns.get(one.column), isText = column.kind === "text";
      return [at ? "and" : "where",
        select(`Column ${at + 1} of ${of}rule ${n}`, known.columns.map(each => [each.name, each.title]), one.column, value => { one.column = value; one.is = "="; one.value = columns.get(value).kind === "text" ? "" : 0; draw(part); }),
        select(`Comparison ${at + 1} of ${of}rule ${n}`, isText ? [["=", "is"]] : SIGNS, one.is ?? "=", value => { one.is = value; }),
        input(`Value ${at + 1} of ${of}rule ${n}`, shown(one.value, column.unit), text => { one.value = typed(text, column.unit, column.kind); }, isText ? { style: "width:9rem;text-align:left" } : { inputMode: "decimal" }),
        button(`Remove condition ${at + 1} of ${of}rule ${n}`, "×", () => { part[field].splice(at, 1); draw(part); edited(); }, { className: "btn quiet small square" })];
    });
    const more = part[field].length < 5 ? [button(`Narrow ${of}rule ${n}`, "+ where", () => { part[field].push({ column: "category", is: "=", value: "" }); draw(part); edited(); })] : [];
    return [...conditions, ...more];
  }

  function leaf(part, parent) {
    const n = ++number, row = make("div", { className: "rule", role: "group", "aria-label": `Rule ${n}` });
    row.dataset.leaf = n; row.holds = part;
    row.append(subjects(part), ...controls[part.kind](part, n), make("span", { className: "size", title: "People for whom this rule alone holds" }),
      button(`Remove rule ${n}`, "×", () => remove(parent, part), { className: "btn quiet small square" }));
    row.addEventListener("keydown", e => {
      if (!e.ctrlKey || !["ArrowUp", "ArrowDown"].includes(e.key)) return;
      e.preventDefault(); move(parent, part, e.key === "ArrowUp" ? -1 : 1);
    });
    return row;
  }
  function group(part, parent, depth) {
    const box = make("fieldset", { className: "group" }); box.holds = part;
    const head = make("div", { className: "group-head" }, select("Match", JOINTS, part.kind, value => { part.kind = value; }, "width:auto"), make("span", { className: "note" }, "these"));
    if (parent) head.append(button("Remove group", "×", () => remove(parent, part), { className: "btn quiet small square push" }));
    const more = make("div", { className: "line" }, button("", "+ Rule", () => add(part, blank("trait", "orders"))));
    if (depth < known.depth) more.append(button("", "+ Group", () => add(part, { kind: "any", of: [blank("trait", "orders")] })));
    box.append(make("legend", { className: "sr" }, "Group of rules"), head, ...part.of.map(one => isGroup(one) ? group(one, part, depth + 1) : leaf(one, part)), more);
    return box;
  }
  const find = part => [...document.querySelectorAll("#rules .rule, #rules .group")].find(node => node.holds === part);
  function draw(part) {                                                    // everything anew; whoever had the focus keeps it
    const label = document.activeElement?.getAttribute("aria-label"), inside = part && document.activeElement?.closest(".rule")?.holds;
    number = 0; $("#rules").replaceChildren(group(rule, null, 1));
    const row = part && find(part); if (!row) return;
    const again = inside === part && label ? [...row.querySelectorAll("[aria-label]")].find(node => node.getAttribute("aria-label") === label) : null;
    (again ?? row.querySelector("select, input"))?.focus();
  }
  function add(parent, part) { parent.of.push(part); draw(part); edited(); }
  function remove(parent, part) {
    const at = parent.of.indexOf(part); parent.of.splice(at, 1);
    if (!parent.of.length) parent.of.push(blank("trait", "orders"));
    draw(parent.of[Math.min(at, parent.of.length - 1)]); edited();
  }
  function move(parent, part, by) {
    const at = parent.of.indexOf(part), to = at + by;
    if (to < 0 || to >= parent.of.length) return;
    parent.of.splice(at, 1); parent.of.splice(to, 0, part); draw(part); edited();
  }

  const clean = part => isGroup(part) ? { kind: part.kind, of: part.of.map(clean) } : Object.fromEntries(Object.entries(part).filter(([key, value]) => value !== undefined && !(["where", "then_where"].includes(key) && !value.length)));
  const whole = amount => new Intl.NumberFormat("en-US").format(amount);
  const money = cents => new Intl.NumberFormat("en-US", { style: "currency", currency: known.currency, maximumFractionDigits: 0 }).format(cents / 100);
  function edited() {
    const now = text();
    if (now !== stands) { before.push(stands); before.splice(0, before.length - UNDO_LIMIT); stands = now; $("#undo").disabled = false; }
    wanted = performance.now(); $("#count").setAttribute("aria-busy", "true");
    clearTimeout(waiting); waiting = setTimeout(count, WAIT_MS);
  }
  function undo() {
    if (!before.length) return;
    stands = before.pop(); rule = JSON.parse(stands); draw(null); edited();
    const control = before.length ? $("#undo") : $("#rules select"); $("#undo").disabled = !before.length; control.focus();
  }
  $("#undo").addEventListener("click", undo);
  $("#rules").addEventListener("keydown", e => {                            // within a text the browser undoes letters
    if (e.key === "z" && (e.ctrlKey || e.metaKey) && e.target.tagName !== "INPUT") { e.preventDefault(); undo(); }
  });
  async function count() {
    const told = clean(rule), began = wanted, text = JSON.stringify(told);
    $("#rule-field").value = text;
    history.replaceState(null, "", "?" + new URLSearchParams({ rule: text, title: $("#title").value }));
    running?.abort(); running = new AbortController();
    let answer, said;
    try {
      answer = await fetch("/api/segments/draft", { method: "POST", signal: running.signal, body: JSON.stringify({ rule: told }), headers: { "content-type": "application/json", "x-form-token": document.querySelector('meta[name="form-token"]').content } });
      said = await answer.json();
    } catch (fault) { if (fault.name !== "AbortError") refuse("The server does not answer", "Look whether it runs, then change anything to count again"); return; }
    if (said.code === NOT_YET) return later(said.what);
    if (!answer.ok) return refuse(said.what, said.fix);
    accuse(null); $("#refused").hidden = true; $("#save").disabled = false; $("#count").setAttribute("aria-busy", "false");
    $("#people").textContent = whole(said.people); $("#sentence").textContent = `Everybody ${said.sentence}.`;
    const share = said.known ? (100 * said.people / said.known).toFixed(1) : "0.0";
    $("#base").textContent = `${share}% of ${whole(said.known)} known customers, exact, ${Math.round(said.took_ms)} ms`;
    $("#as-of").textContent = `As of ${new Date(said.read_at).toLocaleTimeString("en-GB")}`;
    $("#spend").textContent = money(said.spend_cents);
    $("#each").textContent = said.people ? `${money(said.spend_cents / said.people)} each; everybody: ${said.known ? money(said.base_cents / said.known) : "not known"}` : "";
    document.querySelectorAll("#rules [data-leaf]").forEach((row, at) => { $(".size", row).textContent = said.parts[at] === undefined ? "" : whole(said.parts[at]); });
    const line = (link, text, people) => make("div", {}, make("dt", {}, make("a", { href: link }, text)), make("dd", { className: "line", style: "flex-wrap:nowrap" }, meter(people / said.people), make("span", { style: "min-width:3.5rem;text-align:right" }, `${Math.round(100 * people / said.people)}%`)));
    const meter = share => { const bar = make("i"); bar.style.setProperty("--v", `${(100 * share).toFixed(1)}%`); return make("span", { className: "meter", style: "flex:1" }, bar); };
    $("#overlap").replaceChildren(...(said.overlap.length ? said.overlap.map(one => line(`/segments/${one.name}`, one.title, one.people)) : [make("div", {}, make("dt", {}, "In no other segment"), make("dd", {}, ""))]));
    $("#sample").replaceChildren(...said.sample.map(one => make("tr", {}, make("td", {}, make("a", { href: `/customers/${one.customer}` }, one.name)), make("td", { className: "n" }, one.spend_cents === null ? "" : money(one.spend_cents)), make("td", { className: "n" }, one.orders === null ? "" : whole(one.orders)))));
    $("#nobody").hidden = said.sample.length > 0;
    form.dataset.shownMs = (performance.now() - began).toFixed(1); form.dataset.shown = text;
  }
  function later(what) {                                                   // a large brand, just started: it counts as soon as it can
    $("#refused").hidden = true; $("#save").disabled = false; $("#people").textContent = "–"; $("#base").textContent = `${what}. The count follows by itself.`;
    clearTimeout(waiting); waiting = setTimeout(count, AGAIN_MS);
  }
  function accuse(part, said = "") {                                       // the fault stands at the rule that has it
    document.querySelectorAll("#rules .fault").forEach(node => node.remove());
    document.querySelectorAll("#rules [aria-invalid]").forEach(node => { node.removeAttribute("aria-invalid"); node.removeAttribute("aria-describedby"); });
    const row = part && find(part); if (!row) return;
    row.append(make("p", { className: "fault error", id: "fault", style: "flex-basis:100%;margin:0" }, said));
    row.querySelectorAll("input, select").forEach(node => { node.setAttribute("aria-invalid", "true"); node.setAttribute("aria-describedby", "fault"); });
  }
  function refuse(what, fix) {
    const path = /at \$((?:\.of\[\d+\])*)/.exec(what), steps = [...(path?.[1] ?? "").matchAll(/\d+/g)];
    const part = path && steps.reduce((at, [step]) => at?.of?.[step], rule), at = part && !isGroup(part) ? find(part)?.dataset.leaf : null;
    const said = `${what.replace(/^The rule cannot be (?:run|read) at \$[^:]*: /, "")}. ${fix}.`;
    accuse(at ? part : null, said);
    $("#refused").hidden = false; $("#refused").textContent = at ? `Rule ${at}: ${said}` : said; $("#save").disabled = true;
    $("#people").textContent = "–"; $("#count").setAttribute("aria-busy", "false");
  }
  $("#title").addEventListener("input", edited);
  stands = text(); draw(null); edited();
})();
