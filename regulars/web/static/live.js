// Every htmx request carries the form token; numbers marked data-live follow the server's stream of figures in place.
(() => {
  const $$ = s => [...document.querySelectorAll(s)];
  document.addEventListener("htmx:configRequest", e => {
    const token = document.querySelector('meta[name="form-token"]')?.content;
    if (token) e.detail.headers["X-Form-Token"] = token;
  });
  document.addEventListener("htmx:responseError", e => {
    const toast = document.createElement("div"); toast.className = "toast";
    toast.textContent = `The server refused this (${e.detail.xhr.status}). Reload the page and try again.`;
    document.querySelector(".toasts").append(toast); setTimeout(() => toast.remove(), 8000);
  });

  const news = document.querySelector("[data-news-state]");                // the list of arrivals: say when it no longer hears of new ones
  if (news) {
    const paused = on => { news.hidden = !on; if (on) news.textContent ||= "Paused, as of " + new Date().toTimeString().slice(0, 5); else news.textContent = ""; };
    document.addEventListener("htmx:sendError", () => paused(true));
    document.addEventListener("htmx:afterRequest", e => { if (e.detail.xhr.status) paused(false); });
    document.addEventListener("htmx:afterSwap", e => { if (e.detail.target.id === "arrivals") document.getElementById("arrivals")?.focus(); });
  }

  const state = document.querySelector("[data-live-state]");
  if (!state) return;
  const stream = new EventSource("/home/live");
  const REDRAW_EVENTS = 20000, REDRAW_MS = 5000;
  let seen, drawn = Date.now(), wasLoading = false;
  function follow(figures) {                                               // charts and tables follow a load in steps, not in jerks
    seen ??= figures.carried;
    const moved = Math.abs(figures.carried - seen) >= REDRAW_EVENTS || (wasLoading && !figures.loading);
    if (moved && Date.now() - drawn > REDRAW_MS) { seen = figures.carried; drawn = Date.now(); wasLoading = figures.loading; htmx.trigger(document.body, "moved"); }
    wasLoading ||= figures.loading;
  }
  stream.addEventListener("figures", e => {
    const figures = JSON.parse(e.data);
    for (const place of $$("[data-live]")) {
      const text = figures[place.dataset.live];
      if (text !== undefined && place.textContent !== text) place.textContent = text;
    }
    state.hidden = !figures.state; state.textContent = figures.state || "";
    const bar = document.querySelector("[data-live-bar]");
    if (bar) { bar.hidden = !figures.loading; bar.querySelector("progress").value = figures.share; }
    follow(figures);
  });
  stream.onerror = () => { state.hidden = false; state.textContent = "Paused, as of " + new Date().toTimeString().slice(0, 5); };
  addEventListener("pagehide", () => stream.close());
})();
document.addEventListener("click", e => { if (e.target.closest("[data-print]")) print(); });
