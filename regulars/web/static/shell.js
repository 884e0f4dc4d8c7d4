// Behavior of the shell: theme, navigation drawer, keyboard map, search dialog, chart/table switch, dialog of keys. No dependencies.
(() => {
  const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const root = document.documentElement, shell = $(".shell");
  const theme = localStorage.getItem("theme"); if (theme) root.dataset.theme = theme;

  function drawer(open) {
    if (!shell) return;
    shell.dataset.nav = open ? "open" : "";
    $$("[data-drawer]").forEach(b => b.setAttribute("aria-expanded", open));
    if (open) $(".nav a").focus(); else $("[data-drawer]")?.focus();
  }
  function jump() {
    const dialog = $("#jump"); if (!dialog) return;
    if (shell?.dataset.nav === "open") drawer(false);
    dialog.showModal(); $("input", dialog).select();
  }
  document.addEventListener("click", e => {
    const on = s => e.target.closest(s);
    if (on("[data-drawer]")) return drawer(shell.dataset.nav !== "open");
    if (on("[data-jump]")) return jump();
    if (shell?.dataset.nav === "open" && !on(".nav")) return drawer(false);
    if (on("[data-theme-switch]")) {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark"; localStorage.setItem("theme", root.dataset.theme);
      return document.dispatchEvent(new Event("regulars:theme"));          // charts listen and redraw with the new tokens
    }
    if (on("[data-keys]")) return $("#keys")?.showModal();
    const opener = on("[data-opens]"); if (opener) return $(`#${opener.dataset.opens}`).showModal();   // what cannot be undone is said first
    const view = on("[data-view]");
    if (view) {
      const figure = view.closest("[data-chart]");
      $$("[data-view]", figure).forEach(b => b.setAttribute("aria-pressed", b === view));
      $(".plot", figure).hidden = view.dataset.view !== "chart"; $(".as-table", figure).hidden = view.dataset.view !== "table";
    }
  });
  document.addEventListener("change", e => { if (e.target.matches("[data-submits]")) e.target.form.requestSubmit(); });

  function cursor(row) {
    $$("[data-cursor]").forEach(other => other.removeAttribute("data-cursor"));
    row.setAttribute("data-cursor", ""); $("a, button", row)?.focus(); row.scrollIntoView({ block: "nearest" });
  }
  // A search that fails says so in the place of its answer; the next letter asks again.
  const failed = e => {
    const place = e.detail.target; if (!place?.dataset.failed) return;
    const said = document.createElement("p"); said.className = "card-body note"; said.setAttribute("role", "alert"); said.textContent = place.dataset.failed;
    place.replaceChildren(said);
  };
  ["htmx:responseError", "htmx:sendError"].forEach(name => document.addEventListener(name, failed));

  let going = 0;
  document.addEventListener("keydown", e => {
    if (e.key === "Escape" && shell?.dataset.nav === "open") return drawer(false);
    const dialog = $("dialog[open]");
    if (dialog?.id === "jump" && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
      const stops = [$("input", dialog), ...$$("a", dialog)], at = stops.indexOf(document.activeElement);
      e.preventDefault(); return stops[Math.max(0, Math.min(stops.length - 1, at + (e.key === "ArrowDown" ? 1 : -1)))]?.focus();
    }
    const find = e.target.matches("[data-find]"), found = $$("#found [data-rows] > tr a");
    if (e.key === "ArrowDown" && find && found.length) { e.preventDefault(); return cursor(found[0].closest("tr")); }
    if ((e.key === "ArrowDown" || e.key === "ArrowUp") && found.includes(document.activeElement)) {
      const to = found[found.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : -1)];
      e.preventDefault(); return to ? cursor(to.closest("tr")) : e.key === "ArrowUp" && $("[data-find]")?.focus();
    }
    if (dialog || e.metaKey || e.ctrlKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) || e.target.isContentEditable) return;
    const place = going && Date.now() - going < 1200 && $(`[data-go="${CSS.escape(e.key)}"]`);
    if (place) { location.href = place.href; return; }
    going = e.key === "g" ? Date.now() : 0;
    if (e.key === "/") { e.preventDefault(); const here = $("[data-find]"); here ? here.focus() : jump(); }
    if (e.key === "?") $("#keys")?.showModal();
    const pressed = $(`[data-press="${CSS.escape(e.key)}"]`); if (pressed) { e.preventDefault(); return pressed.click(); }   // a verdict by its letter
    if (e.key === "j" || e.key === "k") {                                  // move the row cursor; enter follows the row's link
      const rows = $$("[data-rows] > tr"), at = rows.findIndex(r => r.hasAttribute("data-cursor"));
      const to = rows[Math.max(0, Math.min(rows.length - 1, at + (e.key === "j" ? 1 : -1)))];
      if (to) cursor(to);
    }
  });
})();
// A card on the counter is nobody's to read: it clears itself when nobody has touched the screen for a while.
(() => {
  const card = document.querySelector("[data-clear]"); if (!card) return;
  let timer; const again = () => { clearTimeout(timer); timer = setTimeout(() => location.replace("/moment"), card.dataset.clear * 1000); };
  ["pointerdown", "keydown", "scroll"].forEach(name => addEventListener(name, again, { passive: true })); again();
})();
