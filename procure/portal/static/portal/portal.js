// Saves a draft while the supplier types. The form works without it.
(() => {
  const form = document.querySelector("[data-autosave]");
  if (!form || !window.fetch) return;
  const saved = form.querySelector("[data-saved]");
  let timer;
  let leaving = false;
  form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); });
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (leaving) return;
      const body = new FormData(form);
      body.set("do", "save");
      try {
        const answer = await fetch(location.pathname, { method: "POST", body, headers: { "X-Autosave": "1" } });
        if (answer.status === 204) saved.textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) + " ✓";
      } catch { /* the button still saves */ }
    }, 1500);
  });
})();
