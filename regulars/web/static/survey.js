// One question on a page of the brand: <div data-survey="NAME" data-write-key="KEY"></div>. No cookie, no storage, no dependency.
(() => {
  const base = new URL(document.currentScript.src).origin;
  const make = (tag, text, parent) => { const one = document.createElement(tag); if (text) one.textContent = text; if (parent) parent.append(one); return one; };
  const id = () => (crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, "0")).join(""));

  function send(place, asked, view, properties) {
    const who = place.dataset.userId ? { userId: place.dataset.userId } : { anonymousId: place.dataset.anonymousId || "survey-" + view };
    const told = { survey_id: asked.survey_id, question: asked.question, measure: asked.measure, touch_point: place.dataset.touchPoint || asked.touch_point, scale_low: asked.scale_low, scale_high: asked.scale_high, channel: "web", ...properties };
    // No time of its own: it is sent at once, and visitors' clocks are wrong.
    const body = { type: "track", event: "Survey Answered", messageId: "survey-" + view, properties: told, ...who, writeKey: place.dataset.writeKey };
    return fetch(base + "/v1/track", { method: "POST", keepalive: true, credentials: "omit", headers: { "content-type": "application/json", authorization: "Basic " + btoa(place.dataset.writeKey + ":") }, body: JSON.stringify(body) })
      .then(answer => { if (!answer.ok) throw new Error(answer.status); });
  }
  function show(place, asked) {
    const view = id(), form = make("form", "", place), box = make("fieldset", "", form);
    form.lang = asked.language; box.style.cssText = "border:0;margin:0;padding:0";
    make("legend", asked.question, box).style.cssText = "font-weight:600;padding:0;margin:0 0 .5em";
    for (let step = asked.scale_low; step <= asked.scale_high; step++) {
      const label = make("label", "", box), radio = make("input", "", label);
      label.style.cssText = "display:inline-flex;align-items:center;gap:.35em;min-height:2.75rem;margin-right:1em";
      radio.type = "radio"; radio.name = "score"; radio.value = step; radio.required = true;
      make("span", step === asked.scale_low ? step + " " + asked.low_words : step === asked.scale_high ? step + " " + asked.high_words : String(step), label);
    }
    let words;
    if (asked.why) { const label = make("label", asked.why, form); label.style.cssText = "display:block;margin:.5em 0"; words = make("textarea", "", label); words.rows = 2; words.maxLength = 1000; words.style.cssText = "display:block;width:100%;max-width:30em;font:inherit"; }
    const button = make("button", "Send answer", form), said = make("p", "", form);
    button.style.cssText = "min-height:2.75rem;padding:0 1em;font:inherit"; said.setAttribute("role", "status");
    form.addEventListener("submit", event => {
      event.preventDefault(); button.disabled = true;
      const score = +form.elements.score.value, answer = words && words.value.trim();
      send(place, asked, view, answer ? { score, answer } : { score })
        .then(() => { place.textContent = ""; make("p", "Thank you. Your answer has arrived.", place).setAttribute("role", "status"); })
        .catch(() => { button.disabled = false; said.textContent = "Your answer did not arrive. Send it again."; });
    });
  }
  function begin() {
    document.querySelectorAll("[data-survey]").forEach(place => {
      if (place.dataset.begun || Math.random() >= +(place.dataset.share || 1)) return;
      place.dataset.begun = "1";
      fetch(base + "/surveys/" + encodeURIComponent(place.dataset.survey) + "/question", { credentials: "omit" })
        .then(answer => answer.ok ? answer.json() : Promise.reject(answer.status)).then(asked => show(place, asked))
        .catch(why => console.warn("survey " + place.dataset.survey + " is not shown: " + why));
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin); else begin();
})();
