// Saves a draft while the supplier types, adds up lines, and keeps the time left true. The page works without it.
(() => {
  const lang = document.documentElement.lang;

  const left = document.querySelector("[data-until]");
  const unit = (count, name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "long" }).format(count);
  const tick = () => {
    const minutes = Math.floor((new Date(left.dataset.until) - Date.now()) / 60000);
    if (minutes < 0 || minutes > 2880) return;
    const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
    const span = hours ? `${unit(hours, "hour")}, ${unit(rest, "minute")}` : unit(rest, "minute");
    left.textContent = left.dataset.left.replace("{span}", span);
  };
  if (left) setInterval(tick, 30000);

  const here = document.querySelector("[data-here]");
  const offset = here && new Date(here.dataset.time).getTimezoneOffset();
  if (offset) {
    const time = new Date(here.dataset.time).toLocaleString(lang, { weekday: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
    here.textContent = here.dataset.here.replace("{time}", time);
    here.hidden = false;
  }

  // Exact: four decimals as whole numbers.
  const whole = (text) => {
    const found = /^(\d{1,15})(?:\.(\d{1,4}))?$/.exec(text.trim());
    return found && BigInt(found[1] + (found[2] ?? "").padEnd(4, "0"));
  };
  const shown = (value) => {
    const digits = value.toString().padStart(9, "0");
    const decimals = digits.slice(-8).replace(/0+$/, "").padEnd(2, "0");
    return `${digits.slice(0, -8).replace(/\B(?=(\d{3})+$)/g, "\u202f")}.${decimals}`;
  };
  const add = (line) => {
    const price = whole(line.querySelector("[data-price]").value);
    const typed = line.querySelector("[data-quantity]").value.trim();
    const quantity = whole(typed || line.dataset.quantity);
    const sum = line.querySelector("[data-sum]");
    sum.hidden = !price || !quantity;
    if (!sum.hidden) sum.querySelector("b").textContent = shown(price * quantity);
  };
  document.querySelectorAll(".line").forEach(add);

  const form = document.querySelector("[data-autosave]");
  if (!form) return;
  const saved = form.querySelector("[data-saved]");
  let timer;
  let call;
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    call?.abort();
    timer = null;
  });
  const save = async () => {
    call?.abort();
    call = new AbortController();
    const body = new FormData(form);
    body.set("do", "save");
    try {
      const answer = await fetch(location.pathname, { method: "POST", body, headers: { "X-Autosave": "1" }, signal: call.signal });
      const time = new Date().toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
      const why = answer.status === 204 ? "" : (await answer.text()).slice(0, 300);
      saved.textContent = answer.status === 204 ? form.dataset.savedAt.replace("{time}", time) : `${form.dataset.notSaved} ${why}`;
    } catch (error) {
      if (error.name !== "AbortError") saved.textContent = form.dataset.notSaved;
    }
  };
  form.addEventListener("input", (event) => {
    const line = event.target.closest(".line");
    if (line) add(line);
    if (timer === null) return;
    clearTimeout(timer);
    timer = setTimeout(save, 1200);
  });
})();
